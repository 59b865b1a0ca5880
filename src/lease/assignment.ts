import { type Random, shuffled } from '../util/random';
import { hasBegun, isFinished, type Lease } from './lease';

/** A lease and for how long its row has shown the same owner and counter. */
export interface ObservedLease {
  readonly lease: Lease;
  /** Milliseconds on the observer's monotonic clock. */
  readonly unchangedFor: number;
}

export interface AssignmentRules {
  /** Worker id of the one who asks. */
  readonly worker: string;
  /** Milliseconds. */
  readonly failoverTime: number;
  readonly maxLeases: number;
  /** Limits the source to some shards. */
  readonly isWanted: (shardId: string) => boolean;
  /** Spreads workers that ask at the same time over different leases. */
  readonly random: Random;
}

/** Source: KCL `LeaseManagementConfig.veryOldLeaseDurationNanosMultiplier`. */
const VERY_OLD_FAILOVERS = 3;

/** An owned lease whose owner gave no sign of life for failoverTime. No clock of another machine is believed. */
export function isExpired({ lease, unchangedFor }: ObservedLease, failoverTime: number): boolean {
  return lease.owner !== undefined && unchangedFor >= failoverTime;
}

/** The table as one worker sees it; finished and unwanted leases are left out. */
export interface LeaseCensus {
  readonly wanted: readonly ObservedLease[];
  /** Those that nobody holds or whose owner is dead. */
  readonly available: readonly ObservedLease[];
  /** Those among them that nobody took for 3 × failoverTime. */
  readonly veryOld: readonly ObservedLease[];
  /** Workers alive that hold any, the one who asks included. */
  readonly workers: number;
  /** Leases whose row names the one who asks. */
  readonly mine: number;
  /** Leases that the one who asks lacks of its share, ceil(wanted / workers). */
  readonly needed: number;
  /** Leases of its share that `maxLeases` keeps it from taking. */
  readonly spillover: number;
}

export function takeCensus(observed: readonly ObservedLease[], rules: AssignmentRules): LeaseCensus {
  const { worker, failoverTime } = rules;
  const wanted = observed.filter(({ lease }) => !isFinished(lease) && rules.isWanted(lease.shardId));
  const workers = new Set([worker]);
  let mine = 0;
  const available: ObservedLease[] = [];
  for (const one of wanted) {
    const { owner } = one.lease;
    if (owner === worker) {
      mine++;
    } else if (owner === undefined || isExpired(one, failoverTime)) {
      available.push(one);
    } else {
      workers.add(owner);
    }
  }
  const share = Math.ceil(wanted.length / workers.size);
  return {
    wanted,
    available,
    veryOld: available.filter(({ unchangedFor }) => unchangedFor >= VERY_OLD_FAILOVERS * failoverTime),
    workers: workers.size,
    mine,
    needed: Math.max(0, share - mine),
    spillover: Math.max(0, share - rules.maxLeases),
  };
}

/**
 * The leases that this worker should take now, in this order (source: KCL `DynamoDBLeaseTaker.computeLeasesToTake`,
 * without stealing): up to its share, ceil(leases / workers), of those that nobody holds or whose owner is dead;
 * those nobody took for 3 × failoverTime even beyond its share; never more than `maxLeases` in all.
 *
 * Finished leases are left out, where the KCL goes on renewing them until they are deleted: they have nothing to
 * read, and would count in every share.
 */
export function leasesToTake(observed: readonly ObservedLease[], rules: AssignmentRules): Lease[] {
  const { wanted, available, veryOld, mine, needed } = takeCensus(observed, rules);
  const depths = depthsOf(wanted);
  const depthOf = ({ lease }: ObservedLease): number => depths.get(lease.shardId) ?? 0;
  const room = Math.max(0, rules.maxLeases - mine);
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

/** Rows that name this worker though it does not hold them: a take whose answer was lost, or a lease that ran out. */
export function leasesToAdopt(
  leases: readonly Lease[],
  rules: Pick<AssignmentRules, 'worker' | 'isWanted'>,
  isHeld: (shardId: string) => boolean,
): Lease[] {
  return leases.filter(
    (lease) =>
      lease.owner === rules.worker &&
      !isFinished(lease) &&
      rules.isWanted(lease.shardId) &&
      !isHeld(lease.shardId),
  );
}

/**
 * How many unfinished ancestors each lease waits for. Ancestors are taken first: they hold unread data of closed
 * shards, and with few leases allowed a child must not occupy the place of the parent it waits for.
 */
function depthsOf(leases: readonly ObservedLease[]): ReadonlyMap<string, number> {
  const parents = new Map(leases.map(({ lease }) => [lease.shardId, lease.parentShardIds]));
  const depths = new Map<string, number>();
  const depthOf = (shardId: string): number => {
    const known = depths.get(shardId);
    if (known !== undefined) {
      return known;
    }
    depths.set(shardId, 0); // ends the walk on a row that names itself as an ancestor
    const unfinished = (parents.get(shardId) ?? []).filter((id) => parents.has(id));
    const depth = unfinished.reduce((deepest, id) => Math.max(deepest, depthOf(id) + 1), 0);
    depths.set(shardId, depth);
    return depth;
  };
  for (const shardId of parents.keys()) {
    depthOf(shardId);
  }
  return depths;
}
