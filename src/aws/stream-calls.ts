import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  type Shard as SdkShard,
} from '@aws-sdk/client-kinesis';
import { ConnectorError } from '../errors';
import type { Shard } from '../stream/shard';
import type { AnswerOptions } from './answer-handler';
import type { Call } from './call';
import type { KinesisApi, ShardFilter, StreamRef } from './kinesis-api';

/** Largest record of a stream that does not say, in KiB. Source: Kinesis API, UpdateMaxRecordSize. */
const DEFAULT_RECORD_KIB = 1024;

/** Most that ListStreams gives at once. Source: Kinesis API. */
const STREAMS_A_PAGE = 10_000;

/** What readers and writers alike ask about streams. */
export function streamCalls(
  client: KinesisClient,
  call: Call,
): Pick<KinesisApi, 'describeStream' | 'listShards' | 'listStreams'> {
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
          mode: summary?.StreamModeDetails?.StreamMode ?? 'PROVISIONED',
          ...(summary?.KeyId === undefined || summary.EncryptionType === 'NONE'
            ? {}
            : { encryptionKey: summary.KeyId }),
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

    listStreams: ({ after }, options) =>
      call('ListStreams', 'all streams', options, async (handler) => {
        const from = after === undefined ? {} : { ExclusiveStartStreamName: after };
        const answer = await client.send(new ListStreamsCommand({ Limit: STREAMS_A_PAGE, ...from }), handler);
        const created = new Map(
          answer.StreamSummaries?.map((one) => [one.StreamName, one.StreamCreationTimestamp?.getTime()]),
        );
        const streams = (answer.StreamNames ?? []).map((name) => ({ name, createdAt: created.get(name) }));
        return { streams, more: answer.HasMoreStreams === true && streams.length > 0 };
      }),
  };
}

/** For people. */
export const labelOf = (stream: StreamRef): string => stream.arn ?? stream.name;

/** Both where both are known: the ARN decides, and services of old know only the name. */
export function named(stream: StreamRef): { StreamName: string; StreamARN?: string } {
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

/** @throws ConnectorError AWS_UNKNOWN: the service left out what its documentation promises. */
export function present<T>(value: T | undefined, member: string): T {
  if (value === undefined) {
    throw new ConnectorError('AWS_UNKNOWN', `the answer of Kinesis has no ${member}`);
  }
  return value;
}
