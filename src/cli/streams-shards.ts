import type { ExploredShard } from '../explore/explored-shard';
import { isFinished, type Lease } from '../lease/lease';
import { format } from '../stream/extended-sequence-number';
import { instantInWords, shardInWords, spanInWords } from './humane';
import { storedUpTo } from './stream-leases';
import { printable } from './terminal-text';
import { textTable } from './text-table';

/** A shard, and its lease where one is looked for: null when there is none. */
export interface ShardRow {
  readonly shard: ExploredShard;
  readonly lease: Lease | null | undefined;
}

/** @param leases of that stream; undefined when nobody's are looked for */
export function shardRows(
  shards: readonly ExploredShard[],
  leases: readonly Lease[] | undefined,
): ShardRow[] {
  const byShard = new Map(leases?.map((lease) => [lease.shardId, lease]));
  return shards.map((shard) => ({
    shard,
    lease: leases === undefined ? undefined : (byShard.get(shard.shardId) ?? null),
  }));
}

/** @param now milliseconds since the epoch */
export function shardsForScripts(rows: readonly ShardRow[], now: number): unknown {
  return rows.map(({ shard, lease }) => {
    const { createdAt, ...rest } = shard;
    const created = createdAt === undefined ? {} : { createdAt: new Date(createdAt).toISOString() };
    return { ...rest, ...created, ...(lease !== undefined && { lease: leaseForScripts(lease, now) }) };
  });
}

function leaseForScripts(lease: Lease | null, now: number): unknown {
  if (lease === null) {
    return null;
  }
  const stored = storedUpTo(lease);
  return {
    ...(lease.owner !== undefined && { owner: lease.owner }),
    checkpoint: lease.checkpoint,
    ...(stored !== undefined && { millisBehindAtMost: Math.max(0, now - stored) }),
  };
}

/**
 * Shards for people, parents first.
 * @param now milliseconds since the epoch
 * @param wide also what is too long for a terminal
 */
export function tableOfShards(rows: readonly ShardRow[], now: number, wide = false): string {
  const withLeases = rows.some(({ lease }) => lease !== undefined);
  return textTable([
    [
      'SHARD',
      'STATE',
      'SHARE',
      'PARENTS',
      'CHILDREN',
      'CREATED (UTC)',
      ...(withLeases ? ['OWNER', 'READ', ...(wide ? ['CHECKPOINT'] : [])] : []),
      ...(wide ? ['HASH KEYS', 'SEQUENCE NUMBERS'] : []),
    ],
    ...rows.map(({ shard, lease }) => [
      shardInWords(shard.shardId),
      shard.open ? 'open' : 'closed',
      percent(shard.share),
      shard.parents.map(shardInWords).join(' '),
      shard.children.map(shardInWords).join(' '),
      shard.createdAt === undefined ? '' : instantInWords(shard.createdAt).slice(0, 19),
      ...(withLeases ? leaseCells(lease ?? null, now, wide) : []),
      ...(wide
        ? [
            `${shard.startingHashKey}-${shard.endingHashKey}`,
            `${shard.startingSequenceNumber}-${shard.endingSequenceNumber ?? ''}`,
          ]
        : []),
    ]),
  ]);
}

function leaseCells(lease: Lease | null, now: number, wide: boolean): string[] {
  if (lease === null) {
    return ['no lease', '', ...(wide ? [''] : [])];
  }
  const checkpoint = format(lease.checkpoint);
  const owner = lease.owner ?? (isFinished(lease) ? '' : 'nobody');
  return [printable(owner), readInWords(lease, now), ...(wide ? [checkpoint] : [])];
}

function readInWords(lease: Lease, now: number): string {
  const stored = storedUpTo(lease);
  if (stored !== undefined) {
    return `at most ${spanInWords(now - stored)} behind`;
  }
  return isFinished(lease) ? 'finished' : lease.checkpoint.sequenceNumber;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
