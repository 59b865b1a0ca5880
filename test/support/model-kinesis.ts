import type { KinesisApi, KinesisPutApi, PutResult, ShardFilter } from '../../src/aws/kinesis-api';
import type { KinesisOptions } from '../../src/emulator/kinesis/account';
import { createKinesisModel, type KinesisModel } from '../../src/emulator/kinesis/model';
import type { PutRecordsResult } from '../../src/emulator/kinesis/operations/put-records';
import { ServiceError } from '../../src/emulator/service-model';
import { ConnectorError, type ErrorCode } from '../../src/errors';
import type { Shard } from '../../src/stream/shard';
import type { Clock } from '../../src/util/clock';

/** Of reads. */
const CODES: { readonly [type: string]: ErrorCode } = {
  ExpiredIteratorException: 'KINESIS_ITERATOR_EXPIRED',
  ExpiredNextTokenException: 'KINESIS_LISTING_EXPIRED',
  InvalidArgumentException: 'KINESIS_POSITION_REFUSED',
};

/** Of writes. */
const PUT_CODES: { readonly [type: string]: ErrorCode } = {
  InvalidArgumentException: 'AWS_REQUEST_REFUSED',
  ValidationException: 'AWS_REQUEST_REFUSED',
};

/** What JSON makes of a record beside its data, bytes: names, sequence number, time of arrival, a short key. */
const RECORD_ON_WIRE = 200;

export interface ModelKinesis extends KinesisApi, KinesisPutApi {
  readonly model: KinesisModel;
}

/** The embedded Kinesis without sockets, on the clock of the test. */
export function modelKinesis(clock: Clock, options: Omit<KinesisOptions, 'clock'> = {}): ModelKinesis {
  const model = createKinesisModel({ ...options, clock });
  const call = async <T>(work: () => T, codes = CODES): Promise<T> => {
    await Promise.resolve();
    try {
      return work();
    } catch (error) {
      if (error instanceof ServiceError) {
        const missing = /^shard/i.test(error.message)
          ? 'KINESIS_SHARD_NOT_FOUND'
          : 'KINESIS_STREAM_NOT_FOUND';
        throw new ConnectorError(codes[error.type] ?? missing, error.message, { cause: error });
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
    putRecords: ({ name }, entries) =>
      call(() => {
        const Records = entries.map(({ data, partitionKey, explicitHashKey }) => ({
          Data: Buffer.from(data).toString('base64'),
          PartitionKey: partitionKey,
          ExplicitHashKey: explicitHashKey,
        }));
        return model.call('PutRecords', { StreamName: name, Records }).Records.map(putResultOf);
      }, PUT_CODES),
    getRecords: async (_stream, { iterator, limit }, options) => {
      const answer = await call(() => model.call('GetRecords', { ShardIterator: iterator, Limit: limit }));
      await options?.admit?.(answer.Records.reduce((sum, { Data }) => sum + Data.length + RECORD_ON_WIRE, 0));
      return {
        records: answer.Records.map((record) => ({
          // In memory of its own: what small buffers share differs from run to run.
          data: Uint8Array.from(Buffer.from(record.Data, 'base64')),
          partitionKey: record.PartitionKey,
          sequenceNumber: record.SequenceNumber,
          approximateArrival: Math.round(record.ApproximateArrivalTimestamp * 1000),
          encryptionType: 'NONE' as const,
        })),
        nextIterator: answer.NextShardIterator,
        millisBehindLatest: answer.MillisBehindLatest,
        serviceTime: Math.floor(clock.now() / 1000) * 1000,
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
