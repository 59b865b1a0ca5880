import type { ObservedLease } from '../../src/lease/assignment';
import type { Lease } from '../../src/lease/lease';

/** A lease with nothing special about it but `fields`. */
export function leaseOf(
  shardId: string,
  { checkpoint, ...fields }: Partial<Omit<Lease, 'checkpoint'>> & { readonly checkpoint?: string } = {},
): Lease {
  return {
    shardId,
    owner: undefined,
    counter: 0,
    checkpoint: { sequenceNumber: checkpoint ?? 'TRIM_HORIZON', subSequenceNumber: 0 },
    ownerSwitchesSinceCheckpoint: 0,
    parentShardIds: [],
    childShardIds: [],
    hashRange: undefined,
    ours: false,
    startAt: undefined,
    caughtUpAt: undefined,
    streamArn: undefined,
    ...fields,
  };
}

export function observed(lease: Lease, unchangedFor = 0): ObservedLease {
  return { lease, unchangedFor };
}
