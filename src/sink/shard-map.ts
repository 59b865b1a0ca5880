import { createHash, hash } from 'node:crypto';
import type { Shard } from '../stream/shard';
import { isOpen } from '../stream/shard-graph';
import type { EntryParts } from './entry';

/** Hex digits of a hash key; of equal length they sort like the numbers. */
const DIGITS = 32;

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
      parts.explicitHashKey === undefined ? hashOf(parts.partitionKey) : hexOf(parts.explicitHashKey);
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

/** Source: Kinesis API, PutRecords: the MD5 of the partition key, unless an explicit hash key overrides it. */
const hashOf: (partitionKey: string) => string =
  // From Node 20.12 on, at half the cost.
  typeof hash === 'function'
    ? (partitionKey) => hash('md5', partitionKey, 'hex')
    : (partitionKey) => createHash('md5').update(partitionKey, 'utf8').digest('hex');

function hexOf(decimal: string): string {
  return BigInt(decimal).toString(16).padStart(DIGITS, '0');
}
