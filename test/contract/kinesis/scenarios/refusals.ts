import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type ShardIteratorType,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { MAX_HASH_KEY, middleOf } from '../../../../src/stream/hash-key';
import { systemClock } from '../../../../src/util/clock';
import { type Lab, shardId } from '../lab';
import type { Differences, Scenario } from '../scenario';

const Data = Buffer.from('x');
const PartitionKey = 'key';
const MISSING = 'no-such-stream';
const HALF = middleOf({ start: 0n, end: MAX_HASH_KEY }).toString();

const NOT_FOUND = 'ResourceNotFoundException 400';
const IN_USE = 'ResourceInUseException 400';
const ARGUMENT = 'InvalidArgumentException 400';
const VALIDATION = 'ValidationException 400';

const local = (answers: string): Differences => ({
  'kinesis-local': { answers, because: answers === 'accepted' ? 'accepted' : `it says ${answers}` },
});

/** A call on a fresh stream, and the error it is answered with. */
function refusal(
  what: string,
  documented: string,
  shards: number,
  call: (lab: Lab, stream: string) => Promise<unknown>,
  differences: Differences = {},
): Scenario {
  return {
    promise: `${what} is refused`,
    source: 'Kinesis API, Errors of the operation',
    observe: async (lab) => lab.failure(call(lab, await lab.stream(shards))),
    documented,
    differences,
  };
}

const iterate = (lab: Lab, StreamName: string, ShardIteratorType: ShardIteratorType, more: object = {}) =>
  lab.client.send(
    new GetShardIteratorCommand({ StreamName, ShardId: shardId(0), ShardIteratorType, ...more }),
  );

const split = (lab: Lab, StreamName: string, NewStartingHashKey: string, shard = 0) =>
  lab.client.send(new SplitShardCommand({ StreamName, ShardToSplit: shardId(shard), NewStartingHashKey }));

const merge = (lab: Lab, StreamName: string, shard: number, adjacent: number) =>
  lab.client.send(
    new MergeShardsCommand({
      StreamName,
      ShardToMerge: shardId(shard),
      AdjacentShardToMerge: shardId(adjacent),
    }),
  );

const puts = (lab: Lab, StreamName: string, count: number) =>
  lab.client.send(
    new PutRecordsCommand({
      StreamName,
      Records: Array.from({ length: count }, () => ({ Data, PartitionKey })),
    }),
  );

const OF_STREAMS: readonly Scenario[] = [
  refusal('creating a stream that exists', IN_USE, 1, (lab, StreamName) =>
    lab.client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 })),
  ),
  refusal(
    'a stream name with a space',
    VALIDATION,
    1,
    (lab) => lab.client.send(new CreateStreamCommand({ StreamName: 'two words', ShardCount: 1 })),
    local(ARGUMENT),
  ),
  refusal('describing an unknown stream', NOT_FOUND, 1, (lab) =>
    lab.client.send(new DescribeStreamCommand({ StreamName: MISSING })),
  ),
  refusal('summing up an unknown stream', NOT_FOUND, 1, (lab) =>
    lab.client.send(new DescribeStreamSummaryCommand({ StreamName: MISSING })),
  ),
  refusal('deleting an unknown stream', NOT_FOUND, 1, (lab) =>
    lab.client.send(new DeleteStreamCommand({ StreamName: MISSING })),
  ),
  refusal('listing the shards of an unknown stream', NOT_FOUND, 1, (lab) =>
    lab.client.send(new ListShardsCommand({ StreamName: MISSING })),
  ),
  refusal('ListShards without stream and token', ARGUMENT, 1, (lab) =>
    lab.client.send(new ListShardsCommand({})),
  ),
  refusal('ListShards with stream and token', ARGUMENT, 2, async (lab, StreamName) => {
    const first = await lab.client.send(new ListShardsCommand({ StreamName, MaxResults: 1 }));
    await lab.client.send(new ListShardsCommand({ StreamName, NextToken: first.NextToken ?? 'token' }));
  }),
  refusal(
    'ListShards with MaxResults 0',
    VALIDATION,
    1,
    (lab, StreamName) => lab.client.send(new ListShardsCommand({ StreamName, MaxResults: 0 })),
    local('Unknown 500'),
  ),
];

const OF_READING: readonly Scenario[] = [
  refusal('an iterator on an unknown stream', NOT_FOUND, 1, (lab) => iterate(lab, MISSING, 'LATEST')),
  refusal('an iterator on an unknown shard', NOT_FOUND, 1, (lab, stream) =>
    iterate(lab, stream, 'LATEST', { ShardId: shardId(7) }),
  ),
  refusal('AT_SEQUENCE_NUMBER without a number', ARGUMENT, 1, (lab, stream) =>
    iterate(lab, stream, 'AT_SEQUENCE_NUMBER'),
  ),
  refusal(
    'TRIM_HORIZON with a number',
    ARGUMENT,
    1,
    async (lab, stream) => {
      const { sequenceNumber: StartingSequenceNumber } = await lab.put(stream, 'x');
      await iterate(lab, stream, 'TRIM_HORIZON', { StartingSequenceNumber });
    },
    local('accepted'),
  ),
  refusal(
    'the sequence number of another shard',
    ARGUMENT,
    2,
    async (lab, stream) => {
      const put = await lab.put(stream, 'x', { hash: MAX_HASH_KEY.toString() });
      await iterate(lab, stream, 'AT_SEQUENCE_NUMBER', { StartingSequenceNumber: put.sequenceNumber });
    },
    local('accepted'),
  ),
  refusal(
    'a number that is no sequence number',
    ARGUMENT,
    1,
    (lab, stream) => iterate(lab, stream, 'AT_SEQUENCE_NUMBER', { StartingSequenceNumber: '7'.repeat(56) }),
    local('accepted'),
  ),
  refusal(
    'a sequence number with letters',
    VALIDATION,
    1,
    (lab, stream) => iterate(lab, stream, 'AT_SEQUENCE_NUMBER', { StartingSequenceNumber: 'seven' }),
    local(ARGUMENT),
  ),
  refusal('AT_TIMESTAMP without a timestamp', ARGUMENT, 1, (lab, stream) =>
    iterate(lab, stream, 'AT_TIMESTAMP'),
  ),
  refusal(
    'AT_TIMESTAMP in the future',
    ARGUMENT,
    1,
    (lab, stream) =>
      iterate(lab, stream, 'AT_TIMESTAMP', { Timestamp: new Date(systemClock.now() + 3_600_000) }),
    local('accepted'),
  ),
  refusal('an iterator that is none', ARGUMENT, 1, (lab) => lab.get('A'.repeat(200)), local('Unknown 500')),
  refusal(
    'GetRecords with Limit 10,001',
    VALIDATION,
    1,
    async (lab, stream) => {
      const answer = await iterate(lab, stream, 'LATEST');
      await lab.get(answer.ShardIterator ?? '', 10_001);
    },
    local(ARGUMENT),
  ),
];

const OF_WRITING: readonly Scenario[] = [
  refusal('putting into an unknown stream', NOT_FOUND, 1, (lab) => lab.put(MISSING, 'x')),
  refusal('an empty PutRecords', VALIDATION, 1, (lab, stream) => puts(lab, stream, 0), local('accepted')),
  refusal('a PutRecords of 501', VALIDATION, 1, (lab, stream) => puts(lab, stream, 501), local('accepted')),
  refusal(
    'an empty partition key',
    VALIDATION,
    1,
    (lab, stream) => lab.put(stream, 'x', { key: '' }),
    local(ARGUMENT),
  ),
  refusal(
    'a partition key of 257 characters',
    VALIDATION,
    1,
    (lab, stream) => lab.put(stream, 'x', { key: 'k'.repeat(257) }),
    local(ARGUMENT),
  ),
  refusal('an explicit hash key of 2^128', ARGUMENT, 1, (lab, stream) =>
    lab.put(stream, 'x', { hash: (MAX_HASH_KEY + 1n).toString() }),
  ),
  refusal(
    'a record one byte above 1 MiB',
    VALIDATION,
    1,
    (lab, StreamName) =>
      lab.client.send(
        new PutRecordCommand({ StreamName, PartitionKey, Data: Buffer.alloc(1024 * 1024 + 1) }),
      ),
    local(ARGUMENT),
  ),
];

const OF_RESHARDING: readonly Scenario[] = [
  refusal(
    'a split at the start of the shard',
    ARGUMENT,
    1,
    (lab, stream) => split(lab, stream, '0'),
    local('accepted'),
  ),
  refusal(
    'a split at the end of the shard',
    ARGUMENT,
    1,
    (lab, stream) => split(lab, stream, MAX_HASH_KEY.toString()),
    local('accepted'),
  ),
  refusal('a split of an unknown shard', NOT_FOUND, 1, (lab, stream) => split(lab, stream, HALF, 7)),
  refusal(
    'a split of a closed shard',
    ARGUMENT,
    1,
    async (lab, stream) => {
      await lab.split(stream, 0, BigInt(HALF));
      await split(lab, stream, HALF);
    },
    { ...local(IN_USE), kinesalite: { answers: 'accepted', because: 'accepted' } },
  ),
  refusal('a merge of shards that are not adjacent', ARGUMENT, 3, (lab, stream) => merge(lab, stream, 0, 2)),
  refusal('a merge of a shard with itself', ARGUMENT, 2, (lab, stream) => merge(lab, stream, 0, 0)),
];

export const REFUSALS: readonly Scenario[] = [...OF_STREAMS, ...OF_READING, ...OF_WRITING, ...OF_RESHARDING];
