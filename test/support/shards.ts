import type { Shard } from '../../src/stream/shard';

const SPACE = 1n << 128n;

/** A shard over `from`/`of`..`to`/`of` of the hash keys. */
export function shardOf(
  shardId: string,
  options: {
    readonly parents?: readonly string[];
    /** Sequence number it starts with; orders shards by age. */
    readonly born?: number;
    readonly closed?: boolean;
    readonly part?: readonly [from: number, to: number, of: number];
  } = {},
): Shard {
  const [from, to, of] = options.part ?? [0, 1, 1];
  const [parentShardId, adjacentParentShardId] = options.parents ?? [];
  return {
    shardId,
    ...(parentShardId === undefined ? {} : { parentShardId }),
    ...(adjacentParentShardId === undefined ? {} : { adjacentParentShardId }),
    startingHashKey: ((SPACE * BigInt(from)) / BigInt(of)).toString(),
    endingHashKey: ((SPACE * BigInt(to)) / BigInt(of) - 1n).toString(),
    startingSequenceNumber: String(options.born ?? 100),
    ...(options.closed ? { endingSequenceNumber: String((options.born ?? 100) + 50) } : {}),
  };
}

/**
 * The example of the KCL (`HierarchicalShardSyncer`), cut into sixths:
 *
 *   0 1 2 3 4   5      until 102
 *   \ / \ / |   |
 *    6   7  4   5      from 103 to 205
 *    \   /  |  / \
 *      8    4 9  10    from 206, open
 */
export const KCL_EXAMPLE: readonly Shard[] = [
  shardOf('0', { born: 100, closed: true, part: [0, 1, 6] }),
  shardOf('1', { born: 100, closed: true, part: [1, 2, 6] }),
  shardOf('2', { born: 100, closed: true, part: [2, 3, 6] }),
  shardOf('3', { born: 100, closed: true, part: [3, 4, 6] }),
  shardOf('4', { born: 100, part: [4, 5, 6] }),
  shardOf('5', { born: 100, closed: true, part: [10, 12, 12] }),
  shardOf('6', { born: 103, closed: true, parents: ['0', '1'], part: [0, 2, 6] }),
  shardOf('7', { born: 103, closed: true, parents: ['2', '3'], part: [2, 4, 6] }),
  shardOf('8', { born: 206, parents: ['6', '7'], part: [0, 4, 6] }),
  shardOf('9', { born: 206, parents: ['5'], part: [10, 11, 12] }),
  shardOf('10', { born: 206, parents: ['5'], part: [11, 12, 12] }),
];
