import { readIterator, writeIterator } from '../iterator';
import { operation } from '../operation';
import type { StoredRecord } from '../record-log';
import type { Shard } from '../shard';

/** Source: Kinesis API, GetRecords. */
const MAX_RECORDS = 10_000;
const MAX_BYTES = 10 * 1024 * 1024;

export interface WireChildShard {
  readonly ShardId: string;
  readonly ParentShards: readonly string[];
  readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
}

export interface GetRecordsOutput {
  readonly Records: readonly StoredRecord[];
  /** Absent at the end of a closed shard. */
  readonly NextShardIterator?: string;
  readonly MillisBehindLatest: number;
  /** Present only at the end of a closed shard. */
  readonly ChildShards?: readonly WireChildShard[];
}

export const getRecords = operation(
  {
    ShardIterator: { type: 'String', required: true, min: 1, max: 512 },
    Limit: { type: 'Integer', min: 1, max: MAX_RECORDS },
    StreamARN: { type: 'String', min: 1, max: 2048 },
  },
  (account, input): GetRecordsOutput => {
    const target = readIterator(account, input.ShardIterator);
    const { shard, position } = target;
    const place = shard.records.placeOf(position.sequenceNumber, position.exclusive);
    const records = shard.records.read(place, input.Limit ?? MAX_RECORDS, MAX_BYTES);
    const unread = shard.records.at(place + records.length);
    const ended =
      !shard.open && unread === undefined && (records.length === 0 || account.shardEnd === 'with-records');
    const last = records.at(-1);
    return {
      Records: records,
      ...(ended
        ? { ChildShards: childrenOf(shard) }
        : {
            NextShardIterator: writeIterator(account, {
              ...target,
              position:
                last === undefined ? position : { sequenceNumber: last.SequenceNumber, exclusive: true },
            }),
          }),
      // Zero means caught up: a record of this very millisecond that is still unread must not look like that.
      MillisBehindLatest:
        unread === undefined
          ? 0
          : Math.max(1, account.now() - Math.round(unread.ApproximateArrivalTimestamp * 1000)),
    };
  },
  writeOutput,
);

function childrenOf(shard: Shard): WireChildShard[] {
  return shard.children.map((child) => ({
    ShardId: child.id,
    ParentShards: child.parentIds,
    HashKeyRange: child.describe().HashKeyRange,
  }));
}

/** The answer as JSON. Data is base64 and sequence numbers are digits: neither has anything to escape. */
function writeOutput({ Records, ...rest }: GetRecordsOutput): string {
  let records = '';
  for (const record of Records) {
    records += `${records === '' ? '' : ','}{"SequenceNumber":"${record.SequenceNumber}","ApproximateArrivalTimestamp":${record.ApproximateArrivalTimestamp},"Data":"${record.Data}","PartitionKey":${JSON.stringify(record.PartitionKey)}}`;
  }
  return `{"Records":[${records}],${JSON.stringify(rest).slice(1)}`;
}
