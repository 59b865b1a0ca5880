import { ConnectorError } from '../errors';
import { type Clock, sleep } from '../util/clock';
import type { HttpRequest } from './http-client';
import { fullTopicName, type HttpAnswer, httpErrorKind, ProtocolError, topicPath } from './protocol';
import { connectorError } from './protocol-errors';

/** Milliseconds between two looks whether a policy has come into force. */
const LOOK_MS = 200;

export interface DeduplicationPolicyParts {
  /** `http[s]://host:port` of the REST API. */
  readonly adminUrl: string;
  readonly clock: Clock;
  /** Milliseconds until a policy that was set must be in force. */
  readonly timeout: number;
  /** One request, with what proves who we are. @throws ProtocolError */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Makes a topic that does not exist yet, in the way its namespace wants topics made. */
  create(topic: string): Promise<void>;
}

/**
 * Asks a cluster by its REST API which topics deduplicate, and makes them. The binary protocol does not tell, except by
 * what a broker remembers. Source: `PersistentTopics.getDeduplication` and `setDeduplication`; seen on 4.0.8.
 */
export class DeduplicationPolicy {
  readonly #parts: DeduplicationPolicyParts;
  /** By topic; a failed look is not kept. */
  readonly #looks = new Map<string, Promise<void>>();

  constructor(parts: DeduplicationPolicyParts) {
    this.#parts = parts;
  }

  /**
   * Resolves once `topic` is known to deduplicate.
   * @param enable whether it is made to where it does not
   * @throws ConnectorError PULSAR_DEDUPLICATION_OFF, or why it cannot be known
   */
  require(topic: string, enable: boolean): Promise<void> {
    const full = fullTopicName(topic);
    const known = this.#looks.get(full);
    const look = known ?? this.#require(full, enable);
    if (known === undefined) {
      this.#looks.set(full, look);
      look.catch(() => this.#looks.delete(full));
    }
    return look;
  }

  async #require(topic: string, enable: boolean): Promise<void> {
    if (await this.#deduplicates(topic)) {
      return;
    }
    if (!enable) {
      throw new ConnectorError('PULSAR_DEDUPLICATION_OFF', `topic ${topic} does not deduplicate`, {
        expected: 'deduplication, by a policy of the topic or namespace, or of the broker',
        found: 'none of them has it switched on',
      });
    }
    await this.#parts.create(topic);
    await this.#call(topic, 'POST', '', 'true');
    const { clock, timeout } = this.#parts;
    const limit = clock.monotonic() + timeout;
    while (!(await this.#deduplicates(topic))) {
      if (clock.monotonic() > limit) {
        throw new ConnectorError(
          'PULSAR_DEDUPLICATION_OFF',
          `topic ${topic}: deduplication was switched on, and is not in force after ${timeout} ms`,
        );
      }
      await sleep(clock, LOOK_MS);
    }
  }

  /** A topic that does not exist yet says nothing: its namespace does then. */
  async #deduplicates(topic: string): Promise<boolean> {
    const answer = await this.#call(topic, 'GET', '?applied=true');
    return answer?.trim() === 'true';
  }

  /** @returns the body; undefined when there is no such topic. @throws ConnectorError */
  async #call(topic: string, method: string, query: string, body?: string): Promise<string | undefined> {
    const { adminUrl, send } = this.#parts;
    const url = new URL(
      `${adminUrl.replace(/\/+$/, '')}/admin/v2/${topicPath(topic)}/deduplicationEnabled${query}`,
    );
    const content = body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } };
    try {
      const { status, body: found } = await send({ url, method, ...content });
      if (status === 404 && method === 'GET') {
        return undefined;
      }
      if (status < 200 || status > 299) {
        throw new ProtocolError(
          httpErrorKind(status),
          `${method} ${url.pathname}: HTTP status ${status} ${found}`,
        );
      }
      return found;
    } catch (error) {
      throw connectorError(error, topic);
    }
  }
}
