import type { Account } from './account';
import type { Position } from './iterator';
import type { StoredRecord } from './record-log';
import type { Shard } from './shard';

/** Source: Kinesis API, GetRecords. */
export const MAX_RECORDS = 10_000;

export interface WireChildShard {
  readonly ShardId: string;
  readonly ParentShards: readonly string[];
  readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
}

/** What stands behind a place in a shard. */
export interface ShardReading {
  readonly records: readonly StoredRecord[];
  readonly millisBehindLatest: number;
  /** Where the next reading begins. */
  readonly next: Position;
  /** Of a closed shard that was read to its end; undefined before it. */
  readonly children: readonly WireChildShard[] | undefined;
}

/** Reads at most `maxRecords` that hold `maxBytes`, but at least one record when there is one. */
export function readShard(
  account: Account,
  shard: Shard,
  position: Position,
  maxRecords: number,
  maxBytes: number,
): ShardReading {
  const place = shard.records.placeOf(position.sequenceNumber, position.exclusive);
  const records = shard.records.read(place, maxRecords, maxBytes);
  const unread = shard.records.at(place + records.length);
  const last = records.at(-1);
  const ended =
    !shard.open &&
    unread === undefined &&
    (last === undefined || account.settings.shardEnd === 'with-records');
  return {
    records,
    // Zero means caught up: a record of this very millisecond that is still unread must not look like that.
    millisBehindLatest:
      unread === undefined
        ? 0
        : Math.max(1, account.now() - Math.round(unread.ApproximateArrivalTimestamp * 1000)),
    next: last === undefined ? position : { sequenceNumber: last.SequenceNumber, exclusive: true },
    children: ended ? childrenOf(shard) : undefined,
  };
}

function childrenOf(shard: Shard): WireChildShard[] {
  return shard.children.map((child) => ({
    ShardId: child.id,
    ParentShards: child.parentIds,
    HashKeyRange: child.describe().HashKeyRange,
  }));
}

/** An answer that holds records as JSON. Data is base64 and sequence numbers are digits: neither has anything to escape. */
export function writeAnswer({ Records, ...rest }: { readonly Records: readonly StoredRecord[] }): string {
  let records = '';
  for (const record of Records) {
    records += `${records === '' ? '' : ','}{"SequenceNumber":"${record.SequenceNumber}","ApproximateArrivalTimestamp":${record.ApproximateArrivalTimestamp},"Data":"${record.Data}","PartitionKey":${JSON.stringify(record.PartitionKey)}}`;
  }
  return `{"Records":[${records}],${JSON.stringify(rest).slice(1)}`;
}
