import type { ObservedLease } from './assignment';
import { hasBegun, isFinished } from './lease';

/**
 * A finished row stays so many times failoverTime after its last change (source: KCL `LeaseCleanupConfig`, 5 minutes
 * between two rounds). The creation of a row may be long under way, in the network or in a process that was paused:
 * arriving after the deletion it would bring the row back, and the shard, with its ancestors, would be read again.
 */
const KEPT_FAILOVERS = 30;

/**
 * Rows that nobody needs any more (source: KCL `LeaseCleanupManager`): the shard was read to its end, every child
 * has a row and has begun, so that no start can fall back behind it, and the rows of its own parents are gone.
 * A row that a live owner still renews is that owner's to delete.
 * @param failoverTime milliseconds
 */
export function leasesToDelete(observed: readonly ObservedLease[], failoverTime: number): string[] {
  const leases = new Map(observed.map(({ lease }) => [lease.shardId, lease]));
  const children = new Map<string, Set<string>>();
  for (const { shardId, parentShardIds, childShardIds } of leases.values()) {
    for (const parent of parentShardIds) {
      childrenOf(children, parent).add(shardId);
    }
    for (const child of childShardIds) {
      childrenOf(children, shardId).add(child);
    }
  }
  return observed
    .filter(({ lease }) => isFinished(lease))
    .filter(({ unchangedFor }) => unchangedFor >= KEPT_FAILOVERS * failoverTime)
    .filter(({ lease }) => !lease.parentShardIds.some((parent) => leases.has(parent)))
    .map(({ lease }) => lease.shardId)
    .filter((shardId) => {
      const rows = [...(children.get(shardId) ?? [])].map((child) => leases.get(child));
      return rows.length > 0 && rows.every((row) => row !== undefined && hasBegun(row));
    });
}

function childrenOf(children: Map<string, Set<string>>, parent: string): Set<string> {
  const known = children.get(parent);
  if (known !== undefined) {
    return known;
  }
  const fresh = new Set<string>();
  children.set(parent, fresh);
  return fresh;
}
