import { ConnectorError } from '../errors';
import {
  type ExtendedSequenceNumber,
  extendedSequenceNumber,
  TRIM_HORIZON,
} from './extended-sequence-number';
import type { FixedPosition, ShardFilter } from './iterator-position';
import type { Shard } from './shard';
import { isOpen, parentIds, shardGraph } from './shard-graph';

/** Where reading starts. LATEST carries the instant at which it was frozen, so that it never means another one. */
export type StartPosition =
  | { readonly type: 'TRIM_HORIZON' }
  /** Service time, milliseconds since the epoch. */
  | { readonly type: 'LATEST'; readonly startAt: number }
  /** Milliseconds since the epoch. */
  | { readonly type: 'AT_TIMESTAMP'; readonly timestamp: number };

/** A lease that should stand in the table. */
export interface StartLease {
  readonly shard: Shard;
  readonly checkpoint: ExtendedSequenceNumber;
  /** Ids of the parents, listed or not: `parentShardId` of the row. */
  readonly parents: readonly string[];
}

/** What a lease row tells about its shard. */
export interface LeaseState {
  /** The checkpoint is SHARD_END. */
  readonly finished: boolean;
}

/**
 * LATEST as an instant. The Date header has whole seconds, so it may lie before a stream created in that second.
 * @param serviceTime Date header of an answer that came before the first ListShards, milliseconds since the epoch.
 * @param createdAt creation of the stream, milliseconds since the epoch.
 */
export function frozenLatest(serviceTime: number, createdAt: number): StartPosition {
  return { type: 'LATEST', startAt: Math.max(serviceTime, createdAt) };
}

/**
 * Filter of the ListShards that names the shards reading starts with. Before the trim horizon no shard was open
 * that is still listed: there an instant means the horizon itself.
 * @param horizon the later of the stream's creation and now − retention, milliseconds since the epoch.
 */
export function startFilter(start: StartPosition, horizon: number): ShardFilter {
  const timestamp = instantOf(start);
  return timestamp === undefined || timestamp <= horizon
    ? { type: 'AT_TRIM_HORIZON' }
    : { type: 'AT_TIMESTAMP', timestamp };
}

/**
 * Leases of an empty table, parents first: one for each shard that was open at the start, none for descendants,
 * which come when their parents end (source: KCL `EmptyLeaseTableSynchronizer`).
 * @param listed answer to ListShards with `startFilter`. AWS lists no child beside its parent then; services that
 * do are corrected here.
 */
export function initialLeases(listed: readonly Shard[], start: StartPosition): StartLease[] {
  return shardGraph(listed).roots.map((shard) => lease(shard, startCheckpoint(start)));
}

/**
 * Leases that a table in use lacks, parents first: for every open shard without a lease the oldest ancestors that
 * lead to it and have none (source: KCL `NonEmptyLeaseTableSynchronizer`, with LATEST taken as its instant).
 * A shard below unfinished leases is not missing: it is created when they end.
 * @param shards ListShards without a filter.
 * @param leases every lease row, by shard id.
 * @param openAtStart `startShards` of those that ListShards names with `startFilter`: what lies before them is not
 * wanted. Absent for TRIM_HORIZON.
 */
export function missingLeases(
  shards: readonly Shard[],
  leases: ReadonlyMap<string, LeaseState>,
  start: StartPosition,
  openAtStart: ReadonlySet<string> = new Set(),
): StartLease[] {
  const graph = shardGraph(shards);
  const missing = new Map<string, StartLease>();
  const seen = new Set<string>();
  // A stack of its own: generations of shards may be deeper than that of the calls.
  const stack = graph.parentsFirst.filter(isOpen);
  for (let shard = stack.pop(); shard !== undefined; shard = stack.pop()) {
    if (seen.has(shard.shardId) || leases.has(shard.shardId)) {
      continue;
    }
    seen.add(shard.shardId);
    const atStart = openAtStart.has(shard.shardId);
    const leasedParents = parentIds(shard).flatMap((id) => leases.get(id) ?? []);
    const unleasedParents = atStart
      ? []
      : graph.parentsOf(shard).filter(({ shardId }) => !leases.has(shardId));
    if (unleasedParents.length > 0) {
      stack.push(...unleasedParents);
    } else if (leasedParents.every(({ finished }) => finished)) {
      missing.set(
        shard.shardId,
        lease(shard, leasedParents.length > 0 ? TRIM_HORIZON : startCheckpoint(start)),
      );
    }
  }
  return graph.parentsFirst.flatMap(({ shardId }) => missing.get(shardId) ?? []);
}

/**
 * The shards among `openAtStart` with which reading starts: what descends from a leased shard is read behind it,
 * also when the start was frozen long after that lease was made (rows of a KCL worker name no instant).
 * @param shards ListShards without a filter.
 */
export function startShards(
  shards: Iterable<Shard>,
  leases: ReadonlyMap<string, LeaseState>,
  openAtStart: Iterable<string>,
): Set<string> {
  const behindLeases = new Set<string>();
  for (const shard of shardGraph([...shards]).parentsFirst) {
    if (parentIds(shard).some((id) => leases.has(id) || behindLeases.has(id))) {
      behindLeases.add(shard.shardId);
    }
  }
  return new Set([...openAtStart].filter((id) => !behindLeases.has(id)));
}

/**
 * Where the first iterator of a lease starts: AT the record of a numeric checkpoint, because an aggregate may be
 * half confirmed (source: KCL `KinesisDataFetcher`).
 * @param startAt the instant that LATEST and AT_TIMESTAMP mean, milliseconds since the epoch. Undefined: that of
 * AT_TIMESTAMP is lost (the KCL does not store it), and nothing that is there may be left out.
 * @throws ConnectorError ILLEGAL_STATE for SHARD_END, which has nothing to read, and for LATEST without its instant;
 * CHECKPOINT_INVALID
 */
export function iteratorPosition(
  checkpoint: ExtendedSequenceNumber,
  startAt: number | undefined,
): FixedPosition {
  const { sequenceNumber } = extendedSequenceNumber(checkpoint.sequenceNumber, checkpoint.subSequenceNumber);
  switch (sequenceNumber) {
    case 'TRIM_HORIZON':
      return { type: 'TRIM_HORIZON' };
    case 'AT_TIMESTAMP':
    case 'LATEST':
      if (startAt !== undefined) {
        return { type: 'AT_TIMESTAMP', timestamp: startAt };
      }
      if (sequenceNumber === 'AT_TIMESTAMP') {
        return { type: 'TRIM_HORIZON' };
      }
      throw new ConnectorError('ILLEGAL_STATE', 'the instant of a lease at LATEST is not known');
    case 'SHARD_END':
      throw new ConnectorError('ILLEGAL_STATE', 'a finished shard has no position to read from');
    default:
      return { type: 'AT_SEQUENCE_NUMBER', sequenceNumber };
  }
}

/** Milliseconds since the epoch; undefined for the trim horizon. */
export function instantOf(start: StartPosition): number | undefined {
  switch (start.type) {
    case 'TRIM_HORIZON':
      return undefined;
    case 'LATEST':
      return start.startAt;
    case 'AT_TIMESTAMP':
      return start.timestamp;
  }
}

/** The row keeps the user's word, LATEST included: Java workers read it. */
function startCheckpoint(start: StartPosition): ExtendedSequenceNumber {
  return extendedSequenceNumber(start.type);
}

function lease(shard: Shard, checkpoint: ExtendedSequenceNumber): StartLease {
  return { shard, checkpoint, parents: parentIds(shard) };
}
