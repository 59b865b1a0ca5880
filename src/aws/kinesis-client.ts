import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  type ChildShard as SdkChildShard,
  type _Record as SdkRecord,
  type Shard as SdkShard,
} from '@aws-sdk/client-kinesis';
import type { AwsSettings } from '../config/types';
import { ConnectorError } from '../errors';
import type { ChildShard, Shard } from '../stream/shard';
import type { AnswerOptions } from './answer-handler';
import { callsTo } from './call';
import { type AwsDependencies, createKinesisClient } from './clients';
import type { IteratorPosition, KinesisApi, RawRecord, ShardFilter, StreamRef } from './kinesis-api';

const EMPTY = new Uint8Array(0);

/** Largest record of a stream that does not say, in KiB. Source: Kinesis API, UpdateMaxRecordSize. */
const DEFAULT_RECORD_KIB = 1024;

/** Kinesis over the AWS SDK. `close` gives up its connections. */
export function createKinesisApi(
  settings: AwsSettings,
  deps: AwsDependencies,
): KinesisApi & { close(): void } {
  const client = createKinesisClient(settings, deps);

  const call = callsTo('kinesis');

  return {
    describeStream: (stream, options) =>
      call('DescribeStreamSummary', labelOf(stream), options, async (handler) => {
        let serviceTime: number | undefined;
        const handlerWithDate: AnswerOptions = {
          ...handler,
          onDate: (date) => {
            serviceTime = date;
          },
        };
        const answer = await client.send(new DescribeStreamSummaryCommand(named(stream)), handlerWithDate);
        const summary = answer.StreamDescriptionSummary;
        return {
          name: summary?.StreamName ?? stream.name,
          arn: present(summary?.StreamARN, 'StreamARN'),
          status: present(summary?.StreamStatus, 'StreamStatus'),
          createdAt: present(summary?.StreamCreationTimestamp, 'StreamCreationTimestamp').getTime(),
          retentionHours: present(summary?.RetentionPeriodHours, 'RetentionPeriodHours'),
          openShardCount: present(summary?.OpenShardCount, 'OpenShardCount'),
          maxRecordBytes: (summary?.MaxRecordSizeInKiB ?? DEFAULT_RECORD_KIB) * 1024,
          serviceTime,
        };
      }),

    listShards: (stream, { filter, nextToken }, options) =>
      call('ListShards', labelOf(stream), options, async (handler) => {
        // A page after the first takes its stream from the token; a name beside it is refused.
        const input =
          nextToken === undefined ? { ...named(stream), ...filterOf(filter) } : { NextToken: nextToken };
        const answer = await client.send(new ListShardsCommand(input), handler);
        return { shards: (answer.Shards ?? []).map(shardOf), nextToken: answer.NextToken };
      }),

    getShardIterator: (stream, shardId, position, options) =>
      call('GetShardIterator', `${labelOf(stream)}/${shardId}`, options, async (handler) => {
        const input = { ...named(stream), ShardId: shardId, ...startOf(position) };
        const answer = await client.send(new GetShardIteratorCommand(input), handler);
        return present(answer.ShardIterator, 'ShardIterator');
      }),

    getRecords: (stream, { iterator, limit }, options) =>
      call('GetRecords', labelOf(stream), options, async (handler) => {
        const input = {
          ShardIterator: iterator,
          Limit: limit,
          ...(stream.arn === undefined ? {} : { StreamARN: stream.arn }),
        };
        const admit = options?.admit;
        const answer = await client.send(
          new GetRecordsCommand(input),
          admit === undefined ? handler : { ...handler, admit },
        );
        return {
          records: (answer.Records ?? []).map(recordOf),
          nextIterator: answer.NextShardIterator,
          millisBehindLatest: answer.MillisBehindLatest,
          childShards: (answer.ChildShards ?? []).map(childOf),
        };
      }),

    close: () => client.destroy(),
  };
}

const labelOf = (stream: StreamRef): string => stream.arn ?? stream.name;

/** Both where both are known: the ARN decides, and services of old know only the name. */
function named(stream: StreamRef): { StreamName: string; StreamARN?: string } {
  return { StreamName: stream.name, ...(stream.arn === undefined ? {} : { StreamARN: stream.arn }) };
}

function filterOf(filter: ShardFilter | undefined) {
  if (filter === undefined) {
    return {};
  }
  return {
    ShardFilter:
      filter.type === 'AT_TIMESTAMP'
        ? { Type: filter.type, Timestamp: new Date(filter.timestamp) }
        : { Type: filter.type },
  };
}

function startOf(position: IteratorPosition) {
  switch (position.type) {
    case 'TRIM_HORIZON':
    case 'LATEST':
      return { ShardIteratorType: position.type };
    case 'AT_TIMESTAMP':
      return { ShardIteratorType: position.type, Timestamp: new Date(position.timestamp) };
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER':
      return { ShardIteratorType: position.type, StartingSequenceNumber: position.sequenceNumber };
  }
}

function shardOf(shard: SdkShard): Shard {
  const ending = shard.SequenceNumberRange?.EndingSequenceNumber;
  return {
    shardId: present(shard.ShardId, 'ShardId'),
    ...(shard.ParentShardId === undefined ? {} : { parentShardId: shard.ParentShardId }),
    ...(shard.AdjacentParentShardId === undefined
      ? {}
      : { adjacentParentShardId: shard.AdjacentParentShardId }),
    startingHashKey: present(shard.HashKeyRange?.StartingHashKey, 'StartingHashKey'),
    endingHashKey: present(shard.HashKeyRange?.EndingHashKey, 'EndingHashKey'),
    startingSequenceNumber: present(
      shard.SequenceNumberRange?.StartingSequenceNumber,
      'StartingSequenceNumber',
    ),
    ...(ending === undefined ? {} : { endingSequenceNumber: ending }),
  };
}

function childOf(child: SdkChildShard): ChildShard {
  return {
    shardId: present(child.ShardId, 'ShardId'),
    parentShards: child.ParentShards ?? [],
    startingHashKey: present(child.HashKeyRange?.StartingHashKey, 'StartingHashKey'),
    endingHashKey: present(child.HashKeyRange?.EndingHashKey, 'EndingHashKey'),
  };
}

function recordOf(record: SdkRecord): RawRecord {
  return {
    data: record.Data ?? EMPTY,
    partitionKey: record.PartitionKey ?? '',
    sequenceNumber: present(record.SequenceNumber, 'SequenceNumber'),
    approximateArrival: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
    encryptionType: record.EncryptionType === 'KMS' ? 'KMS' : 'NONE',
  };
}

/** @throws ConnectorError AWS_UNKNOWN: the service left out what its documentation promises. */
function present<T>(value: T | undefined, member: string): T {
  if (value === undefined) {
    throw new ConnectorError('AWS_UNKNOWN', `the answer of Kinesis has no ${member}`);
  }
  return value;
}
