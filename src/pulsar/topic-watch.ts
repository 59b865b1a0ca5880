import { isConnectorError, messageOf } from '../errors';
import { type Clock, sleep } from '../util/clock';
import { Gate } from '../util/gate';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { TopicSource } from './topic-source';

/** Topics that are subscribed to at a time. */
const AT_A_TIME = 20;
/** Milliseconds that closing what came too late may take. */
const LEAVE_MS = 1000;

export interface TopicWatchParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly source: TopicSource;
}

export interface TopicWatchEvents<M> {
  open(topic: string): Promise<M>;
  /** The member of `topic` is there. */
  joined(topic: string): void;
  /** The topic of `member` is gone, and `member` not among the members any more. */
  left(member: M): void;
}

/** Keeps a member for each topic of a source, as long as that is there. */
export class TopicWatch<M extends { close(deadlineMs: number): Promise<unknown> }> {
  readonly #parts: TopicWatchParts;
  readonly #members: Map<string, M>;
  readonly #events: TopicWatchEvents<M>;
  readonly #abort = new AbortController();

  /** @param members by full name. */
  constructor(parts: TopicWatchParts, members: Map<string, M>, events: TopicWatchEvents<M>) {
    this.#parts = parts;
    this.#members = members;
    this.#events = events;
  }

  /** Resolves when there is a member for each topic that is there now. @throws ConnectorError */
  async start(): Promise<void> {
    await this.#look((error) => {
      throw error;
    });
    void this.#lookAgain();
  }

  /** No member comes any more. */
  stop(): void {
    this.#abort.abort();
  }

  /** Whether `error` says that a topic is gone, and the others go on. */
  isGone(error: unknown): boolean {
    return this.#parts.source.forgets && isConnectorError(error, 'PULSAR_TOPIC_NOT_FOUND');
  }

  async #lookAgain(): Promise<void> {
    const { clock, random, logger, source } = this.#parts;
    const { signal } = this.#abort;
    const failed = (error: unknown): void => {
      if (!signal.aborted) {
        const reason = messageOf(error);
        logger.warn({ topic: source.name, reason }, 'a topic cannot be read now; it is tried again');
      }
    };
    while (source.intervalMs > 0 && !signal.aborted) {
      // Spread out: many sinks begin together.
      await sleep(clock, source.intervalMs * (0.5 + random.next()), signal).catch(() => undefined);
      if (!signal.aborted) {
        await this.#look(failed).catch(failed);
      }
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
    const joining = [...found].map((topic) => gate.run(() => this.#join(topic).catch(failed)));
    for (const [topic, member] of this.#members) {
      if (source.forgets && !found.has(topic)) {
        this.#members.delete(topic);
        this.#events.left(member);
      }
    }
    await Promise.all(joining);
  }

  async #join(topic: string): Promise<void> {
    const { signal } = this.#abort;
    if (this.#members.has(topic) || signal.aborted) {
      return;
    }
    let member: M;
    try {
      member = await this.#events.open(topic);
    } catch (error) {
      if (this.isGone(error)) {
        return;
      }
      throw error;
    }
    if (signal.aborted) {
      await member.close(LEAVE_MS);
      return;
    }
    this.#members.set(topic, member);
    this.#events.joined(topic);
  }
}
