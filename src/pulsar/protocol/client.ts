import type { Random } from '../../util/random';
import { ConnectionPool } from './connection-pool';
import { Consumer } from './consumer';
import type { ConsumerSettings } from './consumer-parts';
import type { ConnectionSettings } from './endpoint';
import type { LookupSettings } from './lookup-service';
import type { OutgoingMessage } from './message';
import type { TopicProducer } from './partition-output';
import type { PartitioningSettings } from './partitioned-producer';
import { PendingBudget, type PendingLimits } from './pending-budget';
import type { ProducerSettings } from './producer-parts';
import { ProtocolError } from './protocol-error';
import { tryUntilAccepted } from './registration-tries';
import type { SubscriptionType } from './subscription-registration';
import { TopicLookup } from './topic-lookup';
import { fullTopicName } from './topic-name';
import { type ProducerRequest, TopicProducers } from './topic-producers';

export interface ClientSettings extends ConnectionSettings, LookupSettings {
  readonly random: Random;
  readonly producer: Omit<ProducerSettings, 'operationTimeout'>;
  readonly partitioning: PartitioningSettings;
  /** Of all producers together. */
  readonly pending: PendingLimits;
}

export interface ConsumerRequest {
  readonly topic: string;
  readonly subscription: string;
  readonly subscriptionType: SubscriptionType;
  /** Where a subscription that does not exist yet begins. */
  readonly initialPosition: 'earliest' | 'latest';
  /** Chosen at random when absent. */
  readonly consumerName?: string;
  readonly settings: Omit<ConsumerSettings, 'operationTimeout'>;
  readonly ready?: () => void;
  readonly skipped?: () => void;
}

/** A client of one Pulsar cluster over its binary protocol. */
export class PulsarClient {
  readonly #settings: ClientSettings;
  readonly #abort = new AbortController();
  readonly #producers: TopicProducers;
  /** Consumers have connections of their own: a broker that slows a producer down stops reading its connection. */
  readonly #consumerLookup: TopicLookup;
  readonly #members = new Set<{ close(deadlineMs: number): Promise<unknown> }>();
  #lastId = 0;

  /** @throws ProtocolError invalid-url */
  constructor(settings: ClientSettings) {
    this.#settings = settings;
    const lookup = () => new TopicLookup(new ConnectionPool(settings, this.#abort.signal), settings);
    this.#consumerLookup = lookup();
    this.#producers = new TopicProducers({
      clock: settings.clock,
      random: settings.random,
      logger: settings.logger,
      lookup: lookup(),
      budget: new PendingBudget(settings.pending),
      settings: { ...settings.producer, operationTimeout: settings.operationTimeout },
      partitioning: settings.partitioning,
      signal: this.#abort.signal,
    });
  }

  /** @throws ProtocolError after tries within the operation time-out. */
  async createProducer<M extends OutgoingMessage>(request: ProducerRequest<M>): Promise<TopicProducer<M>> {
    const closed = (): boolean => this.#members.delete(producer);
    const producer: TopicProducer<M> = await this.#producers.open(
      fullTopicName(request.topic),
      request,
      closed,
    );
    this.#members.add(producer);
    return producer;
  }

  /** @throws ProtocolError after tries within the operation time-out. */
  async subscribe(request: ConsumerRequest): Promise<Consumer> {
    const { clock, random, logger, operationTimeout } = this.#settings;
    const topic = fullTopicName(request.topic);
    if (!topic.startsWith('persistent://')) {
      // All its messages have the same id: copies could not be told from new ones.
      throw new ProtocolError('invalid-topic', `${topic} keeps no messages: nothing could be acknowledged`);
    }
    const consumer: Consumer = await Consumer.open({
      ...request,
      clock,
      random,
      logger,
      lookup: this.#consumerLookup,
      consumerId: ++this.#lastId,
      topic,
      consumerName: request.consumerName ?? random.hex(5),
      settings: { ...request.settings, operationTimeout },
      signal: this.#abort.signal,
      closed: () => this.#members.delete(consumer),
    });
    this.#members.add(consumer);
    return consumer;
  }

  /** Partitions of `topic`, 0 without any. @throws ProtocolError after tries within the operation time-out. */
  partitions(topic: string): Promise<number> {
    return this.#tried(() => this.#consumerLookup.partitions(fullTopicName(topic)));
  }

  /**
   * Full names of the persistent topics of `namespace` (`tenant/namespace`), each partition by itself.
   * @throws ProtocolError after tries within the operation time-out.
   */
  topics(namespace: string): Promise<readonly string[]> {
    return this.#tried(async () => {
      const topics = await this.#consumerLookup.topics(namespace);
      if (topics.length === 0) {
        // A namespace that is not there has no topics either (4.0.8): only a lookup tells the two apart.
        await this.#consumerLookup.find(`persistent://${namespace}/any`);
      }
      return topics;
    });
  }

  /** Closes every producer and consumer, by force at `deadlineMs` from now, then every connection. Never rejects. */
  async close(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.close(deadlineMs)));
    this.#abort.abort(new ProtocolError('closed', 'the client was closed'));
  }

  #tried<T>(ask: () => Promise<T>): Promise<T> {
    const { clock, random, operationTimeout } = this.#settings;
    const tries = { clock, random, signal: this.#abort.signal };
    return tryUntilAccepted(tries, ask, clock.monotonic() + operationTimeout);
  }
}
