import type { Shard } from '../stream/shard';
import { throwIfAborted } from '../util/abort';
import type { KinesisApi, ShardFilter, StreamRef } from './kinesis-api';

/** All pages of one listing; every shard when there is no filter. One attempt. @throws ConnectorError */
export async function listAllShards(
  kinesis: Pick<KinesisApi, 'listShards'>,
  stream: StreamRef,
  signal: AbortSignal,
  filter?: ShardFilter,
): Promise<Shard[]> {
  const shards: Shard[] = [];
  let nextToken: string | undefined;
  do {
    const query = nextToken !== undefined ? { nextToken } : filter !== undefined ? { filter } : {};
    const page = await kinesis.listShards(stream, query, { signal });
    throwIfAborted(signal);
    for (const shard of page.shards) {
      shards.push(shard);
    }
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return shards;
}
