import type { PendingEntry } from './pending-entry';
import type { ShardQueue } from './shard-queue';

/** One request while it is put together. */
export class Batch {
  readonly entries: PendingEntry[] = [];
  readonly #maxCount: number;
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes of data and partition keys; a larger entry may be the only one. */
  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get full(): boolean {
    return this.entries.length >= this.#maxCount;
  }

  /** Takes up to `max` entries from the head of `queue`, as far as they fit and may go. @returns how many */
  takeFrom(queue: ShardQueue, max: number): number {
    let taken = 0;
    for (let head = queue.head(); head !== undefined && taken < max && !this.full; head = queue.head()) {
      const fits = this.entries.length === 0 || this.#bytes + head.size <= this.#maxBytes;
      if (!fits || !queue.allows(head)) {
        break;
      }
      queue.shift();
      this.entries.push(head);
      this.#bytes += head.size;
      taken++;
    }
    return taken;
  }
}
