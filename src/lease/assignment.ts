import { shuffled } from '../util/random';
import type { AssignmentRules, LeaseCensus, ObservedLease } from './census';
import { hasBegun, isFinished, type Lease, type OwnedLease } from './lease';
import { leaseKey } from './row-key';

/**
 * The leases that this worker should take now, in this order (source: KCL `DynamoDBLeaseTaker.computeLeasesToTake`):
 * up to its share, ceil(leases / sharers), of those that nobody holds or whose owner is dead; those nobody took for
 * 3 × failoverTime even beyond its share; never more than `maxLeases` in all.
 *
 * Finished leases are left out, where the KCL goes on renewing them until they are deleted: they have nothing to
 * read, and would count in every share.
 */
export function leasesToTake(census: LeaseCensus, rules: Pick<AssignmentRules, 'random'>): Lease[] {
  const { wanted, available, veryOld, needed, room } = census;
  if (available.length === 0 || room === 0) {
    return [];
  }
  const depths = depthsOf(wanted);
  const depthOf = ({ lease }: ObservedLease): number => depths.get(lease.key) ?? 0;
  // Whether an ancestor without a row is still to be waited for is not known here. When there is not room for all,
  // who may wait for one goes behind who does not, older shards (their ids count upwards) before younger ones.
  const ageOf = ({ lease }: ObservedLease): string =>
    room >= available.length || hasBegun(lease) || lease.parentShardIds.length === 0 ? '' : lease.shardId;
  const order = shuffled(rules.random, available).sort(
    (a, b) => depthOf(a) - depthOf(b) || (ageOf(a) < ageOf(b) ? -1 : ageOf(a) > ageOf(b) ? 1 : 0),
  );
  const old = new Set(veryOld);
  const first = order.filter((one) => old.has(one));
  const rest = order.filter((one) => !old.has(one));
  const withinShare = Math.max(0, needed - first.length);
  return [...first, ...rest.slice(0, withinShare)].slice(0, room).map(({ lease }) => lease);
}

export interface LeasesToMove {
  /** To ask their owners for, in this order: workers of ours. */
  readonly ask: readonly OwnedLease[];
  /** To take from a worker of the KCL, which cannot be asked; one at a time, as the KCL does it. */
  readonly steal: OwnedLease | undefined;
}

/**
 * The leases that should move from other workers to this one; none while there are any to be had otherwise. One by
 * one from the most loaded worker, as the KCL does it (source: `DynamoDBLeaseTaker.chooseLeasesToSteal`), with one
 * rule beside: while another of the sharers has less than floor(leases / sharers), nobody takes more than that. So a
 * worker that got a lease in this way never has to give one away again until workers come or go.
 *
 * Not shuffled: two workers that ask at the same time meet at the same lease, and the one that comes second learns
 * of the other instead of asking for more than there is to share.
 * @param limit hand-overs that may begin now
 */
export function leasesToMove(
  census: LeaseCensus,
  { worker }: Pick<AssignmentRules, 'worker'>,
  limit: number,
): LeasesToMove {
  const ask: OwnedLease[] = [];
  if (census.available.length > 0) {
    return { ask, steal: undefined };
  }
  const { least, sharers } = census;
  const loads = new Map(census.loads);
  loads.delete(worker);
  const askable = new Map(Array.from(census.askable, ([owner, leases]) => [owner, leases.slice()]));
  const last = census.mine + Math.min(census.needed, census.room, limit);
  for (let mine = census.mine; mine < last; mine++) {
    if (mine >= least && [...loads].some(([owner, load]) => load < least && sharers.has(owner))) {
      break;
    }
    const victim = mostLoaded(loads, askable);
    const lease = victim === undefined ? undefined : askable.get(victim)?.shift();
    const load = (victim === undefined ? undefined : loads.get(victim)) ?? 0;
    if (victim === undefined || lease === undefined || load < mine + 2) {
      break;
    }
    if (!lease.ours) {
      return { ask, steal: lease };
    }
    ask.push(lease);
    loads.set(victim, load - 1);
  }
  return { ask, steal: undefined };
}

/** Among the workers that have anything to ask for. */
function mostLoaded(
  loads: ReadonlyMap<string, number>,
  askable: ReadonlyMap<string, readonly OwnedLease[]>,
): string | undefined {
  let most: string | undefined;
  for (const [owner, leases] of askable) {
    const load = loads.get(owner) ?? 0;
    const top = most === undefined ? -1 : (loads.get(most) ?? 0);
    if (leases.length > 0 && (load > top || (load === top && most !== undefined && owner < most))) {
      most = owner;
    }
  }
  return most;
}

/** Rows that name this worker though it does not hold them: a take whose answer was lost, or a lease that ran out. */
export function leasesToAdopt(
  leases: readonly Lease[],
  rules: Pick<AssignmentRules, 'worker' | 'isWanted'>,
  isHeld: (key: string) => boolean,
): Lease[] {
  return leases.filter(
    (lease) =>
      lease.owner === rules.worker && !isFinished(lease) && rules.isWanted(lease) && !isHeld(lease.key),
  );
}

/**
 * How many unfinished ancestors each lease waits for. Ancestors are taken first: they hold unread data of closed
 * shards, and with few leases allowed a child must not occupy the place of the parent it waits for.
 */
function depthsOf(leases: readonly ObservedLease[]): ReadonlyMap<string, number> {
  const parents = new Map(
    leases.map(({ lease: { key, stream, parentShardIds } }) => [
      key,
      parentShardIds.map((id) => leaseKey(stream, id)),
    ]),
  );
  const depths = new Map<string, number>();
  // A stack of its own: generations of shards may be deeper than that of the calls. A shard is on it twice, for
  // its parents to be looked at before it, and ends the walk where a row names itself as an ancestor.
  const stack = [...parents.keys()];
  for (let key = stack.pop(); key !== undefined; key = stack.pop()) {
    const unfinished = (parents.get(key) ?? []).filter((id) => parents.has(id));
    const isNew = !depths.has(key);
    depths.set(key, Math.max(0, ...unfinished.map((id) => (depths.get(id) ?? 0) + 1)));
    if (isNew && unfinished.some((id) => !depths.has(id))) {
      stack.push(key, ...unfinished.filter((id) => !depths.has(id)));
    }
  }
  return depths;
}
