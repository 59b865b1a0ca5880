import { invalidArgument } from '../account';
import { MAX_RECORD_KIB, operation, STREAM_NAME } from '../operation';

const ON_DEMAND_SHARDS = 4;
const DEFAULT_RECORD_KIB = 1024;

export const createStream = operation(
  {
    StreamName: { ...STREAM_NAME, required: true },
    ShardCount: { type: 'Integer', min: 1, max: 100_000 },
    MaxRecordSizeInKiB: MAX_RECORD_KIB,
    StreamModeDetails: {
      type: 'Structure',
      fields: { StreamMode: { type: 'String', required: true, values: ['PROVISIONED', 'ON_DEMAND'] } },
    },
  },
  (account, input): Record<string, never> => {
    const mode = input.StreamModeDetails?.StreamMode ?? 'PROVISIONED';
    const shardCount = input.ShardCount ?? (mode === 'ON_DEMAND' ? ON_DEMAND_SHARDS : undefined);
    if (shardCount === undefined) {
      throw invalidArgument('ShardCount must be provided for a stream in PROVISIONED mode.');
    }
    account.create({
      name: input.StreamName,
      shardCount,
      mode,
      maxRecordBytes: (input.MaxRecordSizeInKiB ?? DEFAULT_RECORD_KIB) * 1024,
    });
    return {};
  },
);
