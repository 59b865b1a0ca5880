import type { Shard } from '../stream/shard';
import type { EntryParts } from './entry';
import { ShardMap } from './shard-map';
import { ShardQueue } from './shard-queue';

/** The queue of every open shard, by the newest listing. */
export class ShardQueues {
  readonly #rateLimit: number;
  #map: ShardMap;
  /** In the order of the map. */
  #queues: readonly ShardQueue[];
  #byId: ReadonlyMap<string, ShardQueue>;

  /** @param rateLimit percent of a shard's limits. */
  constructor(shards: readonly Shard[], rateLimit: number, now: number) {
    this.#rateLimit = rateLimit;
    this.#map = new ShardMap(shards);
    this.#queues = this.#map.shardIds.map((shardId) => new ShardQueue(shardId, rateLimit, now));
    this.#byId = byId(this.#queues);
  }

  /** The queue of the shard that such an entry is expected to land on. */
  of(parts: EntryParts): ShardQueue {
    return this.#queues[this.#map.indexOf(parts)] as ShardQueue;
  }

  /** The queue of that shard; undefined when it is open no longer. */
  find(shardId: string): ShardQueue | undefined {
    return this.#byId.get(shardId);
  }

  /** Takes a new listing. @returns queues of shards that are open no longer. */
  replace(shards: readonly Shard[], now: number): ShardQueue[] {
    const before = this.#queues;
    this.#map = new ShardMap(shards);
    this.#queues = this.#map.shardIds.map(
      (shardId) => this.#byId.get(shardId) ?? new ShardQueue(shardId, this.#rateLimit, now),
    );
    this.#byId = byId(this.#queues);
    for (const queue of this.#queues) {
      queue.misled = false;
    }
    return before.filter(({ shardId }) => !this.#byId.has(shardId));
  }
}

function byId(queues: readonly ShardQueue[]): ReadonlyMap<string, ShardQueue> {
  return new Map(queues.map((queue) => [queue.shardId, queue]));
}
