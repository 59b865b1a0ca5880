/** A shard as ListShards describes it. Hash keys and sequence numbers are decimal strings. */
export interface Shard {
  readonly shardId: string;
  readonly parentShardId?: string;
  /** Second parent of a shard that came from a merge. */
  readonly adjacentParentShardId?: string;
  readonly startingHashKey: string;
  /** Inclusive. */
  readonly endingHashKey: string;
  readonly startingSequenceNumber: string;
  /** Set once the shard is closed. */
  readonly endingSequenceNumber?: string;
}

/** A child as GetRecords names it at the end of its parents. */
export interface ChildShard {
  readonly shardId: string;
  readonly parentShards: readonly string[];
  readonly startingHashKey: string;
  readonly endingHashKey: string;
}
