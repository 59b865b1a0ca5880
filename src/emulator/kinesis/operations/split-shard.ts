import { invalidArgument } from '../account';
import { HASH_KEY, operation, SHARD_ID, STREAM_REF } from '../operation';
import { checkOpen } from '../reshard';

export const splitShard = operation(
  {
    ...STREAM_REF,
    ShardToSplit: { ...SHARD_ID, required: true },
    NewStartingHashKey: { ...HASH_KEY, required: true },
  },
  (account, input): Record<string, never> => {
    const stream = account.activeStream(input);
    const shard = account.shard(stream, input.ShardToSplit);
    checkOpen(account, stream, [shard]);
    const { start, end } = shard.range;
    const middle = BigInt(input.NewStartingHashKey);
    if (middle <= start + 1n || middle >= end) {
      throw invalidArgument(
        `NewStartingHashKey ${middle} used in SplitShard() on shard ${shard.id} in stream ${stream.settings.name} ` +
          `under account ${account.id} is not both greater than one plus the shard's StartingHashKey ${start} and ` +
          `less than the shard's EndingHashKey ${end}.`,
      );
    }
    account.reserveShards(1);
    stream.begin('UPDATING', account.now(), account.settings.settleMs, () =>
      stream.reshard(
        [shard],
        [
          { start, end: middle - 1n },
          { start: middle, end },
        ],
        account.now(),
      ),
    );
    return {};
  },
);
