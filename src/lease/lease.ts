import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { DecimalHashRange } from '../stream/hash-coverage';

/**
 * One row of a KCL 2.x lease table: the right to read one shard, and how far it has been read.
 * Source: KCL 2.7 DynamoDBLeaseSerializer; attributes of our own are marked.
 */
export interface Lease {
  /** Key of the row. */
  readonly shardId: string;
  /** Worker id; undefined when nobody holds it. */
  readonly owner: string | undefined;
  /** Fencing token and sign of life: every write of an owner adds one. */
  readonly counter: number;
  /** Everything up to and with this position is stored. */
  readonly checkpoint: ExtendedSequenceNumber;
  readonly ownerSwitchesSinceCheckpoint: number;
  readonly parentShardIds: readonly string[];
  /** Known once the shard has ended. */
  readonly childShardIds: readonly string[];
  /** Inclusive, decimal; older rows have none. */
  readonly hashRange: DecimalHashRange | undefined;
  /** Ours: the worker that holds it is one of ours, not a KCL worker. */
  readonly ours: boolean;
  /** Ours: instant at which LATEST (or AT_TIMESTAMP) was frozen, service time in ms since the epoch. */
  readonly startAt: number | undefined;
  /** Ours: service time (ms since the epoch) at which everything in the shard had been read and stored. */
  readonly caughtUpAt: number | undefined;
  /** Ours: the stream this row belongs to. */
  readonly streamArn: string | undefined;
}

/** Whether nothing is left to read. */
export function isFinished(lease: Lease): boolean {
  return lease.checkpoint.sequenceNumber === 'SHARD_END';
}

/** Whether reading starts at an instant that the checkpoint itself does not name. */
export function startsAtInstant(lease: Lease): boolean {
  const { sequenceNumber } = lease.checkpoint;
  return sequenceNumber === 'LATEST' || sequenceNumber === 'AT_TIMESTAMP';
}

/**
 * Whether something of the shard was stored, or the shard has ended. Only then have its parents ended for
 * certain: a child starts after them.
 */
export function hasBegun(lease: Lease): boolean {
  return lease.checkpoint.sequenceNumber !== 'TRIM_HORIZON' && !startsAtInstant(lease);
}
