import type { Socket } from 'node:net';
import type { ProducerSettings, PulsarSettings } from '../config/types';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { BinaryConsumer, consumerRequest } from './binary-consumer';
import { clientConnection } from './client-connection';
import { DeduplicationPolicy } from './deduplication-policy';
import { PulsarClient, type ReceiverLimits } from './protocol';
import { connectorError } from './protocol-errors';
import { schemaDataOf } from './schema-info';
import { subscribeTo } from './topic-service';
import type { TopicsConsumer } from './topics-consumer';
import type {
  Consumer,
  ConsumerOptions,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  Transport,
} from './transport';

/** Milliseconds that a producer has to answer its close which was only made so that its topic exists. */
const CREATE_CLOSE_MS = 5000;

export interface BinaryTransportParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Starts a TCP connection; must not throw. */
  readonly connect: (host: string, port: number) => Socket;
}

/** Pulsar's binary protocol, by our own client. */
export class BinaryTransport implements Transport {
  readonly chunks = true;
  readonly sequences = true;
  readonly #client: PulsarClient;
  readonly #parts: BinaryTransportParts;
  /** Consumers of several topics. */
  readonly #groups = new Set<TopicsConsumer>();
  readonly #chunked: boolean;
  readonly #deduplication: DeduplicationPolicy | undefined;
  #maxMessageBytes: number | undefined;

  /** @throws ConnectorError CONFIG_INVALID when the service URL is none of Pulsar. */
  constructor(pulsar: PulsarSettings, producer: ProducerSettings, parts: BinaryTransportParts) {
    this.#chunked = producer.chunkingEnabled;
    this.#parts = parts;
    try {
      const connection = clientConnection(pulsar, parts);
      const { adminUrl, operationTimeout: timeout } = pulsar;
      this.#deduplication =
        adminUrl === undefined
          ? undefined
          : new DeduplicationPolicy({
              adminUrl,
              clock: parts.clock,
              timeout,
              send: connection.http,
              create: (topic) => this.#create(topic),
            });
      this.#client = new PulsarClient({
        ...connection,
        random: parts.random,
        pending: { messages: producer.maxPendingMessages, bytes: producer.maxPendingBytes },
        producer: {
          lingerMs: producer.batchingMaxPublishDelay,
          sendTimeout: producer.sendTimeout,
          batchBuilder: producer.batchBuilder ?? 'DEFAULT',
          compression: producer.compressionType,
          batch: {
            maxMessages: producer.batchingEnabled ? producer.batchingMaxMessages : 1,
            maxBytes: producer.batchingMaxBytes,
          },
        },
        partitioning: {
          hashingScheme: producer.hashingScheme,
          switchMs: producer.batchingEnabled
            ? Math.max(1, producer.partitionSwitchFrequency * producer.batchingMaxPublishDelay)
            : 0,
          updateIntervalMs: producer.autoUpdatePartitionsInterval,
        },
      });
    } catch (error) {
      throw connectorError(error);
    }
  }

  get maxMessageBytes(): number | undefined {
    return this.#maxMessageBytes;
  }

  async createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    const { listener, schema, sequencing, chunked = this.#chunked, ...request } = options;
    try {
      const schemaData = schema && schemaDataOf(schema);
      if (sequencing !== undefined) {
        await this.#deduplication?.require(options.topic, sequencing.enablesDeduplication);
      }
      const producer = await this.#client.createProducer<M>({
        ...request,
        chunked,
        ...(schemaData === undefined ? {} : { schema: schemaData }),
        ...(sequencing && {
          producerName: sequencing.producerName,
          sequenced: {
            firstId: sequencing.firstId,
            deduplicates: this.#deduplication !== undefined,
            partitions: (found) => sequencing.partitions(options.topic, found),
          },
        }),
        events: {
          confirmed: (message, duplicate) => listener.confirmed(message, duplicate),
          rejected: (message, error) => listener.rejected(message, connectorError(error, options.topic)),
          failed: (error) => listener.failed(connectorError(error, options.topic)),
          drained: () => listener.drained(),
          forgotten: (lastId) => listener.forgotten?.(lastId),
          grown: (found) => listener.grown?.(found),
        },
      });
      this.#maxMessageBytes = producer.maxMessageSize;
      return producer;
    } catch (error) {
      throw connectorError(error, options.topic);
    }
  }

  async subscribe(options: ConsumerOptions): Promise<Consumer> {
    // Brokers share the partitions of a topic out among consumers by their names.
    const { topic, consumerName = this.#parts.random.hex(5) } = options;
    try {
      return await subscribeTo(options, {
        ...this.#parts,
        partitions: () => this.#client.partitions(topic),
        topics: (namespace) => this.#client.topics(namespace),
        open: (one, limits, ready) => this.#open({ ...options, consumerName, topic: one }, limits, ready),
        opened: (consumer) => this.#groups.add(consumer),
        closed: (consumer) => this.#groups.delete(consumer),
      });
    } catch (error) {
      throw connectorError(error, topic);
    }
  }

  async close(deadlineMs: number): Promise<void> {
    const groups = [...this.#groups].map((consumer) => consumer.close(deadlineMs));
    await Promise.all([...groups, this.#client.close(deadlineMs)]);
  }

  async #open(
    options: ConsumerOptions,
    receiver: ReceiverLimits,
    ready: () => void,
  ): Promise<BinaryConsumer> {
    const { topic } = options;
    try {
      return new BinaryConsumer(await this.#client.subscribe(consumerRequest(options, receiver, ready)));
    } catch (error) {
      throw connectorError(error, topic);
    }
  }

  /** A producer makes a topic that is not there, of as many partitions as its namespace says. */
  async #create(topic: string): Promise<void> {
    const nothing = (): void => undefined;
    const events = { confirmed: nothing, rejected: nothing, failed: nothing, drained: nothing };
    const producer = await this.#client.createProducer({ topic, chunked: false, events });
    await producer.close(CREATE_CLOSE_MS);
  }
}
