import { Ring } from '../util/ring';
import type { PendingEntry } from './pending-entry';

/** Entries watched before those are looked for that are settled and only wait behind one that is not. */
const SWEEP_FROM = 1024;

/** Which entries have waited for longer than `recordTtl`. Pure; instants are monotonic milliseconds. */
export class RecordTtl {
  readonly #ttlMs: number;
  /** In the order of arrival, so that the first is the first to expire. */
  #entries = new Ring<PendingEntry>();
  #sweepAt = SWEEP_FROM;

  /** @param ttlMs infinite when entries never expire. */
  constructor(ttlMs = Number.POSITIVE_INFINITY) {
    this.#ttlMs = ttlMs;
  }

  watch(entry: PendingEntry): void {
    if (this.#ttlMs === Number.POSITIVE_INFINITY) {
      return;
    }
    this.#entries.push(entry);
    if (this.#entries.length >= this.#sweepAt) {
      this.#sweep();
    }
  }

  /** For an entry whose turn has come, or whose request was answered. */
  isOver(entry: PendingEntry, now: number): boolean {
    return entry.arrivedAt + this.#ttlMs <= now;
  }

  /** When `next` may have something; infinite when nothing is watched. */
  nextAt(): number {
    const first = this.#first();
    return first === undefined ? Number.POSITIVE_INFINITY : first.arrivedAt + this.#ttlMs;
  }

  /**
   * An entry that is ready and has expired. One that is sent may be stored: its answer is waited for; and the turn of
   * one that waits comes with the end of the entry before it.
   */
  next(now: number): PendingEntry | undefined {
    for (let first = this.#first(); first !== undefined && this.isOver(first, now); first = this.#first()) {
      this.#entries.shift();
      if (first.state === 'ready') {
        return first;
      }
    }
    return undefined;
  }

  /** Else one entry that stays would keep all after it in memory for as long as it has. */
  #sweep(): void {
    const left = new Ring<PendingEntry>();
    for (const entry of this.#entries) {
      if (entry.state !== 'settled') {
        left.push(entry);
      }
    }
    this.#entries = left;
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * left.length);
  }

  #first(): PendingEntry | undefined {
    while (this.#entries.peek()?.state === 'settled') {
      this.#entries.shift();
    }
    return this.#entries.peek();
  }
}
