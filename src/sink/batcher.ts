import { Batch } from './batch';
import type { FrameLimits, PutUnit } from './frame';
import type { PendingEntry } from './pending-entry';
import type { ShardQueue } from './shard-queue';

export interface BatchLimits {
  /** Entries, 1 to 500. */
  readonly maxCount: number;
  /** Bytes of data and partition keys; a record above that travels alone. */
  readonly maxBytes: number;
  /** Milliseconds an entry may wait for a batch to fill. */
  readonly lingerMs: number;
  /** Records of a shard share entries up to these limits; each has its own when absent. */
  readonly frames?: FrameLimits;
}

const NOW = Number.NEGATIVE_INFINITY;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * Decides what goes into the next request, and when. Pure; instants are monotonic milliseconds.
 *
 * A request goes as soon as it is full, or something in it has waited `lingerMs` or was flushed. It takes from all
 * open shards in turn, within a shard in the order of its queue. A shard that may not be written to now, because it
 * pauses or has no tokens, is closed until an instant that it names: what it holds neither fills a request nor makes
 * one due, so that it costs the others nothing.
 */
export class Batcher {
  readonly #limits: BatchLimits;
  #open: ShardQueue[] = [];
  #closed: ShardQueue[] = [];
  /** Requests put together by the caller; they go first. */
  readonly #composed: PutUnit[][] = [];
  /** Entries ready, closed shards included. */
  #ready = 0;
  #openCount = 0;
  #openBytes = 0;
  /** When something in an open shard must go. */
  #dueAt = NEVER;
  /** When the first closed shard opens. */
  #opensAt = NEVER;
  /** Entries that arrived up to here wait no longer. */
  #flushed = 0;
  /** Which open shard is asked first. */
  #turn = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Whether nothing is left to send. */
  get empty(): boolean {
    return this.#ready === 0 && this.#composed.length === 0;
  }

  push(entry: PendingEntry, queue: ShardQueue): void {
    queue.push(entry);
    this.#added(entry, queue);
  }

  /** For an entry that was refused: it goes before those that were not sent yet. */
  putBack(entry: PendingEntry, queue: ShardQueue): void {
    queue.putBack(entry);
    this.#added(entry, queue);
  }

  /** Has exactly these `sent` entries sent as the next request, whatever the rates say. */
  compose(entries: PutUnit[]): void {
    this.#composed.push(entries);
  }

  /** Gives up an entry that is ready. */
  drop(entry: PendingEntry, queue: ShardQueue): void {
    queue.drop(entry);
    this.#ready--;
    if (queue.standing === 'open') {
      this.#openCount--;
      this.#openBytes -= entry.size;
    }
  }

  /** Takes a queue out whose shard is open no longer: what was ready in it. */
  retire(queue: ShardQueue): PendingEntry[] {
    if (queue.standing === 'open') {
      this.#openCount -= queue.count;
      this.#openBytes -= queue.bytes;
    }
    this.#ready -= queue.count;
    this.#open = this.#open.filter((other) => other !== queue);
    this.#closed = this.#closed.filter((other) => other !== queue);
    return queue.retire();
  }

  /** Nothing that arrived up to `arrival` waits for a batch to fill any more. */
  flush(arrival: number): void {
    this.#flushed = arrival;
    for (const queue of [...this.#open, ...this.#closed]) {
      queue.dueAt = Math.min(queue.dueAt, this.#dueOf(queue.head()));
      if (queue.standing === 'open') {
        this.#dueAt = Math.min(this.#dueAt, queue.dueAt);
      }
    }
  }

  /**
   * When `next` may have something, unless more happens; infinite when nothing is ready.
   * @param partialFrom earliest instant for a request that is not full.
   */
  nextAt(partialFrom = NOW): number {
    if (this.#composed.length > 0 || this.#full(this.#limits.maxBytes)) {
      return NOW;
    }
    const at = this.#openCount > 0 ? Math.min(this.#dueAt, this.#opensAt) : this.#opensAt;
    return Math.max(at, partialFrom);
  }

  /**
   * The next request, its entries marked `sent`; undefined when none is due.
   * @param scale part of `maxBytes` to fill, above 0 up to 1.
   * @param partialFrom earliest instant for a request that is not full.
   */
  next(now: number, scale = 1, partialFrom = NOW): PutUnit[] | undefined {
    const maxBytes = this.#limits.maxBytes * scale;
    const composed = this.#composed.shift();
    if (composed !== undefined) {
      return composed;
    }
    if (now >= this.#opensAt) {
      this.#reopen(now);
    }
    if (!this.#due(now, maxBytes, partialFrom)) {
      return undefined;
    }
    this.#sift(now);
    if (!this.#due(now, maxBytes, partialFrom)) {
      return undefined;
    }
    const batch = this.#fill(maxBytes, now);
    this.#sift(now);
    return batch.length > 0 ? batch : undefined;
  }

  /** With frames it counts as full of entries when even frames as large as may be would be. */
  #full(maxBytes: number): boolean {
    const { maxCount, frames } = this.#limits;
    const records = frames === undefined ? maxCount : maxCount * frames.maxCount;
    const bytes = frames === undefined ? maxBytes : Math.min(maxBytes, maxCount * frames.maxBytes);
    return this.#openCount >= records || this.#openBytes >= bytes;
  }

  #due(now: number, maxBytes: number, partialFrom: number): boolean {
    const due = this.#dueAt <= now && partialFrom <= now;
    return this.#openCount > 0 && (due || this.#full(maxBytes));
  }

  #dueOf(entry: PendingEntry | undefined): number {
    if (entry === undefined) {
      return NEVER;
    }
    return entry.arrival <= this.#flushed ? NOW : entry.arrivedAt + this.#limits.lingerMs;
  }

  #added(entry: PendingEntry, queue: ShardQueue): void {
    this.#ready++;
    queue.dueAt = Math.min(queue.dueAt, this.#dueOf(entry));
    if (queue.standing === 'open') {
      this.#openCount++;
      this.#openBytes += entry.size;
      this.#dueAt = Math.min(this.#dueAt, queue.dueAt);
    } else if (queue.standing === 'idle') {
      this.#admit(queue);
    }
  }

  #admit(queue: ShardQueue): void {
    queue.standing = 'open';
    this.#open.push(queue);
    this.#openCount += queue.count;
    this.#openBytes += queue.bytes;
    this.#dueAt = Math.min(this.#dueAt, queue.dueAt);
  }

  #reopen(now: number): void {
    const closed = this.#closed;
    this.#closed = [];
    this.#opensAt = NEVER;
    for (const queue of closed) {
      if (queue.closedUntil <= now) {
        this.#admit(queue);
      } else {
        this.#closed.push(queue);
        this.#opensAt = Math.min(this.#opensAt, queue.closedUntil);
      }
    }
  }

  /** Takes out of the open shards those that have nothing, or may not be written to now. */
  #sift(now: number): void {
    const asked = this.#open;
    this.#open = [];
    this.#openCount = 0;
    this.#openBytes = 0;
    this.#dueAt = NEVER;
    for (const queue of asked) {
      if (queue.count === 0) {
        queue.standing = 'idle';
        queue.dueAt = NEVER;
        continue;
      }
      const until = queue.openAt(now);
      if (until <= now) {
        this.#admit(queue);
      } else {
        queue.standing = 'closed';
        queue.closedUntil = until;
        this.#closed.push(queue);
        this.#opensAt = Math.min(this.#opensAt, until);
      }
    }
  }

  /** Takes from the open shards in turn until the request is full, or none may give more. */
  #fill(maxBytes: number, now: number): PutUnit[] {
    const { maxCount, frames } = this.#limits;
    const batch = new Batch(maxCount, maxBytes, frames);
    const shards = this.#open.length;
    const share = Math.max(1, Math.floor(maxCount / shards));
    const first = this.#turn++ % shards;
    for (let giving = true; giving && !batch.full; ) {
      giving = false;
      for (let place = 0; place < shards; place++) {
        const queue = this.#open[(first + place) % shards] as ShardQueue;
        const before = queue.count;
        batch.takeFrom(queue, share, now);
        if (queue.count < before) {
          giving = true;
          this.#ready -= before - queue.count;
          queue.dueAt = this.#dueOf(queue.head());
        }
      }
    }
    return batch.entries;
  }
}
