import {
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  ListShardsCommand,
  ListStreamsCommand,
  type ShardFilter,
} from '@aws-sdk/client-kinesis';
import { MAX_HASH_KEY, middleOf } from '../../../../src/stream/hash-key';
import { systemClock } from '../../../../src/util/clock';
import { after, eventually, type Lab, shardId } from '../lab';
import type { Differences, Scenario } from '../scenario';

const MIDDLE = middleOf({ start: 0n, end: MAX_HASH_KEY });

/** Wide enough for an emulator that keeps whole seconds. */
const GAP_MS = 1_100;

/** One shard, split. */
async function splitStream(lab: Lab): Promise<string> {
  const stream = await lab.stream(1);
  await after(systemClock.now() + 1);
  await lab.split(stream, 0, MIDDLE);
  return stream;
}

/** One shard, split, with instants well before and well after. */
async function datedSplit(lab: Lab): Promise<{ stream: string; before: Date; later: Date }> {
  const stream = await lab.stream(1);
  await after(systemClock.now() + GAP_MS);
  const before = new Date(systemClock.now());
  await after(before.getTime() + GAP_MS);
  await lab.split(stream, 0, MIDDLE);
  await after(systemClock.now() + GAP_MS);
  return { stream, before, later: new Date(systemClock.now() - 1) };
}

async function filtered(lab: Lab, stream: string, filter: ShardFilter): Promise<unknown> {
  return (await lab.shards(stream, { ShardFilter: filter })).map((shard) => shard.ShardId);
}

const IDS = [0, 1, 2].map(shardId);

const NO_FILTERS = 'it knows no filters';

function ofFilter(
  promise: string,
  filter: ShardFilter,
  documented: unknown,
  differences: Differences = {},
): Scenario {
  return {
    promise: `filter ${promise}`,
    source: 'Kinesis API, ShardFilter',
    observe: async (lab) => filtered(lab, await splitStream(lab), filter),
    documented,
    differences,
  };
}

export const LISTING: readonly Scenario[] = [
  {
    promise: 'a new stream is ACTIVE with its shards evenly over the hash keys',
    source: 'Kinesis API, CreateStream; StreamDescriptionSummary',
    observe: async (lab) => {
      const stream = await lab.stream(3);
      const { StreamDescriptionSummary: summary } = await lab.client.send(
        new DescribeStreamSummaryCommand({ StreamName: stream }),
      );
      return {
        status: summary?.StreamStatus,
        arn: summary?.StreamARN?.replace(/:\d{12}:/, ':<account>:').replace(stream, '<name>'),
        open: summary?.OpenShardCount,
        retention: summary?.RetentionPeriodHours,
        starts: (await lab.shards(stream)).map((shard) => shard.HashKeyRange?.StartingHashKey),
      };
    },
    documented: {
      status: 'ACTIVE',
      arn: 'arn:aws:kinesis:us-east-1:<account>:stream/<name>',
      open: 3,
      retention: 24,
      starts: ['0', '113427455640312821154458202477256070485', '226854911280625642308916404954512140970'],
    },
  },
  {
    promise: 'DescribeStream pages through the shards',
    source: 'Kinesis API, DescribeStream: Limit, ExclusiveStartShardId, HasMoreShards',
    observe: async (lab) => {
      const StreamName = await lab.stream(3);
      const page = async (query: { Limit?: number; ExclusiveStartShardId?: string }) => {
        const answer = await lab.client.send(new DescribeStreamCommand({ StreamName, ...query }));
        const { Shards, HasMoreShards } = answer.StreamDescription ?? {};
        return [Shards?.map((shard) => shard.ShardId), HasMoreShards];
      };
      return [await page({ Limit: 2 }), await page({ Limit: 2, ExclusiveStartShardId: shardId(1) })];
    },
    documented: [
      [[shardId(0), shardId(1)], true],
      [[shardId(2)], false],
    ],
    differences: {
      kinesalite: {
        answers: [
          [IDS, false],
          [IDS, false],
        ],
        because: 'it always describes every shard',
      },
    },
  },
  {
    promise: 'ListShards pages by NextToken until nothing is left',
    source: 'Kinesis API, ListShards: MaxResults, NextToken',
    observe: async (lab) => {
      const StreamName = await lab.stream(5);
      const pages: unknown[] = [];
      let answer = await lab.client.send(new ListShardsCommand({ StreamName, MaxResults: 2 }));
      for (;;) {
        pages.push(answer.Shards?.map((shard) => shard.ShardId));
        if (answer.NextToken === undefined) {
          return pages;
        }
        answer = await lab.client.send(new ListShardsCommand({ NextToken: answer.NextToken, MaxResults: 2 }));
      }
    },
    documented: [[shardId(0), shardId(1)], [shardId(2), shardId(3)], [shardId(4)]],
    differences: {
      kinesalite: { answers: [[0, 1, 2, 3, 4].map(shardId)], because: 'it knows no pages of shards' },
    },
  },
  {
    promise: 'ListShards starts behind ExclusiveStartShardId',
    source: 'Kinesis API, ListShards: ExclusiveStartShardId',
    observe: async (lab) => {
      const stream = await lab.stream(3);
      return (await lab.shards(stream, { ExclusiveStartShardId: shardId(1) })).map((shard) => shard.ShardId);
    },
    documented: [shardId(2)],
  },
  ofFilter('FROM_TRIM_HORIZON names every shard within retention', { Type: 'FROM_TRIM_HORIZON' }, IDS),
  ofFilter(
    'AFTER_SHARD_ID names the shards behind that one',
    { Type: 'AFTER_SHARD_ID', ShardId: shardId(0) },
    IDS.slice(1),
    { kinesalite: { answers: IDS, because: NO_FILTERS } },
  ),
  ofFilter('AT_LATEST names the open shards', { Type: 'AT_LATEST' }, IDS.slice(1), {
    kinesalite: { answers: IDS, because: NO_FILTERS },
  }),
  ofFilter(
    'AT_TRIM_HORIZON names the shards open then, without their children',
    { Type: 'AT_TRIM_HORIZON' },
    [shardId(0)],
    {
      kinesalite: { answers: IDS, because: NO_FILTERS },
      'kinesis-local': { answers: IDS, because: 'it names children that came later too' },
    },
  ),
  {
    promise:
      'filter AT_TIMESTAMP names the shards open at an instant, FROM_TIMESTAMP those not closed before it',
    source: 'Kinesis API, ShardFilter',
    observe: async (lab) => {
      const { stream, before, later } = await datedSplit(lab);
      return {
        atBefore: await filtered(lab, stream, { Type: 'AT_TIMESTAMP', Timestamp: before }),
        atLater: await filtered(lab, stream, { Type: 'AT_TIMESTAMP', Timestamp: later }),
        fromBefore: await filtered(lab, stream, { Type: 'FROM_TIMESTAMP', Timestamp: before }),
        fromLater: await filtered(lab, stream, { Type: 'FROM_TIMESTAMP', Timestamp: later }),
      };
    },
    documented: {
      atBefore: [shardId(0)],
      atLater: IDS.slice(1),
      fromBefore: IDS,
      fromLater: IDS.slice(1),
    },
    differences: {
      kinesalite: {
        answers: { atBefore: IDS, atLater: IDS, fromBefore: IDS, fromLater: IDS },
        because: NO_FILTERS,
      },
    },
  },
  {
    promise: 'a stream is found by its ARN',
    source: 'Kinesis API, StreamARN',
    observe: async (lab) => {
      const StreamName = await lab.stream(1);
      const { StreamDescriptionSummary: summary } = await lab.client.send(
        new DescribeStreamSummaryCommand({ StreamName }),
      );
      const StreamARN = summary?.StreamARN ?? '';
      const listing = lab.client.send(new ListShardsCommand({ StreamARN }));
      const failure = await lab.failure(listing);
      return failure === 'accepted' ? (await listing).Shards?.length : failure;
    },
    documented: 1,
    differences: {
      kinesalite: { answers: 'InvalidArgumentException 400', because: 'it wants names' },
    },
  },
  {
    promise: 'streams are listed by name, page by page',
    source: 'Kinesis API, ListStreams: Limit, ExclusiveStartStreamName, HasMoreStreams',
    observe: async (lab) => {
      const names = ['zz-0', 'zz-1', 'zz-2', 'zz-3'];
      for (const name of names) {
        await lab.stream(1, name);
      }
      const page = async (ExclusiveStartStreamName: string) => {
        const answer = await lab.client.send(new ListStreamsCommand({ Limit: 2, ExclusiveStartStreamName }));
        return [answer.StreamNames, answer.HasMoreStreams];
      };
      return [await page('zz-0'), await page('zz-2')];
    },
    documented: [
      [['zz-1', 'zz-2'], true],
      [['zz-3'], false],
    ],
  },
  {
    promise: 'a deleted stream is gone',
    source: 'Kinesis API, DeleteStream',
    observe: async (lab) => {
      const StreamName = await lab.stream(1);
      await lab.client.send(new DeleteStreamCommand({ StreamName }));
      const describe = () => lab.failure(lab.client.send(new DescribeStreamSummaryCommand({ StreamName })));
      await eventually(async () => (await describe()) !== 'accepted');
      return describe();
    },
    documented: 'ResourceNotFoundException 400',
  },
];
