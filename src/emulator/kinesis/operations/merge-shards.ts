import { invalidArgument } from '../account';
import { operation, SHARD_ID, STREAM_REF } from '../operation';
import { checkOpen } from '../reshard';

export const mergeShards = operation(
  {
    ...STREAM_REF,
    ShardToMerge: { ...SHARD_ID, required: true },
    AdjacentShardToMerge: { ...SHARD_ID, required: true },
  },
  (account, input): Record<string, never> => {
    const stream = account.activeStream(input);
    const parents = [input.ShardToMerge, input.AdjacentShardToMerge].map((id) => account.shard(stream, id));
    checkOpen(account, stream, parents);
    const [lower, upper] = [...parents].sort((a, b) => (a.range.start < b.range.start ? -1 : 1));
    if (lower === undefined || upper === undefined || lower.range.end + 1n !== upper.range.start) {
      throw invalidArgument(
        `Shards ${input.ShardToMerge} and ${input.AdjacentShardToMerge} in stream ${stream.settings.name} under ` +
          `account ${account.id} are not an adjacent pair of shards eligible for merging`,
      );
    }
    const range = { start: lower.range.start, end: upper.range.end };
    stream.begin('UPDATING', account.now(), account.settings.settleMs, () =>
      stream.reshard(parents, [range], account.now()),
    );
    return {};
  },
);
