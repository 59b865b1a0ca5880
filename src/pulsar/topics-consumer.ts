import { ConnectorError, isConnectorError, messageOf } from '../errors';
import type { Schema } from '../io';
import { type Clock, sleep } from '../util/clock';
import { Gate } from '../util/gate';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { Receiver, type ReceiverLimits } from './protocol';
import type { TopicSource } from './topic-source';
import type { Consumer, ReceivedMessage } from './transport';

/** Topics that are subscribed to at a time. */
const AT_A_TIME = 20;
/** Milliseconds that leaving a topic which is gone may take. */
const LEAVE_MS = 1000;

/** A consumer of one topic, as one of several sees it. */
export interface TopicConsumer extends Consumer {
  /** What `receive` would give now; nothing when it would wait. @throws ConnectorError what ended the consumer. */
  poll(max: number): ReceivedMessage[];
}

export interface TopicsConsumerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly source: TopicSource;
  /** Of all topics together. */
  readonly limits: ReceiverLimits;
  /** @param ready is called when `poll` may give something, or throw. */
  open(topic: string, limits: ReceiverLimits, ready: () => void): Promise<TopicConsumer>;
  readonly closed: () => void;
}

/**
 * One subscription of several topics behind one consumer: the partitions of a topic, or all that match a pattern. They
 * take turns; new ones are found while it runs. Whatever ends one of them ends it, except that a topic of a pattern is
 * deleted.
 */
export class TopicsConsumer implements Consumer {
  readonly #parts: TopicsConsumerParts;
  /** By full name. */
  readonly #members = new Map<string, TopicConsumer>();
  /** Those that may have something, in the order of their turns. */
  readonly #ready = new Set<TopicConsumer>();
  readonly #receiver = new Receiver<ReceivedMessage>((max) => this.#take(max));
  readonly #abort = new AbortController();
  readonly #limits: ReceiverLimits;
  #end: { readonly error: unknown } | undefined;
  #closing: Promise<boolean> | undefined;

  private constructor(parts: TopicsConsumerParts) {
    this.#parts = parts;
    const share = (whole: number): number => Math.max(1, Math.floor(whole / Math.max(1, this.#members.size)));
    this.#limits = {
      get messages() {
        return share(parts.limits.messages);
      },
      get bytes() {
        return share(parts.limits.bytes);
      },
    };
  }

  /** A consumer of every topic there is now. @throws ConnectorError */
  static async open(parts: TopicsConsumerParts): Promise<TopicsConsumer> {
    const consumer = new TopicsConsumer(parts);
    try {
      await consumer.#look((error) => {
        throw error;
      });
    } catch (error) {
      await consumer.close(LEAVE_MS);
      throw error;
    }
    void consumer.#watch();
    return consumer;
  }

  get topic(): string {
    return this.#parts.source.name;
  }

  /** Full names of the topics that it reads now. */
  get topics(): readonly string[] {
    return [...this.#members.keys()];
  }

  receive(max: number): Promise<ReceivedMessage[]> {
    return this.#receiver.receive(max);
  }

  schemaOf(message: ReceivedMessage): Schema | Promise<Schema> {
    const member = this.#members.get(message.topic);
    if (member === undefined) {
      throw new ConnectorError(
        'PULSAR_MESSAGE_UNREADABLE',
        `topic ${message.topic} is gone, and its schemas`,
      );
    }
    return member.schemaOf(message);
  }

  acknowledge(message: ReceivedMessage): void {
    this.#members.get(message.topic)?.acknowledge(message);
  }

  negativeAcknowledge(message: ReceivedMessage): void {
    this.#members.get(message.topic)?.negativeAcknowledge(message);
  }

  async whenCaughtUp(): Promise<void> {
    const caughtUp = [...this.#members].map(([topic, member]) =>
      member.whenCaughtUp().catch((error) => {
        if (this.#members.get(topic) === member) {
          throw error;
        }
      }),
    );
    await Promise.all(caughtUp);
  }

  pause(): void {
    this.#abort.abort();
    for (const member of this.#members.values()) {
      member.pause();
      this.#ready.add(member);
    }
    this.#receiver.end();
  }

  close(deadlineMs: number, options: { readonly unsubscribe?: boolean } = {}): Promise<boolean> {
    this.#closing ??= this.#close(deadlineMs, options);
    return this.#closing;
  }

  /** Ends like its process. */
  crash(): void {
    this.#abort.abort();
  }

  async #close(deadlineMs: number, options: { readonly unsubscribe?: boolean }): Promise<boolean> {
    this.#finish(new ConnectorError('PULSAR_CLOSED', 'the consumer was closed'));
    const members = [...this.#members.values()];
    const told = await Promise.all(members.map((member) => member.close(deadlineMs, options)));
    this.#parts.closed();
    return !told.includes(false);
  }

  #finish(error: unknown): void {
    this.#abort.abort();
    this.#end ??= { error };
    this.#receiver.hand();
  }

  #take(max: number): ReceivedMessage[] {
    if (this.#end !== undefined) {
      throw this.#end.error;
    }
    for (const member of this.#ready) {
      // Those that may have more go to the end.
      this.#ready.delete(member);
      const messages = this.#poll(member, max);
      if (messages.length > 0) {
        this.#ready.add(member);
        return messages;
      }
    }
    return [];
  }

  #poll(member: TopicConsumer, max: number): ReceivedMessage[] {
    try {
      return member.poll(max);
    } catch (error) {
      if (this.#isGone(error)) {
        this.#leave(member.topic, member);
        return [];
      }
      this.#abort.abort();
      this.#end ??= { error };
      throw error;
    }
  }

  #isGone(error: unknown): boolean {
    return this.#parts.source.forgets && isConnectorError(error, 'PULSAR_TOPIC_NOT_FOUND');
  }

  /** Looks for topics again and again. */
  async #watch(): Promise<void> {
    const { clock, random, logger, source } = this.#parts;
    const { signal } = this.#abort;
    while (source.intervalMs > 0 && !signal.aborted) {
      // Spread out: many sinks begin together.
      await sleep(clock, source.intervalMs * (0.5 + random.next()), signal).catch(() => undefined);
      if (signal.aborted) {
        return;
      }
      const failed = (error: unknown): void => {
        if (!signal.aborted) {
          const reason = messageOf(error);
          logger.warn({ topic: source.name, reason }, 'a topic cannot be read now; it is tried again');
        }
      };
      await this.#look(failed).catch(failed);
    }
  }

  /** Subscribes to the topics that are new, and leaves those that are gone. */
  async #look(failed: (error: unknown) => void): Promise<void> {
    const { source } = this.#parts;
    const found = new Set(await source.topics());
    if (this.#abort.signal.aborted) {
      return;
    }
    const gate = new Gate(AT_A_TIME);
    const opened = [...found].map((topic) => gate.run(() => this.#join(topic).catch(failed)));
    for (const [topic, member] of this.#members) {
      if (source.forgets && !found.has(topic)) {
        this.#leave(topic, member);
      }
    }
    await Promise.all(opened);
  }

  async #join(topic: string): Promise<void> {
    const { signal } = this.#abort;
    if (this.#members.has(topic) || signal.aborted) {
      return;
    }
    let member: TopicConsumer;
    try {
      member = await this.#parts.open(topic, this.#limits, () => this.#wake(topic));
    } catch (error) {
      if (this.#isGone(error)) {
        return;
      }
      throw error;
    }
    if (signal.aborted) {
      await member.close(LEAVE_MS);
      return;
    }
    this.#members.set(topic, member);
    this.#wake(topic);
  }

  #leave(topic: string, member: TopicConsumer): void {
    this.#members.delete(topic);
    this.#ready.delete(member);
    this.#parts.logger.info({ topic }, 'the topic is gone');
    void member.close(LEAVE_MS);
  }

  #wake(topic: string): void {
    const member = this.#members.get(topic);
    if (member !== undefined) {
      this.#ready.add(member);
      this.#receiver.wake();
    }
  }
}
