import type { Client } from 'pulsar-client';
import type { ProducerSettings, PulsarSettings } from '../config/types';
import { ConnectorError } from '../errors';
import { resolvesWithin } from '../util/limited-wait';
import { type ConnectionParts, clientConnection } from './client-connection';
import { DeduplicationPolicy } from './deduplication-policy';
import { fullTopicName, PendingBudget } from './protocol';
import {
  clientConfig,
  loadPulsarClient,
  notThrough,
  producerConfig,
  resultError,
  schemaConfig,
} from './pulsar-client-config';
import { PulsarClientConsumer } from './pulsar-client-consumer';
import { PulsarClientProducer } from './pulsar-client-producer';
import type {
  Consumer,
  ConsumerOptions,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  Transport,
} from './transport';

/** `transport: pulsar-client`: npm `pulsar-client` 1.18, whose core is Pulsar's C++ client. */
export class PulsarClientTransport implements Transport {
  readonly maxMessageBytes = undefined;
  readonly chunks = true;
  readonly sequences = true;
  readonly #settings: ProducerSettings;
  readonly #parts: ConnectionParts;
  readonly #budget: PendingBudget;
  readonly #client: Promise<Client>;
  readonly #deduplication: DeduplicationPolicy | undefined;
  #closed = false;

  /** @throws ConnectorError PULSAR_CLIENT_MISSING */
  constructor(pulsar: PulsarSettings, settings: ProducerSettings, parts: ConnectionParts) {
    const module = loadPulsarClient();
    const { adminUrl, operationTimeout } = pulsar;
    this.#settings = settings;
    this.#parts = parts;
    this.#budget = new PendingBudget({
      messages: settings.maxPendingMessages,
      bytes: settings.maxPendingBytes,
    });
    this.#client = clientConfig(module, pulsar).then((config) => new module.Client(config));
    this.#client.catch(() => undefined);
    this.#deduplication =
      adminUrl === undefined
        ? undefined
        : new DeduplicationPolicy({
            adminUrl,
            clock: parts.clock,
            timeout: operationTimeout,
            send: clientConnection(pulsar, parts).http,
            create: async (topic) => {
              await (await (await this.#client).createProducer({ topic })).close();
            },
          });
  }

  createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    const { sequencing, producerName = sequencing?.producerName, schema, chunked } = options;
    return this.#make(options.topic, async (client, topic) => {
      if (sequencing !== undefined) {
        await this.#requireDeduplication(client, topic, sequencing.enablesDeduplication);
      }
      const native = await client.createProducer({
        ...producerConfig(this.#settings, { sequenced: sequencing !== undefined, chunked }),
        ...schemaConfig(schema),
        ...(producerName === undefined ? {} : { producerName }),
        topic,
      });
      const { clock } = this.#parts;
      return new PulsarClientProducer({ ...options, native, topic, clock, budget: this.#budget });
    });
  }

  subscribe(options: ConsumerOptions): Promise<Consumer> {
    const { subscription, subscriptionType, consumerName } = options;
    return this.#make(options.topic, async (client, topic) => {
      if (options.isPattern) {
        throw notThrough(topic, 'patterns of topics cannot be read');
      }
      const native = await client.subscribe({
        topic,
        subscription,
        subscriptionType: subscriptionType === 'Key_Shared' ? 'KeyShared' : subscriptionType,
        subscriptionInitialPosition: options.initialPosition === 'earliest' ? 'Earliest' : 'Latest',
        receiverQueueSize: options.receiverQueueSize,
        nAckRedeliverTimeoutMs: options.negativeAckRedeliveryDelayMs,
        ...(consumerName === undefined ? {} : { consumerName }),
      });
      return new PulsarClientConsumer(native, topic, this.#parts.clock);
    });
  }

  /** Producers and consumers go with their client. */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    const closed = this.#client.then((client) => client.close()).catch(() => undefined);
    await resolvesWithin(this.#parts.clock, deadlineMs, closed);
  }

  /** The core tells neither what a broker remembers of a name, nor takes the partition of a message. */
  async #requireDeduplication(client: Client, topic: string, enable: boolean): Promise<void> {
    if (this.#deduplication === undefined) {
      const what = 'whether a topic deduplicates cannot be found out by its messages';
      throw notThrough(topic, what, 'Set pulsar.adminUrl.');
    }
    await this.#deduplication.require(topic, enable);
    const [first] = await client.getPartitionsForTopic(topic);
    if (first?.endsWith('-partition-0') && !topic.endsWith('-partition-0')) {
      throw notThrough(topic, 'messages with sequence ids cannot be kept to their partitions');
    }
  }

  async #make<T>(name: string, make: (client: Client, topic: string) => Promise<T>): Promise<T> {
    if (this.#closed) {
      throw new ConnectorError('PULSAR_CLOSED', 'the transport was closed');
    }
    try {
      return await make(await this.#client, fullTopicName(name));
    } catch (error) {
      throw resultError(error, name);
    }
  }
}
