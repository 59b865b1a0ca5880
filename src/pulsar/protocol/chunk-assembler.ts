import type { Clock, TimerHandle } from '../../util/clock';
import type { TrackedEntry } from './acknowledgement-tracker';
import type { ReceivedEntry } from './received-entry';

/** Bounds of messages that come in parts. Names of the options are those of Pulsar's ConsumerBuilder. */
export interface ChunkLimits {
  /** Messages of which a part is here (`maxPendingChunkedMessage`); any number when 0. */
  readonly maxPending: number;
  /** Beyond `maxPending`: gives up the oldest; otherwise a new one waits for room at the broker. */
  readonly autoAckOldest: boolean;
  /** Milliseconds after which a message is not expected to be completed any more; never when 0. */
  readonly expireMs: number;
}

export type SkipReason =
  | 'its producer began it anew'
  | 'it was sent twice'
  | 'a part of it is missing'
  | 'it was never completed'
  | 'there are too many of its kind';

export interface ChunkAssemblerParts {
  readonly clock: Clock;
  readonly limits: ChunkLimits;
  /** Bytes of parts that are kept while more than one message is incomplete. */
  readonly maxBytes: () => number;
  /** A message is complete: `entry` is its last part. */
  readonly joined: (entry: ReceivedEntry, tracked: TrackedEntry) => void;
  /** Nothing can become of these parts: they are acknowledged. */
  readonly skipped: (chunks: readonly TrackedEntry[], reason: SkipReason) => void;
  /** These parts are to come again later: there is no room, or one before them has not come. */
  readonly postponed: (entry: ReceivedEntry, tracked: TrackedEntry) => void;
  /** There may be room again for what was postponed. */
  readonly room: () => void;
}

/** A message of which not all parts are here; they come in their order. */
interface Incomplete {
  readonly entries: ReceivedEntry[];
  readonly tracked: TrackedEntry[];
  readonly since: number;
  bytes: number;
}

/** Messages without a beginning that are remembered; those beyond it, oldest first, get their time anew. */
const MAX_ORPHANED = 1000;

/**
 * Puts messages together that were sent in chunks. What becomes of orphans follows Pulsar's
 * `ConsumerImpl.processMessageChunk`, with two differences: a message for which there is no room waits at the broker
 * instead of being lost, and a part without those before it expires by the time since it was first seen, not by when
 * it was published: in an old backlog everything would be expired at once.
 *
 *               chunk 0          chunk 1 …          last chunk
 *   (nothing) ──────────► incomplete ─────► incomplete ─────► joined
 *                             │ chunk 0 again: skipped, and begun anew
 *                             │ a gap: postponed, skipped when that has lasted too long
 *                             └ expired: skipped
 */
export class ChunkAssembler {
  readonly #parts: ChunkAssemblerParts;
  /** By uuid, oldest first. */
  readonly #incomplete = new Map<string, Incomplete>();
  /** Messages whose parts wait at the broker for room. */
  readonly #crowdedOut = new Set<string>();
  /** When a part of a message was first seen without those before it, by uuid; until that message is complete. */
  readonly #orphaned = new Map<string, number>();
  #crowded = false;
  #timer: TimerHandle | undefined;
  #orphanTimer: TimerHandle | undefined;
  #bytes = 0;

  constructor(parts: ChunkAssemblerParts) {
    this.#parts = parts;
  }

  /** Bytes kept alive. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a chunk that is neither here nor acknowledged. */
  add(entry: ReceivedEntry, tracked: TrackedEntry): void {
    const { uuid, chunkId, chunks } = entry.metadata;
    if (chunkId === 0) {
      this.#begin(uuid, entry, tracked);
      return;
    }
    const message = this.#incomplete.get(uuid);
    if (message === undefined) {
      this.#orphan(uuid, [entry], [tracked]);
    } else if (chunkId < message.entries.length) {
      this.#parts.skipped([tracked], 'it was sent twice');
    } else if (chunkId > message.entries.length) {
      this.#take(uuid, message);
      this.#orphan(uuid, [...message.entries, entry], [...message.tracked, tracked]);
    } else if (chunkId === chunks - 1) {
      this.#take(uuid, message);
      this.#orphaned.delete(uuid);
      entry.join(message.entries);
      tracked.parts = message.tracked;
      this.#parts.joined(entry, tracked);
      this.#roomAgain();
    } else {
      this.#keep(message, entry, tracked);
    }
  }

  /** Lets go of everything. @returns the parts, which are not waited for any more. */
  clear(): TrackedEntry[] {
    const tracked = [...this.#incomplete.values()].flatMap((message) => message.tracked);
    this.#incomplete.clear();
    this.#crowdedOut.clear();
    this.#crowded = false;
    this.#bytes = 0;
    for (const one of tracked) {
      one.waiting = 0;
    }
    this.#setTimer();
    this.#orphanTimer = this.#stop(this.#orphanTimer);
    return tracked;
  }

  #begin(uuid: string, entry: ReceivedEntry, tracked: TrackedEntry): void {
    this.#skip(uuid, 'its producer began it anew');
    const { limits, clock } = this.#parts;
    if (limits.maxPending > 0 && this.#incomplete.size >= limits.maxPending) {
      const [oldest] = this.#incomplete.keys();
      if (!limits.autoAckOldest || oldest === undefined) {
        this.#crowdOut(uuid, [entry], [tracked]);
        return;
      }
      this.#skip(oldest, 'there are too many of its kind');
    }
    this.#crowdedOut.delete(uuid);
    const message: Incomplete = { entries: [], tracked: [], since: clock.monotonic(), bytes: 0 };
    this.#incomplete.set(uuid, message);
    this.#keep(message, entry, tracked);
    this.#setTimer();
  }

  #keep(message: Incomplete, entry: ReceivedEntry, tracked: TrackedEntry): void {
    tracked.waiting = 1;
    message.entries.push(entry);
    message.tracked.push(tracked);
    message.bytes += entry.bytes;
    this.#bytes += entry.bytes;
    if (this.#bytes > this.#parts.maxBytes() && this.#incomplete.size > 1) {
      const [uuid, newest] = [...this.#incomplete].at(-1) as [string, Incomplete];
      this.#take(uuid, newest);
      this.#crowdOut(uuid, newest.entries, newest.tracked);
    }
  }

  #crowdOut(uuid: string, entries: readonly ReceivedEntry[], tracked: readonly TrackedEntry[]): void {
    this.#crowdedOut.add(uuid);
    this.#crowded = true;
    this.#postpone(entries, tracked);
  }

  #orphan(uuid: string, entries: readonly ReceivedEntry[], tracked: readonly TrackedEntry[]): void {
    const { limits, clock } = this.#parts;
    if (this.#crowdedOut.has(uuid)) {
      this.#postpone(entries, tracked);
      return;
    }
    const since = this.#orphaned.get(uuid) ?? clock.monotonic();
    if (limits.expireMs > 0 && clock.monotonic() >= since + limits.expireMs) {
      this.#parts.skipped(tracked, 'a part of it is missing');
      return;
    }
    this.#orphaned.set(uuid, since);
    if (this.#orphaned.size > MAX_ORPHANED) {
      const [oldest] = this.#orphaned.keys();
      this.#orphaned.delete(oldest as string);
    }
    this.#postpone(entries, tracked);
    if (limits.expireMs > 0) {
      this.#orphanTimer ??= clock.setTimer(this.#lookAgain, limits.expireMs);
    }
  }

  #postpone(entries: readonly ReceivedEntry[], tracked: readonly TrackedEntry[]): void {
    for (const [i, entry] of entries.entries()) {
      this.#parts.postponed(entry, tracked[i] as TrackedEntry);
    }
  }

  #skip(uuid: string, reason: SkipReason): void {
    const message = this.#incomplete.get(uuid);
    if (message !== undefined) {
      this.#take(uuid, message);
      this.#parts.skipped(message.tracked, reason);
    }
  }

  #take(uuid: string, message: Incomplete): void {
    this.#incomplete.delete(uuid);
    this.#bytes -= message.bytes;
    for (const tracked of message.tracked) {
      tracked.waiting = 0;
    }
    this.#setTimer();
  }

  #roomAgain(): void {
    if (this.#crowded) {
      // Who was crowded out is told from an orphan until it begins: parts of it may still be under way.
      this.#crowded = false;
      this.#parts.room();
    }
  }

  /** For the oldest one: the next to expire. */
  #setTimer(): void {
    const { clock, limits } = this.#parts;
    this.#timer = this.#stop(this.#timer);
    const [oldest] = this.#incomplete.values();
    if (oldest !== undefined && limits.expireMs > 0) {
      const left = oldest.since + limits.expireMs - clock.monotonic();
      this.#timer = clock.setTimer(this.#expire, Math.max(0, left));
    }
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const [uuid] = this.#incomplete.keys();
    if (uuid !== undefined) {
      this.#skip(uuid, 'it was never completed');
      this.#roomAgain();
    }
    this.#setTimer();
  };

  readonly #lookAgain = (): void => {
    this.#orphanTimer = undefined;
    this.#parts.room();
  };

  #stop(timer: TimerHandle | undefined): undefined {
    if (timer !== undefined) {
      this.#parts.clock.clearTimer(timer);
    }
    return undefined;
  }
}
