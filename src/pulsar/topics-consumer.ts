import { ConnectorError } from '../errors';
import type { Schema } from '../io';
import { Receiver, type ReceiverLimits } from './protocol';
import { TopicWatch, type TopicWatchParts } from './topic-watch';
import type { Consumer, ReceivedMessage } from './transport';

/** Milliseconds that leaving a topic which is gone may take. */
const LEAVE_MS = 1000;

/** A consumer of one topic, as one of several sees it. */
export interface TopicConsumer extends Consumer {
  /** What `receive` would give now; nothing when it would wait. @throws ConnectorError what ended the consumer. */
  poll(max: number): ReceivedMessage[];
}

export interface TopicsConsumerParts extends TopicWatchParts {
  /** Of all topics together. */
  readonly limits: ReceiverLimits;
  /** @param ready is called when `poll` may give something, or throw. */
  open(topic: string, limits: ReceiverLimits, ready: () => void): Promise<TopicConsumer>;
  readonly closed: (consumer: TopicsConsumer) => void;
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
  readonly #watch: TopicWatch<TopicConsumer>;
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
    this.#watch = new TopicWatch(parts, this.#members, {
      open: (topic) => parts.open(topic, this.#limits, () => this.#wake(topic)),
      joined: (topic) => this.#wake(topic),
      left: (member) => this.#left(member),
    });
  }

  /** A consumer of every topic there is now. @throws ConnectorError */
  static async open(parts: TopicsConsumerParts): Promise<TopicsConsumer> {
    const consumer = new TopicsConsumer(parts);
    try {
      await consumer.#watch.start();
    } catch (error) {
      await consumer.close(LEAVE_MS);
      throw error;
    }
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
        // It may hear of it before the member is taken out.
        if (this.#members.get(topic) === member && !this.#watch.isGone(error)) {
          throw error;
        }
      }),
    );
    await Promise.all(caughtUp);
  }

  pause(): void {
    this.#watch.stop();
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
    this.#watch.stop();
  }

  async #close(deadlineMs: number, options: { readonly unsubscribe?: boolean }): Promise<boolean> {
    this.#finish(new ConnectorError('PULSAR_CLOSED', 'the consumer was closed'));
    const members = [...this.#members.values()];
    const told = await Promise.all(members.map((member) => member.close(deadlineMs, options)));
    this.#parts.closed(this);
    return !told.includes(false);
  }

  #finish(error: unknown): void {
    this.#watch.stop();
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
      if (this.#watch.isGone(error)) {
        this.#members.delete(member.topic);
        this.#left(member);
        return [];
      }
      this.#watch.stop();
      this.#end ??= { error };
      throw error;
    }
  }

  /** Its topic is gone. */
  #left(member: TopicConsumer): void {
    this.#ready.delete(member);
    this.#parts.logger.info({ topic: member.topic }, 'the topic is gone');
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
