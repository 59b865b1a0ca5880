import type { Random } from '../util/random';
import { isFinished, type Lease, type OwnedLease } from './lease';

/** A lease and for how long its row has looked as it does; milliseconds on the observer's monotonic clock. */
export interface ObservedLease {
  readonly lease: Lease;
  /** Same owner, same counter. */
  readonly unchangedFor: number;
  /** Same owner, or none. */
  readonly ownerUnchangedFor: number;
  /** Same request for a hand-over, or none. */
  readonly requestUnchangedFor: number;
}

export interface AssignmentRules {
  /** Worker id of the one who asks. */
  readonly worker: string;
  /** Milliseconds. */
  readonly failoverTime: number;
  readonly maxLeases: number;
  /** Milliseconds within which every worker looks at the table, and takes what it lacks of its share. */
  readonly takeTime: number;
  /** Limits the source to some streams and shards. */
  readonly isWanted: (lease: Lease) => boolean;
  /** Whether this worker follows a hand-over of that lease to itself. */
  readonly isAskedFor: (key: string) => boolean;
  /** Spreads workers that take at the same time over different leases. */
  readonly random: Random;
}

/** Source: KCL `LeaseManagementConfig.veryOldLeaseDurationNanosMultiplier`. */
const VERY_OLD_FAILOVERS = 3;

/** Milliseconds for which a lease that was given up to one worker is left alone by the others. */
export const RESERVED_MS = 2000;

/** An owned lease whose owner gave no sign of life for failoverTime. No clock of another machine is believed. */
export function isExpired({ lease, unchangedFor }: ObservedLease, failoverTime: number): boolean {
  return lease.owner !== undefined && unchangedFor >= failoverTime;
}

/**
 * The worker that has the lease, or will have it: a live request counts for the one who asked, so that several
 * askers, or one over several scans, never ask for too much. Undefined when anybody may take it.
 */
export function effectiveOwner(one: ObservedLease, rules: AssignmentRules): string | undefined {
  const { lease, unchangedFor, requestUnchangedFor } = one;
  const { worker, failoverTime } = rules;
  if (lease.owner !== undefined && lease.owner !== worker && isExpired(one, failoverTime)) {
    return undefined;
  }
  if (lease.owner !== worker && rules.isAskedFor(lease.key)) {
    return worker;
  }
  if (lease.owner === undefined) {
    return lease.handoffTo !== worker && unchangedFor < RESERVED_MS ? lease.handoffTo : undefined;
  }
  // A worker of the KCL that took the row has left what a hand-over wrote into it.
  const requested = lease.ours && lease.handoffId !== undefined && requestUnchangedFor < failoverTime;
  return (requested ? lease.handoffTo : undefined) ?? lease.owner;
}

/**
 * The table as one worker sees it; finished and unwanted leases are left out.
 *
 * Leases are shared out among all workers. Nobody knows which of them may have no more, by maxLeases or because they
 * read some shards only. But when nobody else has got a lease, or asked for one, for so long that whoever lacks one
 * would have, then those that have less than the one who asks are content, and it shares with the others only.
 */
export interface LeaseCensus {
  readonly wanted: readonly ObservedLease[];
  /** Those that anybody may take: nobody holds them, or their owner is dead. */
  readonly available: readonly ObservedLease[];
  /** Those among them that nobody took for 3 × failoverTime. */
  readonly veryOld: readonly ObservedLease[];
  /** Leases by effective owner: every worker alive that has or had any, and the one who asks. */
  readonly loads: ReadonlyMap<string, number>;
  /** The workers among which leases are shared out, the one who asks included. */
  readonly sharers: ReadonlySet<string>;
  /** Leases of others by effective owner, those that may be asked for or stolen, in the order of their keys. */
  readonly askable: ReadonlyMap<string, readonly OwnedLease[]>;
  /** Leases of the one who asks. */
  readonly mine: number;
  /** Leases that each of the sharers has, at least, when all have their share. */
  readonly least: number;
  /** Leases that the one who asks lacks of its share. */
  readonly needed: number;
  /** Leases that it may take before it has `maxLeases`, counting what it still holds and what it has asked for. */
  readonly room: number;
  /** Leases of its share that `maxLeases` keeps it from taking. */
  readonly spillover: number;
}

export function takeCensus(observed: readonly ObservedLease[], rules: AssignmentRules): LeaseCensus {
  const { worker, failoverTime, takeTime, maxLeases } = rules;
  const restTime = VERY_OLD_FAILOVERS * failoverTime;
  const wanted = observed.filter(({ lease }) => !isFinished(lease) && rules.isWanted(lease));
  const loads = new Map([[worker, 0]]);
  const askable = new Map<string, OwnedLease[]>();
  const available: ObservedLease[] = [];
  let occupied = 0;
  for (const one of wanted) {
    const { lease } = one;
    const owner = effectiveOwner(one, rules);
    if (owner === undefined) {
      available.push(one);
      continue;
    }
    loads.set(owner, (loads.get(owner) ?? 0) + 1);
    if (lease.owner !== undefined && lease.owner !== owner) {
      loads.set(lease.owner, loads.get(lease.owner) ?? 0);
    }
    if (owner === worker || lease.owner === worker) {
      occupied++;
    } else if (isOwnedBy(lease, owner)) {
      const of = askable.get(owner) ?? [];
      of.push(lease);
      askable.set(owner, of);
    }
  }
  for (const leases of askable.values()) {
    leases.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
  const mine = loads.get(worker) ?? 0;
  const isAtRest =
    available.length > 0
      ? longestAvailable(available, rules) >= takeTime && othersIdleFor(wanted, rules) >= takeTime
      : othersIdleFor(wanted, rules) >= restTime;
  const sharers = [...loads].filter(([, load]) => !isAtRest || load >= mine);
  const shared = sharers.reduce((sum, [, load]) => sum + load, available.length);
  const share = Math.ceil(shared / sharers.length);
  return {
    wanted,
    available,
    veryOld: available.filter(({ unchangedFor }) => unchangedFor >= restTime),
    loads,
    sharers: new Set(sharers.map(([owner]) => owner)),
    askable,
    mine,
    least: Math.floor(shared / sharers.length),
    needed: Math.max(0, share - mine),
    room: Math.max(0, maxLeases - occupied),
    spillover: Math.max(0, share - maxLeases),
  };
}

/** Milliseconds for which no other worker has got a lease or asked for one. */
function othersIdleFor(wanted: readonly ObservedLease[], rules: AssignmentRules): number {
  let idleFor = Number.POSITIVE_INFINITY;
  for (const one of wanted) {
    const owner = effectiveOwner(one, rules);
    if (owner !== undefined && owner !== rules.worker) {
      idleFor = Math.min(idleFor, one.ownerUnchangedFor, one.requestUnchangedFor);
    }
  }
  return idleFor;
}

/** Milliseconds for which there have been leases that anybody might take. */
function longestAvailable(available: readonly ObservedLease[], { failoverTime }: AssignmentRules): number {
  let longest = 0;
  for (const { lease, unchangedFor } of available) {
    const reserved = lease.handoffTo === undefined ? 0 : RESERVED_MS;
    longest = Math.max(longest, unchangedFor - (lease.owner === undefined ? reserved : failoverTime));
  }
  return longest;
}

function isOwnedBy(lease: Lease, owner: string): lease is OwnedLease {
  return lease.owner === owner;
}
