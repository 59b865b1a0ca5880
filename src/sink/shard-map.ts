import { HASH_KEY_HEX_DIGITS, hashHexOf } from '../stream/hash-key';
import type { Shard } from '../stream/shard';
import { isOpen } from '../stream/shard-graph';
import type { EntryParts } from './entry';

/** Which open shard a record lands on. Pure; valid until the stream is resharded. */
export class ShardMap {
  /** Ids of the open shards, in the order of their hash ranges. */
  readonly shardIds: readonly string[];
  /** First hash key of each, in hex. */
  readonly #starts: readonly string[];

  /** @param shards a listing; closed shards are left out. At least one must be open. */
  constructor(shards: readonly Shard[]) {
    const open = shards
      .filter(isOpen)
      .map(({ shardId, startingHashKey }) => ({ shardId, start: hexOf(startingHashKey) }))
      .sort((a, b) => (a.start < b.start ? -1 : 1));
    this.shardIds = open.map(({ shardId }) => shardId);
    this.#starts = open.map(({ start }) => start);
  }

  /** Place in `shardIds` of the shard that takes such an entry. */
  indexOf(parts: Pick<EntryParts, 'partitionKey' | 'explicitHashKey'>): number {
    if (this.#starts.length === 1) {
      return 0;
    }
    const key =
      parts.explicitHashKey === undefined ? hashHexOf(parts.partitionKey) : hexOf(parts.explicitHashKey);
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as string) <= key) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
}

function hexOf(decimal: string): string {
  return BigInt(decimal).toString(16).padStart(HASH_KEY_HEX_DIGITS, '0');
}
