import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import { instantOfLease, type Lease, startsAtInstant } from './lease';
import { NUMBERING_ATTRIBUTES, type RowNumbering, setNumbering, setOrdinal } from './row-numbering';
import { number, text, texts, UpdateBuilder } from './update-builder';

/** What an owner's write changes beside the counter. */
export interface OwnerChange {
  /** Absent: stays. The caller has made sure that it only moves forward. */
  readonly checkpoint?: ExtendedSequenceNumber;
  /** Of the checkpoint: see RowNumbering. */
  readonly ordinal?: number;
  /** What begins with this write, its ordinal that of the checkpoint as it is after it. */
  readonly numbering?: RowNumbering;
  /** Takes the row's numbering away. */
  readonly unnumbered?: boolean;
  /** Milliseconds since the epoch, service time. */
  readonly caughtUpAt?: number;
  readonly childShardIds?: readonly string[];
  /** Id of the request for a hand-over that this write answers. */
  readonly draining?: string;
  /** Gives the lease up in the same write; to whom, the row goes on saying. */
  readonly release?: boolean;
}

/** Attributes that end with a tenure. checkpointOwner: a KCL 3.x worker would see a hand-over still open in it. */
export const REMOVED_ON_TAKE = ['checkpointOwner', 'handoffTo', 'handoffId', 'draining'];
/** What a hand-over leaves behind when the lease is given up: `handoffTo`. Of a finished one, nothing. */
export const REMOVED_ON_RELEASE = ['leaseOwner', 'kind', 'handoffId', 'draining'];
/** A prepared checkpoint is settled by the next one. Source: KCL, DynamoDBLeaseSerializer.getDynamoUpdateLeaseUpdate. */
export const REMOVED_ON_CHECKPOINT = [
  'pendingCheckpoint',
  'pendingCheckpointSubSequenceNumber',
  'pendingCheckpointState',
];

/**
 * Makes `worker` the owner of the lease as it was seen: same counter, same owner or none.
 * @param startAt kept on a row that starts at an instant without naming it, as Java's rows do, so that it is the
 * same instant for every later holder
 */
export function takeInput(
  tableName: string,
  seen: Lease,
  worker: string,
  startAt: number | undefined,
): UpdateItemCommandInput {
  const update = new UpdateBuilder();
  update.whenSeen(seen);
  update.set('leaseOwner', text(worker));
  update.set('kind', text(worker));
  update.add('leaseCounter', number(1));
  if (seen.owner !== undefined && seen.owner !== worker) {
    update.add('ownerSwitchesSinceCheckpoint', number(1));
  }
  if (startAt !== undefined && instantOfLease(seen) === undefined && startsAtInstant(seen)) {
    update.set('startAt', number(startAt));
  }
  update.remove(...REMOVED_ON_TAKE);
  const ofKcl = seen.owner !== undefined && !seen.ours;
  if (ofKcl && seen.caughtUpAt !== undefined && !startsAtInstant(seen)) {
    // A KCL worker has read since, and has not said until when: what is caught up is not known any more.
    update.remove('caughtUpAt');
  }
  return update.build(tableName, { leaseKey: text(seen.key) });
}

/** A write of the owner: only with owner and counter as held (G4). */
export function ownerInput(
  tableName: string,
  key: string,
  held: { readonly owner: string; readonly counter: number },
  change: OwnerChange,
): UpdateItemCommandInput {
  const update = new UpdateBuilder();
  update.when('leaseOwner', text(held.owner));
  update.when('leaseCounter', number(held.counter));
  update.add('leaseCounter', number(1));
  if (change.checkpoint !== undefined) {
    update.set('checkpoint', text(change.checkpoint.sequenceNumber));
    update.set('checkpointSubSequenceNumber', number(change.checkpoint.subSequenceNumber));
    update.set('ownerSwitchesSinceCheckpoint', number(0));
    update.remove(...REMOVED_ON_CHECKPOINT);
  }
  if (change.unnumbered === true) {
    update.remove(...NUMBERING_ATTRIBUTES);
  } else if (change.numbering !== undefined) {
    setNumbering(update, change.numbering);
  } else if (change.checkpoint !== undefined && change.ordinal !== undefined) {
    setOrdinal(update, change.ordinal, change.checkpoint);
  }
  if (change.caughtUpAt !== undefined) {
    update.set('caughtUpAt', number(change.caughtUpAt));
  }
  if (change.childShardIds !== undefined && change.childShardIds.length > 0) {
    update.set('childShardIds', texts(change.childShardIds));
  }
  if (change.draining !== undefined) {
    update.set('draining', text(change.draining));
  }
  if (change.release === true) {
    update.remove(...REMOVED_ON_RELEASE);
    if (change.checkpoint?.sequenceNumber === 'SHARD_END') {
      update.remove('handoffTo');
    }
  }
  return update.build(tableName, { leaseKey: text(key) });
}
