import type { Account } from '../account';
import { type IteratorTarget, readIterator, writeIterator } from '../iterator';
import { operation, STREAM_REF } from '../operation';
import { recordSize, type StoredRecord } from '../record-log';
import { MAX_RECORDS, readShard, type WireChildShard, writeAnswer } from '../shard-reading';

/** Source: Kinesis API, GetRecords. */
const MAX_BYTES = 10 * 1024 * 1024;

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
    StreamARN: STREAM_REF.StreamARN,
  },
  (account, input): GetRecordsOutput => {
    const target = readIterator(account, input.ShardIterator);
    takeCall(account, target);
    const { records, next, millisBehindLatest, children } = readShard(
      account,
      target.shard,
      target.position,
      input.Limit ?? MAX_RECORDS,
      MAX_BYTES,
    );
    countBytes(account, target, records);
    return {
      Records: records,
      ...(children === undefined
        ? { NextShardIterator: writeIterator(account, { ...target, position: next }) }
        : { ChildShards: children }),
      MillisBehindLatest: millisBehindLatest,
    };
  },
  writeAnswer,
);

function takeCall(account: Account, { stream, shard }: IteratorTarget): void {
  const limits = account.settings.readLimits;
  if (limits !== undefined && !shard.readBudget.takeCall(limits, account.now())) {
    throw account.rateExceeded(stream, shard);
  }
}

function countBytes(account: Account, { shard }: IteratorTarget, records: readonly StoredRecord[]): void {
  const limits = account.settings.readLimits;
  if (limits !== undefined) {
    shard.readBudget.countBytes(
      limits,
      records.reduce((sum, record) => sum + recordSize(record), 0),
    );
  }
}
