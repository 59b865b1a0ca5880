import { ConnectorError } from '../errors';
import { compareSequenceNumbers } from './extended-sequence-number';
import type { Shard } from './shard';

/** Who came from whom among the shards of one listing; made by `shardGraph`. */
export interface ShardGraph {
  readonly shards: ReadonlyMap<string, Shard>;
  /** Every shard behind its parents; within a generation by starting sequence number, then by id. */
  readonly parentsFirst: readonly Shard[];
  /** Shards none of whose parents is listed: the oldest that are retained. */
  readonly roots: readonly Shard[];
  /** Listed parents: none, one (split) or two (merge). */
  parentsOf(shard: Shard): readonly Shard[];
  /** Listed children. */
  childrenOf(shardId: string): readonly Shard[];
}

/** Ids of the parents, listed or not. */
export function parentIds(shard: Shard): readonly string[] {
  const ids: string[] = [];
  if (shard.parentShardId !== undefined) {
    ids.push(shard.parentShardId);
  }
  if (shard.adjacentParentShardId !== undefined) {
    ids.push(shard.adjacentParentShardId);
  }
  return ids;
}

/** Whether the shard still takes records. */
export function isOpen(shard: Shard): boolean {
  return shard.endingSequenceNumber === undefined;
}

/**
 * @param shards all pages of one ListShards.
 * @throws ConnectorError KINESIS_LISTING_INCONSISTENT when an open shard has an open parent (source: KCL
 * `HierarchicalShardSyncer.assertAllParentShardsAreClosed`), or shards descend from themselves.
 */
export function shardGraph(shards: readonly Shard[]): ShardGraph {
  const byId = new Map(shards.map((shard) => [shard.shardId, shard]));
  const parents = new Map<string, Shard[]>();
  const children = new Map<string, Shard[]>();
  for (const shard of byId.values()) {
    const listed = parentIds(shard).flatMap((id) => byId.get(id) ?? []);
    parents.set(shard.shardId, listed);
    for (const parent of listed) {
      if (isOpen(shard) && isOpen(parent)) {
        throw inconsistent(`open shard ${shard.shardId} has the open parent ${parent.shardId}`);
      }
      const siblings = children.get(parent.shardId);
      if (siblings === undefined) {
        children.set(parent.shardId, [shard]);
      } else {
        siblings.push(shard);
      }
    }
  }
  const parentsOf = (shard: Shard): readonly Shard[] => parents.get(shard.shardId) ?? [];
  const childrenOf = (shardId: string): readonly Shard[] => children.get(shardId) ?? [];
  const parentsFirst = inGenerations([...byId.values()], parentsOf, childrenOf);
  return {
    shards: byId,
    parentsFirst,
    roots: parentsFirst.filter((shard) => parentsOf(shard).length === 0),
    parentsOf,
    childrenOf,
  };
}

/** Kahn's algorithm, a generation at a time. */
function inGenerations(
  shards: readonly Shard[],
  parentsOf: (shard: Shard) => readonly Shard[],
  childrenOf: (shardId: string) => readonly Shard[],
): Shard[] {
  const waitingFor = new Map(shards.map((shard) => [shard.shardId, parentsOf(shard).length]));
  const ordered: Shard[] = [];
  let generation = shards.filter((shard) => waitingFor.get(shard.shardId) === 0);
  while (generation.length > 0) {
    ordered.push(...generation.sort(byAge));
    const freed: Shard[] = [];
    for (const child of generation.flatMap(({ shardId }) => childrenOf(shardId))) {
      const left = (waitingFor.get(child.shardId) ?? 0) - 1;
      waitingFor.set(child.shardId, left);
      if (left === 0) {
        freed.push(child);
      }
    }
    generation = freed;
  }
  if (ordered.length < shards.length) {
    const stuck = shards.filter((shard) => (waitingFor.get(shard.shardId) ?? 0) > 0);
    throw inconsistent(`shards descend from themselves: ${stuck.map((shard) => shard.shardId).join(', ')}`);
  }
  return ordered;
}

function byAge(a: Shard, b: Shard): number {
  return (
    compareSequenceNumbers(a.startingSequenceNumber, b.startingSequenceNumber) ||
    (a.shardId < b.shardId ? -1 : 1)
  );
}

function inconsistent(found: string): ConnectorError {
  return new ConnectorError('KINESIS_LISTING_INCONSISTENT', 'the listing of shards contradicts itself', {
    found,
  });
}
