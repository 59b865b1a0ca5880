import type { KinesisApi, ShardFilter } from '../../src/aws/kinesis-api';
import { createKinesisModel, type KinesisModel } from '../../src/emulator/kinesis/model';
import { ServiceError } from '../../src/emulator/service-model';
import { ConnectorError, type ErrorCode } from '../../src/errors';
import type { Shard } from '../../src/stream/shard';
import type { Clock } from '../../src/util/clock';

const CODES: { readonly [type: string]: ErrorCode } = {
  ExpiredIteratorException: 'KINESIS_ITERATOR_EXPIRED',
  ExpiredNextTokenException: 'KINESIS_LISTING_EXPIRED',
  InvalidArgumentException: 'KINESIS_POSITION_REFUSED',
};

/** The embedded Kinesis without sockets, on the clock of the test. */
export function modelKinesis(clock: Clock): KinesisApi & { readonly model: KinesisModel } {
  const model = createKinesisModel({ clock });
  const call = async <T>(work: () => T): Promise<T> => {
    await Promise.resolve();
    try {
      return work();
    } catch (error) {
      if (error instanceof ServiceError) {
        throw new ConnectorError(CODES[error.type] ?? 'KINESIS_STREAM_NOT_FOUND', error.message, {
          cause: error,
        });
      }
      throw error;
    }
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
          maxRecordBytes: summary.MaxRecordSizeInKiB * 1024,
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
    getShardIterator: ({ name }, shardId, position) =>
      call(() => {
        const { type } = position;
        const answer = model.call('GetShardIterator', {
          StreamName: name,
          ShardId: shardId,
          ShardIteratorType: type,
          ...('sequenceNumber' in position && { StartingSequenceNumber: position.sequenceNumber }),
          ...('timestamp' in position && { Timestamp: position.timestamp / 1000 }),
        });
        return answer.ShardIterator;
      }),
    getRecords: async (_stream, { iterator, limit }, options) => {
      const answer = await call(() => model.call('GetRecords', { ShardIterator: iterator, Limit: limit }));
      await options?.admit?.(answer.Records.reduce((sum, { Data }) => sum + Data.length, 0));
      return {
        records: answer.Records.map((record) => ({
          data: Buffer.from(record.Data, 'base64'),
          partitionKey: record.PartitionKey,
          sequenceNumber: record.SequenceNumber,
          approximateArrival: Math.round(record.ApproximateArrivalTimestamp * 1000),
          encryptionType: 'NONE' as const,
        })),
        nextIterator: answer.NextShardIterator,
        millisBehindLatest: answer.MillisBehindLatest,
        childShards: (answer.ChildShards ?? []).map((child) => ({
          shardId: child.ShardId,
          parentShards: child.ParentShards,
          startingHashKey: child.HashKeyRange.StartingHashKey,
          endingHashKey: child.HashKeyRange.EndingHashKey,
        })),
      };
    },
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
