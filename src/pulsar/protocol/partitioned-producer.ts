import type { Clock } from '../../util/clock';
import type { Logger } from '../../util/logger';
import type { Random } from '../../util/random';
import type { OutgoingMessage } from './message';
import { MessageRouter, type RoutingSettings } from './message-router';
import { PartitionOutput, type PartitionProducer } from './partition-output';
import type { PartitionWatch } from './partition-watch';
import type { PendingBudget } from './pending-budget';
import type { ProducerEvents } from './producer-parts';
import { asProtocolError, ProtocolError } from './protocol-error';
import { partitionName } from './topic-name';

export interface PartitioningSettings extends RoutingSettings {
  /** See PartitionWatchParts. */
  readonly updateIntervalMs: number;
}

export interface PartitionedEvents<M extends OutgoingMessage> extends ProducerEvents<M> {
  /**
   * The topic has `found` partitions, more than a producer with sequence ids uses, and all that may be stored in those
   * it uses was sent again. Called once.
   */
  grown?(found: number): void;
}

export interface PartitionedParts<M extends OutgoingMessage> {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly budget: PendingBudget;
  readonly routing: RoutingSettings;
  /** Without its partition. */
  readonly topic: string;
  /** How many it has. */
  readonly found: number;
  /** How many of them are used from the start, at least 1. */
  readonly partitions: number;
  /** Id of the first message, when messages bring their sequence ids. */
  readonly firstId: number | undefined;
  /** Milliseconds for the producers of the other partitions to end in, when one has failed. */
  readonly closeTimeout: number;
  readonly events: PartitionedEvents<M>;
  /** A producer of one partition. @throws ProtocolError */
  readonly open: (topic: string, events: ProducerEvents<M>) => Promise<PartitionProducer<M>>;
  /** Tells how many partitions the topic has, whenever that has changed. */
  readonly watch: (changed: (found: number) => void) => PartitionWatch;
  /** Called when `close` has ended. */
  readonly closed: () => void;
}

/** CLOSING sends nothing, but receipts still count; CLOSED and FAILED are for good. */
type State = 'OPENING' | 'OPEN' | 'CLOSING' | 'CLOSED' | 'FAILED';

/**
 * A producer of a partitioned topic: one producer a partition, in order within each. When one of them fails, all end.
 * Without sequence ids a partition gets its producer with its first message, and new partitions are used once they are
 * found. With sequence ids all have theirs from the start, because the names keep an earlier sender out; and their number
 * stays, because a message sent again must come to the partition where it was.
 */
export class PartitionedProducer<M extends OutgoingMessage> {
  readonly #parts: PartitionedParts<M>;
  readonly #router: MessageRouter;
  readonly #outputs = new Map<number, PartitionOutput<M>>();
  #state: State = 'OPENING';
  #error: ProtocolError | undefined;
  #partitions: number;
  #maxMessageSize = 0;
  /** Highest ids of the partitions that do not remember what was confirmed, while the producer opens. */
  readonly #forgotten: number[] = [];
  /** Partitions that the topic has grown to, until that is told. */
  #found: number | undefined;
  #grown = false;
  /** Highest id that a partition may have; and of the messages sent, those confirmed before among them. */
  #toldId = -1;
  #lastId: number;
  #watch: PartitionWatch | undefined;
  #unwatchBudget: (() => void) | undefined;

  private constructor(parts: PartitionedParts<M>, start: number) {
    this.#parts = parts;
    this.#partitions = parts.partitions;
    this.#lastId = (parts.firstId ?? 0) - 1;
    this.#router = new MessageRouter(parts.routing, start);
  }

  /** @throws ProtocolError the first partition's, or any's with sequence ids; by then none is left open. */
  static async open<M extends OutgoingMessage>(parts: PartitionedParts<M>): Promise<PartitionedProducer<M>> {
    const start = Math.floor(parts.random.next() * parts.partitions);
    const producer = new PartitionedProducer(parts, start);
    await producer.#begin(parts.firstId === undefined ? [start] : [...Array(parts.partitions).keys()]);
    return producer;
  }

  get topic(): string {
    return this.#parts.topic;
  }

  /** How many are used. */
  get partitions(): number {
    return this.#partitions;
  }

  get writable(): boolean {
    return !this.#parts.budget.full;
  }

  /** Largest payload the brokers take, bytes. */
  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  send(message: M): void {
    if (this.#state === 'OPEN') {
      const partition = this.#router.partitionOf(message, this.#partitions, this.#parts.clock.monotonic());
      (this.#outputs.get(partition) ?? this.#open(partition)).send(message);
      this.#lastId = message.recordSequence ?? -1;
      if (this.#found !== undefined) {
        this.#tellGrown(this.#found);
      }
    }
  }

  flush(): void {
    for (const output of this.#outputs.values()) {
      output.flush();
    }
  }

  /** See `Producer.close`; all partitions at once. */
  async close(deadlineMs: number): Promise<void> {
    if (this.#state === 'OPEN') {
      this.#finish('CLOSING');
    }
    await this.#closeOutputs(deadlineMs);
    if (this.#state === 'CLOSING') {
      this.#state = 'CLOSED';
    }
    this.#parts.closed();
  }

  async #begin(first: readonly number[]): Promise<void> {
    const opened = first.map((partition) => this.#output(partition).opened());
    const outcomes = await Promise.allSettled(opened);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') {
        this.#maxMessageSize = outcome.value.maxMessageSize;
        this.#toldId = Math.max(this.#toldId, outcome.value.toldId);
      } else {
        this.#error ??= asProtocolError(outcome.reason, 'unknown');
      }
    }
    if (this.#error !== undefined) {
      this.#state = 'CLOSED';
      await this.#closeOutputs(this.#parts.closeTimeout);
      throw this.#error;
    }
    this.#state = 'OPEN';
    const { budget, events, watch, found, firstId } = this.#parts;
    this.#unwatchBudget = budget.watch(() => events.drained());
    this.#watch = watch((count) => this.#changed(count));
    if (firstId !== undefined) {
      this.#tellForgotten(first.length);
      this.#changed(found);
    }
  }

  /** The way into a partition that was not used before. */
  #open(partition: number): PartitionOutput<M> {
    const output = this.#output(partition);
    output.opened().catch((error) => this.#fail(wholeError(asProtocolError(error, 'unknown'))));
    return output;
  }

  #output(partition: number): PartitionOutput<M> {
    const { topic, budget, open } = this.#parts;
    const output = new PartitionOutput(open(partitionName(topic, partition), this.#events()), budget);
    this.#outputs.set(partition, output);
    return output;
  }

  #events(): ProducerEvents<M> {
    const { events } = this.#parts;
    return {
      confirmed: (message, duplicate) => {
        if (this.#state === 'OPEN' || this.#state === 'CLOSING') {
          events.confirmed(message, duplicate);
        }
      },
      rejected: (message, error) => this.#state === 'OPEN' && events.rejected(message, error),
      failed: (error) => this.#fail(wholeError(error)),
      // All share one budget, which is watched once for the whole.
      drained: () => undefined,
      forgotten: (lastId) => {
        if (this.#state === 'OPENING') {
          this.#forgotten.push(lastId);
        } else {
          events.forgotten?.(lastId);
        }
      },
    };
  }

  /** A partition to which nothing was sent remembers nothing: only when all have forgotten, something was. */
  #tellForgotten(asked: number): void {
    if (this.#forgotten.length === asked) {
      this.#parts.events.forgotten?.(Math.max(...this.#forgotten));
    }
  }

  #changed(found: number): void {
    if (this.#state !== 'OPEN' || found === this.#partitions) {
      return;
    }
    const { logger, topic, firstId } = this.#parts;
    if (found < this.#partitions) {
      this.#fail(
        new ProtocolError(
          'partitions-changed',
          `${topic} has ${found} partitions, and had ${this.#partitions}`,
        ),
      );
    } else if (firstId === undefined) {
      logger.info(
        { topic, from: this.#partitions, to: found },
        'the topic has new partitions: they are used now',
      );
      this.#partitions = found;
    } else if (!this.#grown) {
      this.#tellGrown(found);
    }
  }

  /**
   * Not before all is sent again that an earlier producer may have stored: with more partitions it would come to others,
   * which do not know it.
   */
  #tellGrown(found: number): void {
    this.#found = found;
    if (this.#lastId >= this.#toldId) {
      this.#found = undefined;
      this.#grown = true;
      queueMicrotask(() => this.#state === 'OPEN' && this.#parts.events.grown?.(found));
    }
  }

  #fail(error: ProtocolError): void {
    if (this.#state === 'OPENING') {
      this.#error ??= error;
    } else if (error.kind === 'sequence-clash' && this.#state !== 'OPEN') {
      // What one partition cannot tell at its end; see Producer.close.
      this.#parts.events.failed(error);
    } else if (this.#state === 'OPEN') {
      this.#finish('FAILED');
      // Nothing of the others may be stored behind what has failed.
      void this.#closeOutputs(this.#parts.closeTimeout);
      this.#parts.events.failed(error);
    }
  }

  #finish(state: 'CLOSING' | 'FAILED'): void {
    this.#state = state;
    this.#watch?.stop();
    this.#unwatchBudget?.();
  }

  async #closeOutputs(deadlineMs: number): Promise<void> {
    await Promise.all(Array.from(this.#outputs.values(), (output) => output.close(deadlineMs)));
  }
}

/** What the error of one partition says about the topic: one that is gone is no topic that does not exist. */
function wholeError(error: ProtocolError): ProtocolError {
  return error.kind === 'topic-not-found'
    ? new ProtocolError('partitions-changed', 'a partition is gone', error)
    : error;
}
