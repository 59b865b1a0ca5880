import { ConnectorError } from '../errors';
import { covers } from '../stream/hash-coverage';
import type { ChildShard, Shard } from '../stream/shard';
import { isOpen, parentIds } from '../stream/shard-graph';

/**
 * Children of a shard whose reading has come to an end. The last answer names them; when it does not (services before
 * 2020, some emulators, a wrong answer) ListShards has to show that the shard is closed and who came after it.
 * @throws ConnectorError KINESIS_SHARD_END_UNPROVEN: it is open there, or its children are not all listed yet.
 */
export async function childrenAtEnd(
  shardId: string,
  named: readonly ChildShard[],
  list: () => Promise<readonly Shard[]>,
): Promise<readonly ChildShard[]> {
  if (named.length > 0 && named.every((child) => child.parentShards.includes(shardId))) {
    return named;
  }
  const shards = await list();
  const shard = shards.find((listed) => listed.shardId === shardId);
  const children = childrenOf(shardId, shards);
  if (shard === undefined) {
    // Past its retention: whoever is still listed of its children is all there is.
    return children;
  }
  if (isOpen(shard)) {
    throw unproven(shardId, 'ListShards shows it open');
  }
  if (!covers(children, shard)) {
    throw unproven(shardId, `ListShards shows ${children.length} of its children`);
  }
  return children;
}

/**
 * Children, as far as they are listed, of a shard that Kinesis does not find; undefined when it is listed after all.
 * @throws ConnectorError KINESIS_STREAM_NOT_FOUND: the stream is gone, not only the shard.
 */
export async function childrenOfVanished(
  shardId: string,
  list: () => Promise<readonly Shard[]>,
): Promise<readonly ChildShard[] | undefined> {
  const shards = await list();
  return shards.some((listed) => listed.shardId === shardId) ? undefined : childrenOf(shardId, shards);
}

function childrenOf(shardId: string, shards: readonly Shard[]): ChildShard[] {
  return shards.filter((listed) => parentIds(listed).includes(shardId)).map(asChild);
}

function asChild(shard: Shard): ChildShard {
  const { shardId, startingHashKey, endingHashKey } = shard;
  return { shardId, parentShards: parentIds(shard), startingHashKey, endingHashKey };
}

function unproven(shardId: string, found: string): ConnectorError {
  return new ConnectorError(
    'KINESIS_SHARD_END_UNPROVEN',
    `${shardId} ended, and its children were not named`,
    {
      expected: 'a closed shard and its children in ListShards',
      found,
    },
  );
}
