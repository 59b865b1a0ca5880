import type { Clock } from '../../util/clock';
import { AcknowledgementTracker, type TrackedEntry } from './acknowledgement-tracker';
import { ChunkAssembler, type ChunkLimits, type SkipReason } from './chunk-assembler';
import { acknowledgedOf, type Delivery } from './delivery';
import { Permits, type ReceiverLimits } from './permits';
import { ReceivedEntry } from './received-entry';
import type { ReceivedMessage } from './received-message';
import { ReceiverQueue } from './receiver-queue';
import { BrokerRedelivery, type HeldMessage, LocalRedelivery } from './redelivery';
import type { RedeliveryBackoff } from './redelivery-backoff';

export interface InboxParts {
  readonly clock: Clock;
  /** Full name. */
  readonly topic: string;
  readonly receiver: ReceiverLimits;
  readonly redelivery: RedeliveryBackoff;
  readonly chunks: ChunkLimits;
  /** Whether the subscription has many consumers at a time: only then the broker delivers single entries again. */
  readonly shared: boolean;
  /** Everything of `entry` is acknowledged: the broker is to be told, once more if it was told before. */
  readonly complete: (entry: TrackedEntry) => void;
  /** A part of `entry`, a batch, is acknowledged. */
  readonly partly: (entry: TrackedEntry) => void;
  /** Nothing can become of these chunks, which are acknowledged. */
  readonly skipped: (chunks: readonly TrackedEntry[], reason: SkipReason) => void;
  /** The broker is to deliver `entries` again. */
  readonly redeliver: (entries: readonly TrackedEntry[]) => void;
  /** The broker is to begin anew with what is not acknowledged; only where it serves one consumer at a time. */
  readonly rewind: () => void;
  /** A message has come again without the broker. */
  readonly arrived: () => void;
}

/** What a consumer has got and not settled: what waits, what is in its caller's hands, what comes again. */
export class Inbox {
  readonly #parts: InboxParts;
  readonly #tracker = new AcknowledgementTracker();
  readonly #queue: ReceiverQueue;
  readonly #permits: Permits;
  readonly #redelivery: BrokerRedelivery | LocalRedelivery;
  readonly #chunks: ChunkAssembler;
  /** False while another consumer of the subscription gets everything; true until the broker says so. */
  #active = true;

  constructor(parts: InboxParts) {
    const { clock, redelivery } = parts;
    this.#parts = parts;
    this.#queue = new ReceiverQueue(this.#tracker, parts.receiver);
    this.#permits = new Permits(parts.receiver);
    this.#redelivery = parts.shared
      ? new BrokerRedelivery(clock, redelivery, (messages) => this.#redeliver(messages))
      : new LocalRedelivery(clock, redelivery, (message) => {
          this.#queue.pushAgain(message);
          parts.arrived();
        });
    this.#chunks = new ChunkAssembler({
      clock,
      limits: parts.chunks,
      maxBytes: () => parts.receiver.bytes,
      joined: (entry, tracked) => {
        this.#queue.push(entry, tracked);
        parts.arrived();
      },
      skipped: (chunks, reason) => this.#skip(chunks, reason),
      postponed: (entry, tracked) => this.#postpone(entry, tracked),
      room: () => this.#rewind(),
    });
  }

  delivered(delivery: Delivery, payload: Buffer): void {
    if (this.#queue.ended) {
      return;
    }
    let entry: ReceivedEntry;
    try {
      entry = new ReceivedEntry(this.#parts.topic, delivery, payload);
    } catch (error) {
      this.end(error);
      return;
    }
    const { ledgerId, entryId, ackSet } = delivery;
    const { count, messages } = entry;
    if (!this.#active) {
      // A broker (4.0.8) may read on where the one before was, until it goes back to what is not acknowledged and says
      // who is active: handed out, it would stand before what is older. It comes again behind that.
      this.#permits.used(count - acknowledgedOf(ackSet, count), entry.bytes);
      return;
    }
    const tracked = this.#tracker.arrived(ledgerId, entryId, messages, messages > 1 ? ackSet : undefined);
    this.#permits.used(count - acknowledgedOf(ackSet, count), entry.bytes);
    if (tracked.left === 0) {
      this.#complete(tracked);
    } else if (tracked.open > tracked.waiting) {
      if (entry.isChunk) {
        this.#chunks.add(entry, tracked);
      } else {
        this.#queue.push(entry, tracked);
      }
    }
  }

  /**
   * Up to `max` messages, in order.
   * @throws what it was ended with, or ProtocolError unreadable, once nothing is left before it.
   */
  take(max: number): ReceivedMessage[] {
    return this.#queue.take(max, this.#complete);
  }

  /** Up to `max` messages of an entry of which a part was handed out. @throws ProtocolError unreadable */
  rest(max: number): ReceivedMessage[] {
    return this.#queue.rest(max, this.#complete);
  }

  acknowledge({ entry, index }: ReceivedMessage): void {
    if (!entry.acknowledge(index)) {
      return;
    }
    if (entry.left === 0) {
      this.#complete(entry);
      return;
    }
    this.#parts.partly(entry);
    if (entry.held === 0) {
      this.#tracker.settle(entry);
    }
  }

  /** Whether `message` was handed out here: it may be older than this consumer. */
  owns({ entry }: ReceivedMessage): boolean {
    return entry.tracker === this.#tracker;
  }

  refuse(message: ReceivedMessage): void {
    if (this.#active) {
      this.#redelivery.refuse(message);
    } else {
      this.#giveBack([message]);
    }
  }

  /** The broker has the acknowledgement of `entry`. */
  answered(entry: TrackedEntry): void {
    this.#tracker.answered(entry);
  }

  /** Permits to give to the broker now; 0 mostly, and for good once this has ended. */
  grant(): number {
    if (this.#queue.ended || !this.#active) {
      return 0;
    }
    const messages = this.#queue.messages + this.#redelivery.messages;
    const bytes = this.#queue.bytes + this.#redelivery.bytes + this.#chunks.bytes;
    return this.#permits.grant(messages, bytes);
  }

  /** The broker has lost this consumer: it will send again what is not acknowledged, here or to others. */
  lost(): void {
    this.#active = true;
    this.#giveBack(this.#queue.clear());
    this.#clearChunks();
    this.#permits.reset();
    this.#tracker.restarted();
  }

  /** What is not acknowledged goes to another consumer of the subscription. */
  deactivated(): void {
    this.#active = false;
    this.#giveBack(this.#queue.clear());
    this.#clearChunks();
    this.#giveBack(this.#redelivery.clear());
  }

  /** What is not acknowledged comes to this consumer. */
  activated(): void {
    this.#active = true;
    this.#tracker.restarted();
  }

  /** Takes nothing any more: `take` throws `error` behind what waits now. */
  end(error: unknown): void {
    this.#queue.end(error);
  }

  /** Lets go of everything that is not in its caller's hands. */
  clear(): void {
    this.#queue.clear();
    this.#chunks.clear();
    this.#redelivery.clear();
  }

  readonly #complete = (entry: TrackedEntry): void => {
    entry.parts.forEach(this.#parts.complete);
    this.#parts.complete(entry);
  };

  #clearChunks(): void {
    for (const chunk of this.#chunks.clear()) {
      this.#tracker.settle(chunk);
    }
  }

  #skip(chunks: readonly TrackedEntry[], reason: SkipReason): void {
    for (const chunk of chunks) {
      chunk.skip(0);
      this.#complete(chunk);
    }
    this.#parts.skipped(chunks, reason);
  }

  #postpone({ redeliveryCount }: ReceivedEntry, entry: TrackedEntry): void {
    if (this.#redelivery instanceof BrokerRedelivery) {
      entry.hold(0);
      this.#redelivery.refuse({ entry, index: 0, redeliveryCount });
    } else {
      this.#tracker.settle(entry);
    }
  }

  /** What was postponed comes again by itself where the broker delivers single entries again. */
  #rewind(): void {
    if (this.#active && this.#redelivery instanceof LocalRedelivery) {
      this.#tracker.restarted();
      this.#parts.rewind();
    }
  }

  #redeliver(messages: readonly HeldMessage[]): void {
    const entries = new Set(messages.flatMap(({ entry }) => [...entry.parts, entry]));
    this.#giveBack(messages);
    // What waits here already has come again after a reconnect.
    const wanted = [...entries].filter(({ open, waiting }) => open > waiting);
    if (wanted.length > 0) {
      this.#parts.redeliver(wanted);
    }
  }

  #giveBack(messages: readonly HeldMessage[]): void {
    for (const { entry, index } of messages) {
      entry.release(index);
      this.#tracker.settle(entry);
    }
  }
}
