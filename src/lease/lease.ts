import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { DecimalHashRange } from '../stream/hash-coverage';
import type { StreamId } from './row-key';
import type { RowNumbering } from './row-numbering';

/**
 * One row of a KCL 2.x lease table: the right to read one shard, and how far it has been read.
 * Source: KCL 2.7 DynamoDBLeaseSerializer; attributes of our own are marked.
 */
export interface Lease {
  /** Key of the row: the shard id, in a table of several streams behind the stream. See row-key.ts. */
  readonly key: string;
  /** Undefined in a table of one stream. */
  readonly stream: StreamId | undefined;
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
  /** Ours: the worker that holds it is one of ours (`kind` = leaseOwner), not a KCL worker. */
  readonly ours: boolean;
  /** Ours: the worker that asked for the lease, or to which it was given up. */
  readonly handoffTo: string | undefined;
  /** Ours: id of the request that stands. */
  readonly handoffId: string | undefined;
  /** Ours: id of the request that the owner has answered: it drains. */
  readonly draining: string | undefined;
  /** Ours: instant at which LATEST (or AT_TIMESTAMP) was frozen, service time in ms since the epoch. */
  readonly startAt: number | undefined;
  /**
   * Ours: this shard alone was set back to that instant, ms since the epoch (0: to its oldest record). To the others
   * that says nothing, and what it descends from is not read again.
   */
  readonly readFrom: number | undefined;
  /** Ours: service time (ms since the epoch) at which everything in the shard had been read and stored. */
  readonly caughtUpAt: number | undefined;
  /** Ours: the stream this row belongs to. */
  readonly streamArn: string | undefined;
  /** Ours: how records of the shard are numbered; see row-numbering.ts. */
  readonly numbering: RowNumbering | undefined;
  /** Ours: born finished, only to hold `startAt`; its shard had closed before. See start-anchor.ts. */
  readonly anchor: boolean;
}

/** A row that names a worker. */
export type OwnedLease = Lease & { readonly owner: string };

/** Whether nothing is left to read. */
export function isFinished(lease: Pick<Lease, 'checkpoint'>): boolean {
  return lease.checkpoint.sequenceNumber === 'SHARD_END';
}

/** Whether another worker asks for the lease and its owner has not said that it drains. */
export function isUnanswered({ handoffId, draining }: Lease): boolean {
  return handoffId !== undefined && handoffId !== draining;
}

/** Whether reading starts at an instant that the checkpoint itself does not name. */
export function startsAtInstant(lease: Lease): boolean {
  const { sequenceNumber } = lease.checkpoint;
  return sequenceNumber === 'LATEST' || sequenceNumber === 'AT_TIMESTAMP';
}

/** That instant; undefined when the row does not tell. */
export function instantOfLease({
  readFrom,
  startAt,
}: Pick<Lease, 'readFrom' | 'startAt'>): number | undefined {
  return readFrom ?? startAt;
}

/**
 * Whether something of the shard was stored, or all of it (which may have been nothing), or the shard has ended.
 * Only then have its parents ended for certain: a child starts after them.
 */
export function hasBegun(lease: Lease): boolean {
  const { sequenceNumber } = lease.checkpoint;
  return (sequenceNumber !== 'TRIM_HORIZON' && !startsAtInstant(lease)) || lease.caughtUpAt !== undefined;
}
