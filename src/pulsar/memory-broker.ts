import { ConnectorError } from '../errors';
import type { Schema } from '../io';
import { type MemoryBehaviour, PLAIN_BEHAVIOUR } from './memory-behaviour';
import type { PublishedMessage, StoredMessage } from './memory-message';
import type { MemorySubscription, Subscriber } from './memory-subscription';
import { MemoryTopic } from './memory-topic';
import { fullTopicName, type PendingBudget, type PendingLimits } from './protocol';
import type { ConsumerOptions, OutgoingMessage } from './transport';

export interface MemoryBrokerOptions extends Partial<MemoryBehaviour> {
  /**
   * Newest messages that a topic keeps (now and then up to twice as many) beside those that a subscription has
   * not acknowledged, 0 = none; all when absent.
   */
  readonly keep?: number;
  /** Messages and bytes of them that a topic holds before its producers have to wait; no bound when absent. */
  readonly backlog?: PendingLimits;
}

const UNBOUNDED: PendingLimits = { messages: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** Topics in this process. Whoever holds it reads them, or subscribes. */
export class MemoryBroker {
  readonly behaviour: MemoryBehaviour;
  readonly #keep: number;
  readonly #backlog: PendingLimits;
  readonly #topics = new Map<string, MemoryTopic>();
  readonly #partitions = new Map<string, number>();
  #names = 0;
  #nextSlot = 0;

  constructor(options: MemoryBrokerOptions = {}) {
    const { keep = Number.POSITIVE_INFINITY, backlog = UNBOUNDED, ...behaviour } = options;
    this.#keep = keep;
    this.#backlog = backlog;
    this.behaviour = { ...PLAIN_BEHAVIOUR, ...behaviour };
  }

  /** Full names of the topics that ever had a producer or a subscription. */
  get topics(): string[] {
    return [...this.#topics.keys()];
  }

  /** Gives `topic` so many partitions; there may only become more. */
  partition(topic: string, count: number): void {
    const full = fullTopicName(topic);
    this.#partitions.set(full, count);
    for (let i = 0; i < count; i++) {
      this.#topic(`${full}-partition-${i}`);
    }
  }

  /** Partitions of `topic`; 0: it is not partitioned. @throws ProtocolError invalid-topic */
  partitionsOf(topic: string): number {
    return this.#partitions.get(fullTopicName(topic)) ?? 0;
  }

  /** Deletes `topic` with all that is in it; its consumers find that out. */
  deleteTopic(topic: string): void {
    const full = fullTopicName(topic);
    const subscriptions = [...(this.#topics.get(full)?.subscriptions.values() ?? [])];
    this.#topics.delete(full);
    for (const { subscribers } of subscriptions) {
      for (const subscriber of subscribers) {
        subscriber.deleted();
      }
    }
  }

  /** What `topic` holds, oldest first. */
  messages(topic: string): readonly StoredMessage[] {
    return this.#topics.get(fullTopicName(topic))?.messages ?? [];
  }

  /** Messages ever stored in `topic`. */
  stored(topic: string): number {
    return this.#topics.get(fullTopicName(topic))?.end ?? 0;
  }

  /** Messages that `subscription` has not acknowledged; undefined when there is no such subscription. */
  backlog(topic: string, subscription: string): number | undefined {
    return this.#topics.get(fullTopicName(topic))?.subscriptions.get(subscription)?.backlog;
  }

  /** Names of the consumers connected to `subscription`, in the order they came. */
  consumers(topic: string, subscription: string): string[] {
    const found = this.#topics.get(fullTopicName(topic))?.subscriptions.get(subscription);
    return found?.subscribers.map(({ name }) => name) ?? [];
  }

  /** Takes a producer name on `topic` (one is chosen when absent). @throws ConnectorError PULSAR_BUSY */
  register(
    topic: string,
    producerName: string | undefined,
  ): { readonly topic: string; readonly name: string } {
    const refusal = this.behaviour.refuseProducer(topic);
    if (refusal !== undefined) {
      throw refusal;
    }
    const full = fullTopicName(topic);
    const { producerNames } = this.#topic(full);
    const name = producerName ?? this.chosenName();
    if (producerNames.has(name)) {
      throw new ConnectorError('PULSAR_BUSY', `topic ${full}: producer ${name} is already connected`);
    }
    producerNames.add(name);
    return { topic: full, name };
  }

  /** Whether `id` was not stored under that name before; it counts as stored from now on. */
  takesId(topic: string, name: string, id: number): boolean {
    const { lastIds } = this.#topic(topic);
    const isNew = id > (lastIds.get(name) ?? -1);
    if (isNew) {
      lastIds.set(name, id);
    }
    return isNew;
  }

  unregister(topic: string, name: string): void {
    this.#topic(topic).producerNames.delete(name);
  }

  /** What `topic` holds. */
  backlogOf(topic: string): PendingBudget {
    return this.#topic(topic).backlog;
  }

  /** A name for a producer or consumer that has none of its own. */
  chosenName(): string {
    return `memory-${++this.#names}`;
  }

  /** Milliseconds that a message sent at `now` (monotonic) travels; takes its place in the rate. */
  delay(now: number): number {
    const { latencyMs, messagesPerSecond } = this.behaviour;
    if (messagesPerSecond === Number.POSITIVE_INFINITY) {
      return latencyMs;
    }
    this.#nextSlot = Math.max(this.#nextSlot, now) + 1000 / messagesPerSecond;
    return latencyMs + this.#nextSlot - now;
  }

  /**
   * Stores a copy of what a producer has sent.
   * @param topic a full name.
   * @param publishTime by its clock.
   * @param schema of the producer.
   */
  store(
    topic: string,
    { key, value, eventTime, properties }: OutgoingMessage,
    publishTime = 0,
    schema?: Schema,
  ): void {
    const found = this.#topic(topic);
    // The sender lets go of its own once the message is confirmed.
    const kept = found.discards ? value : Buffer.from(value);
    // Bytes are no schema at all, as for a real broker.
    const kind = schema?.type === 'BYTES' ? undefined : schema;
    found.append({ key, value: kept, eventTime, properties, publishTime, schema: kind });
  }

  /** Schemas of `topic`, in the order they came. */
  schemas(topic: string): readonly Schema[] {
    return this.#topics.get(fullTopicName(topic))?.schemas ?? [];
  }

  /** Puts a message into `topic` without a producer; its value is kept and must not change. @throws ProtocolError invalid-topic */
  publish(topic: string, message: PublishedMessage): void {
    this.#topic(fullTopicName(topic)).append(message);
  }

  /**
   * Connects a consumer, which gets nothing before the subscription's next `dispatch`.
   * @throws ConnectorError PULSAR_CONSUMER_BUSY, PULSAR_SUBSCRIPTION_MISMATCH; ProtocolError invalid-topic
   */
  subscribe(options: ConsumerOptions, subscriber: Subscriber): ConnectedSubscription {
    const refusal = this.behaviour.refuseConsumer(options.topic);
    if (refusal !== undefined) {
      throw refusal;
    }
    const topic = this.#topic(fullTopicName(options.topic));
    const subscription = topic.subscription(options.subscription, options.initialPosition);
    subscription.attach(subscriber, options.subscriptionType);
    return { topic, subscription };
  }

  /** Cuts the connection of every consumer, or of those of that name. They come back by themselves. */
  disconnectConsumers(name?: string): void {
    const all = [...this.#topics.values()].flatMap(({ subscriptions }) => [...subscriptions.values()]);
    for (const subscription of all) {
      const cut = subscription.subscribers.filter(
        (subscriber) => name === undefined || subscriber.name === name,
      );
      subscription.detach(cut);
      for (const subscriber of cut) {
        subscriber.disconnected();
      }
    }
  }

  #topic(topic: string): MemoryTopic {
    let found = this.#topics.get(topic);
    if (found === undefined) {
      found = new MemoryTopic(topic, this.#keep, this.#backlog);
      this.#topics.set(topic, found);
    }
    return found;
  }
}

/** What a consumer is connected to. */
export interface ConnectedSubscription {
  readonly topic: MemoryTopic;
  readonly subscription: MemorySubscription;
}
