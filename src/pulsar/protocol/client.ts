import type { Random } from '../../util/random';
import type { SchemaData } from './command';
import { ConnectionPool } from './connection-pool';
import { Consumer } from './consumer';
import type { ConsumerSettings } from './consumer-parts';
import type { ConnectionSettings } from './endpoint';
import type { OutgoingMessage } from './message';
import { PendingBudget, type PendingLimits } from './pending-budget';
import { Producer } from './producer';
import type { ProducerEvents, ProducerSettings } from './producer-parts';
import { ProtocolError } from './protocol-error';
import type { SubscriptionType } from './subscription-registration';
import { TopicLookup } from './topic-lookup';
import { fullTopicName } from './topic-name';

export interface ClientSettings extends ConnectionSettings {
  readonly random: Random;
  /** `pulsar://host:port`, several hosts with commas. */
  readonly serviceUrl: string;
  readonly producer: Omit<ProducerSettings, 'operationTimeout'>;
  /** Of all producers together. */
  readonly pending: PendingLimits;
}

export interface ProducerRequest<M extends OutgoingMessage> {
  readonly topic: string;
  readonly producerName?: string;
  readonly schema?: SchemaData;
  /** Whether messages above the broker's limit go in chunks; they are refused otherwise. */
  readonly chunked: boolean;
  readonly mayStillSend?: () => boolean;
  readonly events: ProducerEvents<M>;
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
}

/** A client of one Pulsar cluster over its binary protocol. */
export class PulsarClient {
  readonly #settings: ClientSettings;
  readonly #abort = new AbortController();
  readonly #lookup: TopicLookup;
  /** Consumers have connections of their own: a broker that slows a producer down stops reading its connection. */
  readonly #consumerLookup: TopicLookup;
  readonly #budget: PendingBudget;
  readonly #members = new Set<{ close(deadlineMs: number): Promise<unknown> }>();
  #lastId = 0;

  /** @throws ProtocolError invalid-url */
  constructor(settings: ClientSettings) {
    this.#settings = settings;
    const lookup = () =>
      new TopicLookup(new ConnectionPool(settings, this.#abort.signal), settings.serviceUrl);
    this.#lookup = lookup();
    this.#consumerLookup = lookup();
    this.#budget = new PendingBudget(settings.pending);
  }

  /** @throws ProtocolError after tries within the operation time-out. */
  async createProducer<M extends OutgoingMessage>(request: ProducerRequest<M>): Promise<Producer<M>> {
    const { clock, random, logger, producer: settings, operationTimeout } = this.#settings;
    const producer: Producer<M> = await Producer.open<M>({
      clock,
      random,
      logger,
      lookup: this.#lookup,
      budget: this.#budget,
      settings: { ...settings, operationTimeout },
      producerId: ++this.#lastId,
      topic: fullTopicName(request.topic),
      ...(request.producerName === undefined ? {} : { producerName: request.producerName }),
      ...(request.schema === undefined ? {} : { schema: request.schema }),
      chunked: request.chunked,
      mayStillSend: request.mayStillSend ?? (() => true),
      events: request.events,
      signal: this.#abort.signal,
      closed: () => this.#members.delete(producer),
    });
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

  /** Closes every producer and consumer, by force at `deadlineMs` from now, then every connection. Never rejects. */
  async close(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.close(deadlineMs)));
    this.#abort.abort(new ProtocolError('closed', 'the client was closed'));
  }
}
