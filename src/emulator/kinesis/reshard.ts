import { type Account, invalidArgument } from './account';
import type { Shard } from './shard';
import type { Stream } from './stream';

/** @throws ServiceError InvalidArgumentException when one of the shards is closed already. */
export function checkOpen(account: Account, stream: Stream, shards: readonly Shard[]): void {
  for (const shard of shards) {
    if (!shard.open) {
      throw invalidArgument(
        `Shard ${shard.id} in stream ${stream.settings.name} under account ${account.id} has already been merged ` +
          'or split, and thus is not eligible for merging or splitting.',
      );
    }
  }
}
