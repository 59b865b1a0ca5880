import { SHARD_END } from '../stream/extended-sequence-number';
import { instantOfLease, type Lease } from './lease';
import type { NewLease } from './serializer';

/**
 * How workers that start at the same time agree on the one instant that LATEST (or startAtTime) means.
 *
 * The instant stands in one row, the anchor, whose key every worker knows without asking: that of the first shard a
 * stream ever has. A worker that finds the table empty asks for the shards open at an instant of its own, puts the
 * anchor before any other row, on condition that it does not exist, with that instant as `startAt`, and then a row
 * for each of those shards. Whoever finds an anchor, or any other row with a startAt, takes that instant.
 *
 * Why no two instants can come into use. DynamoDB orders the writes of one row, so one anchor wins; every other row
 * is made by somebody who has read an instant in the table, and by induction it is the anchor's. What was open at a
 * past instant never changes, so it does not matter who makes these rows, how often, or after which crash: before
 * the anchor stands nothing does, from then on every start goes on from the table. A creation that a pause has held
 * back finds its row there; one that comes when the row was finished and deleted since would bring it back, which is
 * why rows stay for 30 × failoverTime (cleanup.ts) and a plan is dropped after a third of that (shard-sync.ts).
 *
 * The shard of the anchor was open at the instant: then it is the row of that shard like any other. Or it had closed
 * before, perhaps is not even listed any more: then the row is born finished. Nobody reads it, to us no shard
 * descends from it, and it is deleted once another row holds the instant. A KCL worker takes it for a finished shard
 * and cleans it up. Only when every worker of ours dies between the anchor and the last row, and a KCL worker comes
 * next, may that one start what is missing at TRIM_HORIZON: more is read, nothing is lost.
 *
 * What does not do. The smallest startAt of the table: a smaller one may be on its way. The first shard of a listing
 * as key: it changes when shards are trimmed. A row of a kind of its own: KCL 2.x workers end at it. A transaction:
 * it takes permissions that no KCL worker needed.
 */
export const ANCHOR = 'shardId-000000000000';

/** The row to be put before all others of an empty table. @param rows of the shards open at `startAt` */
export function anchorAmong(rows: readonly NewLease[], startAt: number, streamArn: string): NewLease {
  const bornFinished: NewLease = {
    shardId: ANCHOR,
    checkpoint: SHARD_END,
    parentShardIds: [],
    hashRange: undefined,
    startAt,
    streamArn,
    anchor: true,
  };
  return rows.find(({ shardId }) => shardId === ANCHOR) ?? bornFinished;
}

/**
 * The row that takes the anchor's place in a table of KCL workers, which keep no instant: the first of those that
 * wait at LATEST. Undefined when none does: then everything was begun, and no instant is needed.
 */
export function anchorOfKcl(leases: readonly Lease[]): Lease | undefined {
  return leases
    .filter((lease) => lease.checkpoint.sequenceNumber === 'LATEST' && instantOfLease(lease) === undefined)
    .reduce<Lease | undefined>((a, b) => (a === undefined || b.shardId < a.shardId ? b : a), undefined);
}
