import type { KinesisApi, ShardFilter } from '../../src/aws/kinesis-api';
import { createKinesisModel, type KinesisModel } from '../../src/emulator/kinesis/model';
import { ServiceError } from '../../src/emulator/service-model';
import { ConnectorError } from '../../src/errors';
import type { Shard } from '../../src/stream/shard';
import type { Clock } from '../../src/util/clock';

/** The embedded Kinesis without sockets, on the clock of the test. Describes and lists; reads no records. */
export function modelKinesis(
  clock: Clock,
): Pick<KinesisApi, 'describeStream' | 'listShards'> & KinesisApi & { readonly model: KinesisModel } {
  const model = createKinesisModel({ clock });
  const call = async <T>(work: () => T): Promise<T> => {
    await Promise.resolve();
    try {
      return work();
    } catch (error) {
      if (error instanceof ServiceError) {
        throw new ConnectorError('KINESIS_STREAM_NOT_FOUND', error.message, { cause: error });
      }
      throw error;
    }
  };
  const unused = (): never => {
    throw new Error('records are not read here');
  };
  return {
    model,
    describeStream: ({ name }) =>
      call(() => {
        const summary = model.call('DescribeStreamSummary', { StreamName: name }).StreamDescriptionSummary;
        return {
          name,
          arn: summary.StreamARN,
          status: summary.StreamStatus,
          createdAt: summary.StreamCreationTimestamp * 1000,
          retentionHours: summary.RetentionPeriodHours,
          openShardCount: summary.OpenShardCount,
          serviceTime: Math.floor(clock.now() / 1000) * 1000,
        };
      }),
    listShards: ({ name }, { filter, nextToken }) =>
      call(() => {
        const answer = model.call(
          'ListShards',
          nextToken !== undefined ? { NextToken: nextToken } : { StreamName: name, ...onWire(filter) },
        );
        return { shards: answer.Shards.map(shardOf), nextToken: answer.NextToken };
      }),
    getShardIterator: unused,
    getRecords: unused,
  };
}

function onWire(filter: ShardFilter | undefined) {
  return filter === undefined
    ? {}
    : {
        ShardFilter: {
          Type: filter.type,
          ...(filter.type === 'AT_TIMESTAMP' && { Timestamp: filter.timestamp / 1000 }),
        },
      };
}

interface ListedShard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly AdjacentParentShardId?: string;
  readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
  readonly SequenceNumberRange: {
    readonly StartingSequenceNumber: string;
    readonly EndingSequenceNumber?: string;
  };
}

function shardOf(shard: ListedShard): Shard {
  const { EndingSequenceNumber } = shard.SequenceNumberRange;
  return {
    shardId: shard.ShardId,
    ...(shard.ParentShardId !== undefined && { parentShardId: shard.ParentShardId }),
    ...(shard.AdjacentParentShardId !== undefined && { adjacentParentShardId: shard.AdjacentParentShardId }),
    startingHashKey: shard.HashKeyRange.StartingHashKey,
    endingHashKey: shard.HashKeyRange.EndingHashKey,
    startingSequenceNumber: shard.SequenceNumberRange.StartingSequenceNumber,
    ...(EndingSequenceNumber !== undefined && { endingSequenceNumber: EndingSequenceNumber }),
  };
}
