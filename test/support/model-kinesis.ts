import type { FanOutApi } from '../../src/aws/fan-out-api';
import type { KinesisApi, KinesisPutApi, PutResult, ShardFilter, StreamRef } from '../../src/aws/kinesis-api';
import { createKinesisModel, type KinesisModel } from '../../src/emulator/kinesis/model';
import type { PutRecordsResult } from '../../src/emulator/kinesis/operations/put-records';
import type { KinesisOptions } from '../../src/emulator/kinesis/options';
import type { Shard } from '../../src/stream/shard';
import type { Clock } from '../../src/util/clock';
import { answered, type Codes, childOf, rawRecordOf, sizeOnWire } from './model-answers';
import { modelFanOut } from './model-fan-out';

const READS: Codes = { InvalidArgumentException: 'KINESIS_POSITION_REFUSED' };

export interface ModelKinesis extends KinesisApi, KinesisPutApi, FanOutApi {
  readonly model: KinesisModel;
}

/** The embedded Kinesis without sockets, on the clock of the test. */
export function modelKinesis(
  clock: Clock,
  options: Omit<KinesisOptions, 'clock' | 'timer'> = {},
): ModelKinesis {
  const model = createKinesisModel({ ...options, clock, timer: clock });
  return {
    model,
    ...modelFanOut(model, clock),
    describeStream: (stream) =>
      answered(() => {
        const summary = model.call('DescribeStreamSummary', named(stream)).StreamDescriptionSummary;
        return {
          name: summary.StreamName,
          arn: summary.StreamARN,
          status: summary.StreamStatus,
          createdAt: summary.StreamCreationTimestamp * 1000,
          retentionHours: summary.RetentionPeriodHours,
          openShardCount: summary.OpenShardCount,
          maxRecordBytes: summary.MaxRecordSizeInKiB * 1024,
          serviceTime: Math.floor(clock.now() / 1000) * 1000,
        };
      }),
    listShards: (stream, { filter, nextToken }) =>
      answered(() => {
        const answer = model.call(
          'ListShards',
          nextToken !== undefined ? { NextToken: nextToken } : { ...named(stream), ...onWire(filter) },
        );
        return { shards: answer.Shards.map(shardOf), nextToken: answer.NextToken };
      }),
    listStreams: ({ after }) =>
      answered(() => {
        const answer = model.call('ListStreams', { ExclusiveStartStreamName: after });
        const streams = answer.StreamSummaries.map(({ StreamName: name, StreamCreationTimestamp }) => ({
          name,
          createdAt: StreamCreationTimestamp * 1000,
        }));
        return { streams, more: answer.HasMoreStreams };
      }),
    getShardIterator: (stream, shardId, position) =>
      answered(() => {
        const { type } = position;
        const answer = model.call('GetShardIterator', {
          ...named(stream),
          ShardId: shardId,
          ShardIteratorType: type,
          ...('sequenceNumber' in position && { StartingSequenceNumber: position.sequenceNumber }),
          ...('timestamp' in position && { Timestamp: position.timestamp / 1000 }),
        });
        return answer.ShardIterator;
      }, READS),
    putRecords: (stream, entries) =>
      answered(() => {
        const Records = entries.map(({ data, partitionKey, explicitHashKey }) => ({
          Data: Buffer.from(data).toString('base64'),
          PartitionKey: partitionKey,
          ExplicitHashKey: explicitHashKey,
        }));
        return model.call('PutRecords', { ...named(stream), Records }).Records.map(putResultOf);
      }),
    getRecords: async ({ arn }, { iterator, limit }, options) => {
      const StreamARN = arn === undefined ? {} : { StreamARN: arn };
      const answer = await answered(
        () => model.call('GetRecords', { ShardIterator: iterator, Limit: limit, ...StreamARN }),
        READS,
      );
      await options?.admit?.(sizeOnWire(answer.Records));
      return {
        records: answer.Records.map(rawRecordOf),
        nextIterator: answer.NextShardIterator,
        millisBehindLatest: answer.MillisBehindLatest,
        serviceTime: Math.floor(clock.now() / 1000) * 1000,
        childShards: (answer.ChildShards ?? []).map(childOf),
      };
    },
  };
}

const named = ({ name, arn }: StreamRef) => ({
  StreamName: name,
  ...(arn !== undefined && { StreamARN: arn }),
});

function putResultOf(result: PutRecordsResult): PutResult {
  const { ShardId: shardId = '', SequenceNumber: sequenceNumber = '', ErrorCode: errorCode } = result;
  return errorCode === undefined
    ? { accepted: true, shardId, sequenceNumber }
    : { accepted: false, errorCode, errorMessage: result.ErrorMessage ?? '' };
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
