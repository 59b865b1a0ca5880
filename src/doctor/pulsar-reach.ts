import type { Socket } from 'node:net';
import type { PulsarSettings, SourceDefinition } from '../config';
import { isConnectorError } from '../errors';
import { type ClientConnection, clientConnection } from '../pulsar/client-connection';
import { createTransport } from '../pulsar/create-transport';
import { type HttpAnswer, httpErrorKind, ProtocolError, PulsarClient, topicPath } from '../pulsar/protocol';
import { connectorError } from '../pulsar/protocol-errors';
import type { Transport } from '../pulsar/transport';
import { jsonFields } from '../util/json-fields';
import type { DoctorParts } from './parts';

/** Milliseconds that closing may take; nothing is in flight. */
const CLOSE_MS = 2000;

/** A topic as its cluster shows it. */
export interface FoundTopic {
  readonly exists: boolean;
  /** 0: not partitioned. */
  readonly partitions: number;
}

/** The cluster of a configuration, asked in ways that change nothing. */
export class PulsarReach {
  readonly settings: PulsarSettings;
  readonly #parts: DoctorParts;
  readonly #connection: ClientConnection;
  readonly #namespaces = new Map<string, Promise<readonly string[]>>();
  #client: PulsarClient | undefined;

  constructor(settings: PulsarSettings, parts: DoctorParts) {
    this.settings = settings;
    this.#parts = parts;
    this.#connection = clientConnection(settings, { ...parts, connect: this.#connect });
  }

  /** Whether it is a cluster at all. */
  get isThere(): boolean {
    return !/^(memory|stdout):/.test(this.settings.serviceUrl);
  }

  /** Whether the binary protocol is spoken: it shows topics without an adminUrl. */
  get isBinary(): boolean {
    return /^(pulsar|http)/.test(this.settings.serviceUrl);
  }

  get admin(): boolean {
    return this.settings.adminUrl !== undefined;
  }

  /** Full names of the topics of `tenant/namespace`, each partition by itself. @throws ConnectorError */
  topics(namespace: string): Promise<readonly string[]> {
    const known = this.#namespaces.get(namespace) ?? this.#list(namespace);
    this.#namespaces.set(namespace, known);
    return known;
  }

  /**
   * @param topic full name
   * @throws ConnectorError PULSAR_AUTHORIZATION where it may not be looked at, and whatever stands in the way
   */
  async find(topic: string): Promise<FoundTopic> {
    const [, namespace = ''] = /^[^:]+:\/\/([^/]+\/[^/]+)\//.exec(topic) ?? [];
    if (this.isBinary) {
      try {
        return foundAmong(await this.topics(namespace), topic);
      } catch (error) {
        if (!this.admin || !isConnectorError(error, 'PULSAR_AUTHORIZATION')) {
          throw error;
        }
      }
    }
    const { partitions } = (await this.ask(topic, '/partitions?checkAllowAutoCreation=false')) ?? {};
    if (typeof partitions === 'number' && partitions > 0) {
      return { exists: true, partitions };
    }
    return { exists: (await this.ask(topic, '/stats')) !== undefined, partitions: 0 };
  }

  /** What the REST API says of a topic; undefined when it knows none. @throws ConnectorError */
  async ask(topic: string, path: string): Promise<{ readonly [name: string]: unknown } | undefined> {
    return jsonFields((await this.#send('GET', `/admin/v2/${topicPath(topic)}${path}`)) ?? '');
  }

  /** What it says of a schema; undefined when there is no such topic, or it has none. @throws ConnectorError */
  async compatibility(
    topic: string,
    schema: { readonly type: string; readonly definition: string },
  ): Promise<{ readonly [name: string]: unknown } | undefined> {
    const path = `/admin/v2/schemas/${topicPath(topic).replace(/^[^/]+\//, '')}/compatibility`;
    const body = JSON.stringify({ type: schema.type, schema: schema.definition, properties: {} });
    return jsonFields((await this.#send('POST', path, body)) ?? '');
  }

  /** One as the connector would make it; whoever asked closes it. @throws ConnectorError */
  transport(producer: SourceDefinition['producer']): Transport {
    return createTransport(this.settings, producer, { ...this.#parts, connect: this.#connect });
  }

  /** One request with our credentials. @throws ProtocolError */
  get http(): ClientConnection['http'] {
    return this.#connection.http;
  }

  async close(): Promise<void> {
    await this.#client?.close(CLOSE_MS);
  }

  readonly #connect = (host: string, port: number): Socket => this.#parts.network.connect(host, port);

  async #list(namespace: string): Promise<readonly string[]> {
    try {
      this.#client ??= this.#makeClient();
      return await this.#client.topics(namespace);
    } catch (error) {
      throw connectorError(error);
    }
  }

  async #send(method: string, path: string, content?: string): Promise<string | undefined> {
    const url = new URL(`${this.settings.adminUrl?.replace(/\/+$/, '')}${path}`);
    const json = { 'content-type': 'application/json' };
    try {
      const answer: HttpAnswer = await this.http({
        url,
        method,
        ...(content === undefined ? {} : { body: content, headers: json }),
      });
      const { status, body } = answer;
      if (status === 404) {
        return undefined;
      }
      if (status < 200 || status > 299) {
        throw new ProtocolError(httpErrorKind(status), `${method} ${url.pathname}: HTTP status ${status}`);
      }
      return body;
    } catch (error) {
      throw connectorError(error);
    }
  }

  #makeClient(): PulsarClient {
    const { random } = this.#parts;
    return new PulsarClient({
      ...this.#connection,
      random,
      pending: { messages: 1, bytes: 1 },
      producer: { lingerMs: 1, sendTimeout: 0, compression: 'NONE', batch: { maxMessages: 1, maxBytes: 1 } },
      partitioning: { hashingScheme: 'Murmur3_32Hash', switchMs: 0, updateIntervalMs: 0 },
    });
  }
}

/** @param topics each partition by itself */
export function foundAmong(topics: readonly string[], topic: string): FoundTopic {
  const partitions = topics.filter(
    (name) =>
      name.startsWith(`${topic}-partition-`) && /^\d+$/.test(name.slice(`${topic}-partition-`.length)),
  ).length;
  return { exists: partitions > 0 || topics.includes(topic), partitions };
}
