import { invalidArgument } from '../account';
import { checkSize, hashKeyOfEntry } from '../entry';
import { HASH_KEY, operation, PARTITION_KEY, STREAM_REF } from '../operation';
import { recordSize } from '../record-log';

/** Data and partition keys of one request. Source: Kinesis API, PutRecords. */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;

export interface PutRecordsResult {
  readonly ShardId?: string;
  readonly SequenceNumber?: string;
  readonly ErrorCode?: string;
  readonly ErrorMessage?: string;
}

export interface PutRecordsOutput {
  readonly FailedRecordCount: number;
  readonly Records: readonly PutRecordsResult[];
}

export const putRecords = operation(
  {
    ...STREAM_REF,
    Records: {
      type: 'List',
      required: true,
      min: 1,
      max: 500,
      member: {
        type: 'Structure',
        fields: {
          Data: { type: 'Blob', required: true },
          PartitionKey: PARTITION_KEY,
          ExplicitHashKey: HASH_KEY,
        },
      },
    },
  },
  (account, input): PutRecordsOutput => {
    const stream = account.readyStream(input);
    checkSize(input.Records, stream.maxRecordBytes, (index) => `records.${index + 1}.member.data`);
    const bytes = input.Records.reduce((sum, entry) => sum + recordSize(entry), 0);
    if (bytes > MAX_REQUEST_BYTES) {
      throw invalidArgument(`Records size exceeds 10 MB limit: found ${bytes} bytes.`);
    }
    const hashKeys = input.Records.map(hashKeyOfEntry);
    const now = account.now();
    const results = input.Records.map((entry, index): PutRecordsResult => {
      const shard = stream.route(hashKeys[index] as bigint);
      const refusal = account.refusalOf(stream, shard, entry);
      if (refusal !== undefined) {
        return { ErrorCode: refusal.type, ErrorMessage: refusal.message };
      }
      return {
        SequenceNumber: shard.append(entry.Data, entry.PartitionKey, now).SequenceNumber,
        ShardId: shard.id,
      };
    });
    return {
      FailedRecordCount: results.filter((result) => result.ErrorCode !== undefined).length,
      Records: results,
    };
  },
);
