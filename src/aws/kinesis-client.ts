import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type ChildShard as SdkChildShard,
  type _Record as SdkRecord,
} from '@aws-sdk/client-kinesis';
import type { AwsSettings } from '../config/types';
import type { ChildShard } from '../stream/shard';
import type { AnswerOptions } from './answer-handler';
import { callsTo } from './call';
import { type AwsDependencies, createKinesisClient } from './clients';
import type { IteratorPosition, KinesisApi, RawRecord } from './kinesis-api';
import { labelOf, named, present, streamCalls } from './stream-calls';

const EMPTY = new Uint8Array(0);

/** Kinesis over the AWS SDK. `close` gives up its connections. */
export function createKinesisApi(
  settings: AwsSettings,
  deps: AwsDependencies,
): KinesisApi & { close(): void } {
  const client = createKinesisClient(settings, deps);

  const call = callsTo('kinesis');

  return {
    ...streamCalls(client, call),

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
        let serviceTime: number | undefined;
        const answerOptions: AnswerOptions = {
          ...handler,
          ...(admit === undefined ? {} : { admit }),
          onDate: (date) => {
            serviceTime = date;
          },
        };
        const answer = await client.send(new GetRecordsCommand(input), answerOptions);
        return {
          records: (answer.Records ?? []).map(recordOf),
          nextIterator: answer.NextShardIterator,
          millisBehindLatest: answer.MillisBehindLatest,
          childShards: (answer.ChildShards ?? []).map(childOf),
          serviceTime,
        };
      }),

    close: () => client.destroy(),
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
