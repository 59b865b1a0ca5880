import type { ObservedLease } from './census';
import { hasBegun, isFinished, type Lease } from './lease';

/**
 * A finished row stays so many times failoverTime after its last change (source: KCL `LeaseCleanupConfig`, 5 minutes
 * between two rounds). The creation of a row may be long under way, in the network or in a process that was paused:
 * arriving after the deletion it would bring the row back, and the shard, with its ancestors, would be read again.
 */
const KEPT_FAILOVERS = 30;

/**
 * Rows that nobody needs any more (source: KCL `LeaseCleanupManager`): the shard was read to its end, every child
 * has a row and has begun, so that no start can fall back behind it, and the rows of its own parents are gone; or it
 * is an anchor and another row holds its instant. A row that a live owner still renews is that owner's to delete.
 * @param failoverTime milliseconds
 */
export function leasesToDelete(observed: readonly ObservedLease[], failoverTime: number): string[] {
  const finished = longFinished(observed, failoverTime);
  if (finished.length === 0) {
    return [];
  }
  const leases = new Map(observed.map(({ lease }) => [lease.shardId, lease]));
  const begun = begunChildren(finished, leases);
  return finished
    .filter(({ parentShardIds }) => !parentShardIds.some((parent) => leases.has(parent)))
    .filter((lease) => (lease.anchor ? isHeldElsewhere(lease, observed) : begun.get(lease.shardId) === true))
    .map(({ shardId }) => shardId);
}

/**
 * Rows of shards that have passed their retention. What was not read of them is gone; an unfinished one is first
 * taken and finished by whoever finds out, so that its children start.
 * @param listed every shard that Kinesis names
 */
export function vanishedLeases(
  observed: readonly ObservedLease[],
  failoverTime: number,
  listed: ReadonlyMap<string, unknown>,
): string[] {
  return longFinished(observed, failoverTime)
    .filter(({ shardId, anchor }) => !anchor && !listed.has(shardId))
    .map(({ shardId }) => shardId);
}

/** Finished rows old enough to be deleted. */
export function longFinished(observed: readonly ObservedLease[], failoverTime: number): Lease[] {
  const age = KEPT_FAILOVERS * failoverTime;
  return observed
    .filter(({ lease, unchangedFor }) => unchangedFor >= age && isFinished(lease))
    .map(({ lease }) => lease);
}

/** Of each of `parents` that has children: whether every child has a row and has begun. */
function begunChildren(
  parents: readonly Lease[],
  leases: ReadonlyMap<string, Lease>,
): ReadonlyMap<string, boolean> {
  const begun = new Map<string, boolean>();
  const add = (parent: string, child: Lease | undefined): void => {
    begun.set(parent, begun.get(parent) !== false && child !== undefined && hasBegun(child));
  };
  for (const { shardId, childShardIds } of parents) {
    for (const child of childShardIds) {
      add(shardId, leases.get(child));
    }
  }
  for (const child of leases.values()) {
    for (const parent of child.parentShardIds) {
      add(parent, child);
    }
  }
  return begun;
}

function isHeldElsewhere({ shardId, startAt }: Lease, observed: readonly ObservedLease[]): boolean {
  return observed.some(({ lease }) => lease.shardId !== shardId && lease.startAt === startAt);
}
