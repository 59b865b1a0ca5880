import { ConnectorError } from '../errors';
import { fullTopicName } from './protocol';
import type { OutgoingMessage } from './transport';

/** How a MemoryBroker behaves; every field may be set at any time. */
export interface MemoryBehaviour {
  /** Milliseconds from a send to its receipt. */
  latencyMs: number;
  /** Messages it stores a second, over all topics. */
  messagesPerSecond: number;
  /** Bytes of the largest value it takes. */
  maxMessageBytes: number;
  /** So many of the next sends are not stored and end their producer. */
  failNext: number;
  /** So many of the next sends are stored, and their receipt is lost. */
  loseReceipts: number;
  /** Why a producer of `topic` cannot be created now; undefined when it can. */
  refuseProducer: (topic: string) => ConnectorError | undefined;
  /** Why a message can never be stored; undefined when it can. */
  refuseMessage: (message: OutgoingMessage) => ConnectorError | undefined;
}

export interface MemoryBrokerOptions extends Partial<MemoryBehaviour> {
  /** Newest messages that a topic keeps (now and then up to twice as many), 0 = none; all when absent. */
  readonly keep?: number;
}

interface MemoryTopic {
  stored: number;
  readonly messages: OutgoingMessage[];
  readonly producerNames: Set<string>;
}

/** Topics in this process. Whoever holds it reads them. */
export class MemoryBroker {
  readonly behaviour: MemoryBehaviour;
  readonly #keep: number;
  readonly #topics = new Map<string, MemoryTopic>();
  #names = 0;
  #nextSlot = 0;

  constructor(options: MemoryBrokerOptions = {}) {
    const { keep = Number.POSITIVE_INFINITY, ...behaviour } = options;
    this.#keep = keep;
    this.behaviour = {
      latencyMs: 0,
      messagesPerSecond: Number.POSITIVE_INFINITY,
      maxMessageBytes: 5 * 1024 * 1024,
      failNext: 0,
      loseReceipts: 0,
      refuseProducer: () => undefined,
      refuseMessage: () => undefined,
      ...behaviour,
    };
  }

  /** Full names of the topics that ever had a producer. */
  get topics(): string[] {
    return [...this.#topics.keys()];
  }

  /** What `topic` holds, oldest first. */
  messages(topic: string): readonly OutgoingMessage[] {
    return this.#topics.get(fullTopicName(topic))?.messages ?? [];
  }

  /** Messages ever stored in `topic`. */
  stored(topic: string): number {
    return this.#topics.get(fullTopicName(topic))?.stored ?? 0;
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
    const name = producerName ?? `memory-${++this.#names}`;
    if (producerNames.has(name)) {
      throw new ConnectorError('PULSAR_BUSY', `topic ${full}: producer ${name} is already connected`);
    }
    producerNames.add(name);
    return { topic: full, name };
  }

  unregister(topic: string, name: string): void {
    this.#topic(topic).producerNames.delete(name);
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

  /** Stores a copy of `message`: its sender lets go of it once it is confirmed. @param topic a full name. */
  store(topic: string, message: OutgoingMessage): void {
    const kept = this.#topic(topic);
    kept.stored++;
    if (this.#keep === 0) {
      return;
    }
    const { key, eventTime, properties } = message;
    kept.messages.push({ key, eventTime, properties, value: Uint8Array.from(message.value) });
    // Not one by one: each removal moves the whole array.
    if (kept.messages.length > this.#keep * 2) {
      kept.messages.splice(0, kept.messages.length - this.#keep);
    }
  }

  #topic(topic: string): MemoryTopic {
    let found = this.#topics.get(topic);
    if (found === undefined) {
      found = { stored: 0, messages: [], producerNames: new Set() };
      this.#topics.set(topic, found);
    }
    return found;
  }
}
