import { operation, SHARD_ID, STREAM_REF } from '../operation';
import type { ShardDescription } from '../shard';
import { type StreamSummary, summarise } from '../summary';

const DEFAULT_LIMIT = 100;

export interface DescribeStreamOutput {
  readonly StreamDescription: Omit<
    StreamSummary,
    'OpenShardCount' | 'ConsumerCount' | 'MaxRecordSizeInKiB'
  > & {
    readonly Shards: readonly ShardDescription[];
    readonly HasMoreShards: boolean;
  };
}

export const describeStream = operation(
  { ...STREAM_REF, ExclusiveStartShardId: SHARD_ID, Limit: { type: 'Integer', min: 1, max: 10_000 } },
  (account, input): DescribeStreamOutput => {
    const stream = account.stream(input);
    const after = input.ExclusiveStartShardId ?? '';
    const limit = input.Limit ?? DEFAULT_LIMIT;
    const shards = stream.shards.filter((shard) => shard.id > after);
    const { OpenShardCount, ConsumerCount, MaxRecordSizeInKiB, ...summary } = summarise(
      stream,
      account.now(),
    );
    return {
      StreamDescription: {
        ...summary,
        Shards: shards.slice(0, limit).map((shard) => shard.describe()),
        HasMoreShards: shards.length > limit,
      },
    };
  },
);
