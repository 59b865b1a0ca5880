import { type BackoffBounds, fullJitter } from '../util/backoff';
import type { Random } from '../util/random';
import { Ring } from '../util/ring';
import type { PendingEntry } from './pending-entry';
import { WriteRate } from './write-rate';

/**
 * Milliseconds of the grid on which shards without tokens are looked at again. All on the same instants: else each
 * shard at its limit would have requests of its own.
 */
const GRID_MS = 50;

/** What became of the entries of one shard in one answer. */
export interface ShardTally {
  readonly accepted: number;
  /** Records in those among them that landed on this shard. */
  readonly stored: number;
  readonly storedBytes: number;
  /** Refused for the rate. */
  readonly throttled: number;
  /** Refused for another reason that heals. */
  readonly failed: number;
}

/** The entries that are ready for one open shard, and how fast they may go. */
export class ShardQueue {
  readonly shardId: string;
  /**
   * Of the batcher. `open`: takes part in requests; `closed`: may not be written to until `closedUntil`; `idle`:
   * has nothing to write.
   */
  standing: 'idle' | 'open' | 'closed' = 'idle';
  closedUntil = Number.NEGATIVE_INFINITY;
  /** Of the batcher: when something in it must go. */
  dueAt = Number.POSITIVE_INFINITY;
  /** Whether something meant for this shard has landed on another one since the shards were listed. */
  misled = false;
  readonly #rate: WriteRate;
  /** Refused ones go before those that were never sent. */
  readonly #refused = new Ring<PendingEntry>();
  readonly #fresh = new Ring<PendingEntry>();
  #count = 0;
  #bytes = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #refusals = 0;

  /** @param rateLimit percent of the shard's limits. */
  constructor(shardId: string, rateLimit: number, now: number) {
    this.shardId = shardId;
    this.#rate = new WriteRate(rateLimit, now);
  }

  /** Entries that are ready. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Answers in a row that accepted nothing of this shard. */
  get refusals(): number {
    return this.#refusals;
  }

  get rate(): Pick<WriteRate, 'recordsPerSecond'> {
    return this.#rate;
  }

  /** Bytes that may go, as of the last `openAt`. */
  get allowance(): number {
    return this.#rate.bytes;
  }

  push(entry: PendingEntry): void {
    this.#fresh.push(this.#added(entry));
  }

  /** Puts an entry that was sent before those that were not. */
  putBack(entry: PendingEntry): void {
    this.#refused.push(this.#added(entry));
  }

  /** The next to go; undefined when nothing is ready. */
  head(): PendingEntry | undefined {
    return this.#next().peek();
  }

  /** Takes the head out; its tokens are spent by itself. */
  take(): PendingEntry | undefined {
    const entry = this.#next().shift();
    if (entry !== undefined) {
      this.#removed(entry);
      entry.state = 'sent';
    }
    return entry;
  }

  /** Takes the tokens of one entry of a request. @param size its bytes. */
  spend(size: number): void {
    this.#rate.take(size);
  }

  /** Gives an entry up that is ready here. */
  drop(entry: PendingEntry): void {
    // Its place in the ring is skipped when its turn comes.
    entry.state = 'settled';
    this.#removed(entry);
  }

  /** Whether the head may go, as of the last `openAt`. */
  allows(entry: PendingEntry): boolean {
    return this.#rate.allows(entry.size);
  }

  /**
   * The earliest instant at which the head may go: `now` or before when it may at once, otherwise a later one.
   * Fills the buckets until `now`.
   */
  openAt(now: number): number {
    if (now < this.#pausedUntil) {
      return this.#pausedUntil;
    }
    this.#rate.refill(now);
    const head = this.head();
    if (head === undefined || this.#rate.allows(head.size)) {
      return now;
    }
    return (Math.floor((now + this.#rate.waitFor(head.size)) / GRID_MS) + 1) * GRID_MS;
  }

  /**
   * Learns from an answer. The shard pauses when nothing was accepted, with full jitter and longer each time in a
   * row; refusals beside acceptances only slow it.
   */
  answered(tally: ShardTally, now: number, bounds: BackoffBounds, random: Random): void {
    this.#rate.answered(tally.accepted, tally.throttled, now);
    if (tally.accepted > 0) {
      this.#refusals = 0;
    } else if (now >= this.#pausedUntil) {
      // Requests that were under way when the pause began tell nothing new.
      this.#pausedUntil = now + fullJitter(this.#refusals++, bounds, random);
    }
  }

  /** Takes everything out that was ready. */
  retire(): PendingEntry[] {
    const left = [...this.#refused, ...this.#fresh].filter(({ state }) => state === 'ready');
    this.#refused.clear();
    this.#fresh.clear();
    this.#count = 0;
    this.#bytes = 0;
    return left;
  }

  #added(entry: PendingEntry): PendingEntry {
    entry.state = 'ready';
    entry.shardId = this.shardId;
    this.#count++;
    this.#bytes += entry.size;
    return entry;
  }

  #removed(entry: PendingEntry): void {
    this.#count--;
    this.#bytes -= entry.size;
  }

  #next(): Ring<PendingEntry> {
    skipSettled(this.#refused);
    if (this.#refused.length > 0) {
      return this.#refused;
    }
    skipSettled(this.#fresh);
    return this.#fresh;
  }
}

function skipSettled(ring: Ring<PendingEntry>): void {
  while (ring.peek()?.state === 'settled') {
    ring.shift();
  }
}
