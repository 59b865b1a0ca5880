import { invalidArgument } from './account';
import type { Shard } from './shard';
import type { Stream } from './stream';

export interface ShardFilter {
  readonly Type:
    | 'AFTER_SHARD_ID'
    | 'AT_TRIM_HORIZON'
    | 'FROM_TRIM_HORIZON'
    | 'AT_LATEST'
    | 'AT_TIMESTAMP'
    | 'FROM_TIMESTAMP';
  readonly ShardId?: string | undefined;
  /** Seconds since the epoch. */
  readonly Timestamp?: number | undefined;
}

/**
 * Which shards of a stream a filter lets through. Source: Kinesis API, ShardFilter. At the very instant of a
 * reshard AT_TIMESTAMP names parents and children, since both ends of a shard's life count; AT_TRIM_HORIZON
 * names each hash key once.
 * @throws ServiceError InvalidArgumentException for a missing or future timestamp, or a missing shard id.
 */
export function shardFilter(filter: ShardFilter, stream: Stream, now: number): (shard: Shard) => boolean {
  const horizon = stream.horizon(now);
  const closedAt = (shard: Shard): number => shard.closedAt ?? Number.POSITIVE_INFINITY;
  switch (filter.Type) {
    case 'FROM_TRIM_HORIZON':
      return () => true;
    case 'AFTER_SHARD_ID': {
      const after = filter.ShardId;
      if (after === undefined) {
        throw invalidArgument('ShardId must be provided when ShardFilter Type is AFTER_SHARD_ID.');
      }
      return (shard) => shard.id > after;
    }
    case 'AT_LATEST':
      return (shard) => shard.open;
    case 'AT_TRIM_HORIZON':
      return (shard) => shard.openedAt <= horizon && closedAt(shard) > horizon;
    case 'AT_TIMESTAMP': {
      const at = instantOf(filter, horizon, now);
      return (shard) => shard.openedAt <= at && closedAt(shard) >= at;
    }
    case 'FROM_TIMESTAMP': {
      const from = instantOf(filter, horizon, now);
      return (shard) => closedAt(shard) >= from;
    }
  }
}

/** In milliseconds; before the trim horizon is taken as the horizon. */
function instantOf(filter: ShardFilter, horizon: number, now: number): number {
  if (filter.Timestamp === undefined) {
    throw invalidArgument(`Timestamp must be provided when ShardFilter Type is ${filter.Type}.`);
  }
  const instant = Math.round(filter.Timestamp * 1000);
  if (instant > now) {
    throw invalidArgument(`Timestamp ${filter.Timestamp} of ShardFilter must not be in the future.`);
  }
  return Math.max(instant, horizon);
}
