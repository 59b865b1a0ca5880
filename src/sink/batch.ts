import { type FrameLimits, type PutUnit, takeUnit } from './frame';
import type { PendingEntry } from './pending-entry';
import type { ShardQueue } from './shard-queue';

/** One request while it is put together. */
export class Batch {
  readonly entries: PutUnit[] = [];
  readonly #maxCount: number;
  readonly #maxBytes: number;
  readonly #frames: FrameLimits | undefined;
  #bytes = 0;

  /**
   * @param maxBytes of data and partition keys; a larger entry may be the only one.
   * @param frames of several records that go as one entry; each goes by itself when absent.
   */
  constructor(maxCount: number, maxBytes: number, frames?: FrameLimits) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
    this.#frames = frames;
  }

  get full(): boolean {
    return this.entries.length >= this.#maxCount;
  }

  /** Takes up to `max` entries from the head of `queue`, as far as they fit and may go. */
  takeFrom(queue: ShardQueue, max: number, now: number): void {
    let taken = 0;
    for (let head = queue.head(); head !== undefined && taken < max && !this.full; head = queue.head()) {
      const fits = this.entries.length === 0 || this.#bytes + head.size <= this.#maxBytes;
      if (!fits || !queue.allows(head)) {
        break;
      }
      const unit = this.#take(queue, head, now);
      queue.spend(unit.size);
      this.entries.push(unit);
      this.#bytes += unit.size;
      taken++;
    }
  }

  #take(queue: ShardQueue, head: PendingEntry, now: number): PutUnit {
    // What a shard that was split takes in is no longer known, and a record by itself is right everywhere.
    if (this.#frames !== undefined && !queue.misled) {
      return takeUnit(head, queue, this.#frames, this.#maxBytes - this.#bytes, now);
    }
    queue.take();
    return head;
  }
}
