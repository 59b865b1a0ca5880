import type { Lease } from './lease';

/** How people and metrics know the shards of a table. */
export interface ShardNames {
  /** Label of the stream. */
  streamOf(lease: Pick<Lease, 'stream'>): string;
  /** The shard id; behind the label of its stream where there are several. */
  nameOf(lease: Pick<Lease, 'stream' | 'shardId'>): string;
}

/** Names for the shards of one stream. */
export function namesOfOne(label: string): ShardNames {
  return { streamOf: () => label, nameOf: ({ shardId }) => shardId };
}
