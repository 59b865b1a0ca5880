import { SettableClock } from '../../../src/emulator/clock';
import { createKinesisModel, type KinesisModel } from '../../../src/emulator/kinesis/model';
import type { KinesisOptions } from '../../../src/emulator/kinesis/options';
import { evenRanges } from '../../../src/stream/hash-key';
import { refusalOf } from '../../support/refusal';

const HOUR = 3_600_000;
const StreamName = 'orders';

let clock: SettableClock;
let kinesis: KinesisModel;

function start(shards: number, options: Omit<KinesisOptions, 'clock'> = {}): void {
  clock = new SettableClock({ now: () => Date.UTC(2026, 0, 1) });
  kinesis = createKinesisModel({ clock, ...options });
  kinesis.call('CreateStream', { StreamName, ShardCount: shards });
}

const scale = (TargetShardCount: number) =>
  kinesis.call('UpdateShardCount', { StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING' });

const summary = () => kinesis.call('DescribeStreamSummary', { StreamName }).StreamDescriptionSummary;

const shards = () => kinesis.call('ListShards', { StreamName }).Shards;

/** Number and parents of every shard, and whether it is open. */
const family = () =>
  shards().map(({ ShardId, ParentShardId, AdjacentParentShardId, SequenceNumberRange }) => [
    ...[ShardId, ParentShardId, AdjacentParentShardId].flatMap((id) =>
      id === undefined ? [] : [Number(id.slice(8))],
    ),
    SequenceNumberRange.EndingSequenceNumber === undefined ? 'open' : 'closed',
  ]);

const openRanges = () =>
  kinesis
    .call('ListShards', { StreamName, ShardFilter: { Type: 'AT_LATEST' } })
    .Shards.map(({ HashKeyRange: { StartingHashKey, EndingHashKey } }) => ({
      start: BigInt(StartingHashKey),
      end: BigInt(EndingHashKey),
    }))
    .sort((a, b) => (a.start < b.start ? -1 : 1));

describe('UpdateShardCount', () => {
  test('doubling splits every shard in the middle and answers both counts', () => {
    start(2);
    expect(scale(4)).toMatchObject({ StreamName, CurrentShardCount: 2, TargetShardCount: 4 });
    expect(family()).toEqual([
      [0, 'closed'],
      [1, 'closed'],
      [2, 0, 'open'],
      [3, 0, 'open'],
      [4, 1, 'open'],
      [5, 1, 'open'],
    ]);
    expect(openRanges()).toEqual(evenRanges(4));
    expect(summary().OpenShardCount).toBe(4);
  });

  test('halving merges neighbours', () => {
    start(4);
    scale(2);
    expect(family().slice(4)).toEqual([
      [4, 0, 1, 'open'],
      [5, 2, 3, 'open'],
    ]);
    expect(openRanges()).toEqual(evenRanges(2));
  });

  test('another count goes through shards that close again at once, and a record finds its new shard', () => {
    start(2);
    scale(3);
    expect(family()).toEqual([
      [0, 'closed'],
      [1, 'closed'],
      [2, 0, 'open'],
      [3, 0, 'closed'],
      [4, 1, 'closed'],
      [5, 1, 'open'],
      [6, 3, 4, 'open'],
    ]);
    expect(openRanges()).toEqual(evenRanges(3));
    const put = { StreamName, Data: 'AAAA', PartitionKey: 'k', ExplicitHashKey: (1n << 127n).toString() };
    expect(kinesis.call('PutRecord', put).ShardId).toBe('shardId-000000000006');
  });

  test('a child has higher sequence numbers than its parents, and none from far in the future', () => {
    start(100);
    scale(77);
    const numbers = new Map(
      shards().map(({ ShardId, SequenceNumberRange }) => [ShardId, SequenceNumberRange]),
    );
    for (const { ParentShardId, AdjacentParentShardId, SequenceNumberRange } of shards()) {
      for (const id of [ParentShardId, AdjacentParentShardId]) {
        const end = id === undefined ? '' : (numbers.get(id)?.EndingSequenceNumber ?? 'none');
        expect(SequenceNumberRange.StartingSequenceNumber > end).toBe(true);
      }
    }
    const epoch = ({ StartingSequenceNumber }: { StartingSequenceNumber: string }) =>
      Number((BigInt(StartingSequenceNumber) >> 148n) & 0xfffffffffn);
    expect(Math.max(...[...numbers.values()].map(epoch))).toBeLessThanOrEqual(clock.now() / 1000 + 4);
  });

  test('the stream is UPDATING while its shards change one after the other', () => {
    start(4, { settleMs: 1_000 });
    clock.advance(1_000);
    scale(8);
    expect([summary().StreamStatus, openRanges().length]).toEqual(['UPDATING', 4]);
    expect(refusalOf(() => scale(4))).toBe('ResourceInUseException');
    clock.advance(500);
    expect([summary().StreamStatus, openRanges().length]).toEqual(['UPDATING', 6]);
    clock.advance(500);
    expect([summary().StreamStatus, openRanges().length]).toEqual(['ACTIVE', 8]);
  });

  test.each([
    ['more than double', 4, 9, 'LimitExceededException'],
    ['double', 4, 8, 'accepted'],
    ['half', 4, 2, 'accepted'],
    ['less than half', 5, 2, 'LimitExceededException'],
    ['more than 10,000 shards', 5_001, 10_001, 'LimitExceededException'],
    ['no shards', 1, 0, 'ValidationException'],
  ])('%s: from %i to %i shards is answered with %s', (_what, from, to, answer) => {
    start(from);
    expect(refusalOf(() => scale(to))).toBe(answer);
  });

  test('a stream of more than 10,000 shards goes down only below that', () => {
    start(10_001);
    expect(refusalOf(() => scale(10_000))).toBe('LimitExceededException');
    expect(refusalOf(() => scale(9_999))).toBe('accepted');
  });

  test('an unknown way of scaling, a stream on demand and an unknown stream are refused', () => {
    start(2);
    const input = { StreamName, TargetShardCount: 3 };
    const invoke = (more: object) =>
      refusalOf(() => kinesis.invoke('UpdateShardCount', { ...input, ...more }));
    expect(invoke({ ScalingType: 'OTHER' })).toBe('ValidationException');
    expect(invoke({})).toBe('ValidationException');
    expect(invoke({ ScalingType: 'UNIFORM_SCALING', StreamName: 'other' })).toBe('ResourceNotFoundException');
    const StreamModeDetails = { StreamMode: 'ON_DEMAND' } as const;
    kinesis.call('CreateStream', { StreamName: 'on-demand', StreamModeDetails });
    expect(invoke({ ScalingType: 'UNIFORM_SCALING', StreamName: 'on-demand' })).toBe('ValidationException');
  });

  test('shards that live only until they are merged count against the limit of the account', () => {
    start(2, { shardLimit: 3 });
    expect(refusalOf(() => scale(3))).toBe('LimitExceededException');
    start(2, { shardLimit: 4 });
    expect(refusalOf(() => scale(3))).toBe('accepted');
  });

  test('a refused call does not count among those of 24 hours', () => {
    start(4, { scalingsPerDay: 2 });
    expect([2, 9, 4, 2].map((target) => refusalOf(() => scale(target)))).toEqual([
      'accepted',
      'LimitExceededException',
      'accepted',
      'LimitExceededException',
    ]);
    clock.advance(24 * HOUR);
    expect(refusalOf(() => scale(2))).toBe('accepted');
  });

  test('ten thousand shards are made, listed in pages and read', () => {
    start(5_000);
    scale(10_000);
    const ids: string[] = [];
    let page = kinesis.call('ListShards', { StreamName, ShardFilter: { Type: 'AT_LATEST' } });
    ids.push(...page.Shards.map(({ ShardId }) => ShardId));
    while (page.NextToken !== undefined) {
      page = kinesis.call('ListShards', { NextToken: page.NextToken });
      ids.push(...page.Shards.map(({ ShardId }) => ShardId));
    }
    expect(new Set(ids).size).toBe(10_000);
    const parentIds = Array.from(
      { length: 5_000 },
      (_, index) => `shardId-${String(index).padStart(12, '0')}`,
    );
    const children = parentIds.flatMap((ShardId) => {
      const position = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
      const { ShardIterator } = kinesis.call('GetShardIterator', position);
      return (kinesis.call('GetRecords', { ShardIterator }).ChildShards ?? []).map((child) => child.ShardId);
    });
    expect(new Set(children)).toEqual(new Set(ids));
  });
});
