import type { AssignmentRules, ObservedLease } from '../../src/lease/census';
import type { Lease } from '../../src/lease/lease';
import { leaseKey } from '../../src/lease/row-key';
import { seededRandom } from '../../src/util/random';

/** Milliseconds, of `assignmentRules`. */
export const FAILOVER = 10_000;
export const TAKE_TIME = 2000;

/** Rules for a worker named `me` that may have any lease. */
export function assignmentRules(overrides: Partial<AssignmentRules> = {}): AssignmentRules {
  return {
    worker: 'me',
    failoverTime: FAILOVER,
    maxLeases: Number.POSITIVE_INFINITY,
    takeTime: TAKE_TIME,
    isWanted: () => true,
    isAskedFor: () => false,
    random: seededRandom(3),
    ...overrides,
  };
}

/** A lease with nothing special about it but `fields`. */
export function leaseOf(
  shardId: string,
  {
    checkpoint,
    stream,
    ...fields
  }: Partial<Omit<Lease, 'checkpoint'>> & { readonly checkpoint?: string } = {},
): Lease {
  return {
    key: leaseKey(stream, shardId),
    stream,
    shardId,
    owner: undefined,
    counter: 0,
    checkpoint: { sequenceNumber: checkpoint ?? 'TRIM_HORIZON', subSequenceNumber: 0 },
    ownerSwitchesSinceCheckpoint: 0,
    parentShardIds: [],
    childShardIds: [],
    hashRange: undefined,
    ours: false,
    handoffTo: undefined,
    handoffId: undefined,
    draining: undefined,
    startAt: undefined,
    readFrom: undefined,
    caughtUpAt: undefined,
    numbering: undefined,
    streamArn: undefined,
    anchor: false,
    ...fields,
  };
}

export function observed(
  lease: Lease,
  unchangedFor = 0,
  requestUnchangedFor = unchangedFor,
  ownerUnchangedFor = unchangedFor,
): ObservedLease {
  return { lease, unchangedFor, requestUnchangedFor, ownerUnchangedFor };
}
