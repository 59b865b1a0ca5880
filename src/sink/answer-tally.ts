import type { ShardQueue, ShardTally } from './shard-queue';

type Growing = { -readonly [name in keyof ShardTally]: ShardTally[name] };

/** What one answer says about each shard it concerns. */
export class AnswerTally {
  readonly #shards = new Map<ShardQueue, Growing>();
  #latest: ShardQueue | undefined;
  #growing: Growing | undefined;

  /** To be added to. Entries of a shard stand together in a request, so the latest is kept at hand. */
  of(queue: ShardQueue): Growing {
    if (queue !== this.#latest || this.#growing === undefined) {
      this.#latest = queue;
      this.#growing = this.#shards.get(queue) ?? this.#begin(queue);
    }
    return this.#growing;
  }

  [Symbol.iterator](): IterableIterator<[ShardQueue, ShardTally]> {
    return this.#shards.entries();
  }

  #begin(queue: ShardQueue): Growing {
    const growing = { accepted: 0, stored: 0, storedBytes: 0, throttled: 0, failed: 0 };
    this.#shards.set(queue, growing);
    return growing;
  }
}
