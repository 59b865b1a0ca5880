import { exploredShards, shardIdOf } from '../../../src/explore/explored-shard';
import { fanOutCost } from '../../../src/explore/fan-out-cost';
import { ReadPace } from '../../../src/explore/read-pace';
import { KCL_EXAMPLE } from '../../support/shards';

describe('the shards of a stream', () => {
  const shards = exploredShards(KCL_EXAMPLE);
  const named = (id: string) => shards.find(({ shardId }) => shardId === id);

  it('are shown with parents, children, and their part of the keys', () => {
    expect(named('6')).toMatchObject({ open: false, parents: ['0', '1'], children: ['8'] });
    expect(named('9')).toMatchObject({ open: true, parents: ['5'], children: [] });
    expect(named('8')?.share).toBeCloseTo(4 / 6, 12);
    const open = shards.filter((shard) => shard.open);
    expect(open.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it('come parents first', () => {
    const order = shards.map(({ shardId }) => shardId);
    for (const { shardId, parents } of shards) {
      for (const parent of parents) {
        expect(order.indexOf(parent)).toBeLessThan(order.indexOf(shardId));
      }
    }
  });

  it.each([
    ['3', 'shardId-000000000003'],
    ['1234', 'shardId-000000001234'],
    ['shardId-000000000003', 'shardId-000000000003'],
    ['other', 'other'],
  ])('are named by their number: %s', (text, id) => {
    expect(shardIdOf(text)).toBe(id);
  });
});

describe('the pace of a look into a shard', () => {
  it('is a read a second, and slower when answers are large: half of what the readers share', () => {
    const pace = new ReadPace(1);
    const read = (at: number, bytes: number): number => {
      pace.begin();
      expect(pace.next).toBe(Number.POSITIVE_INFINITY);
      pace.started(at);
      pace.answered(bytes);
      return pace.next;
    };
    expect(pace.next).toBe(Number.NEGATIVE_INFINITY);
    expect(read(0, 1000)).toBe(1000);
    expect(read(1000, 10 * 1024 * 1024)).toBe(11_000);
  });
});

describe('what consumers cost', () => {
  const none = {
    perConsumerShardHour: undefined,
    perGb: undefined,
    gbPerMonth: undefined,
    hoursPerMonth: 730,
  };

  it('is hours alone as long as no price is given', () => {
    const cost = { consumerShardHours: 5840, forHours: undefined, forBytes: undefined, total: undefined };
    expect(fanOutCost(2, 4, none)).toEqual(cost);
    expect(fanOutCost(2, 4, { ...none, gbPerMonth: 10 })).toEqual(cost);
  });

  it('is the sum of what is paid for hours and for bytes', () => {
    const prices = { ...none, perConsumerShardHour: 0.5, perGb: 0.25, gbPerMonth: 8 };
    expect(fanOutCost(2, 4, prices)).toMatchObject({ forHours: 2920, forBytes: 2, total: 2922 });
    expect(fanOutCost(0, 4, { ...prices, perGb: 0 })).toMatchObject({ total: 0 });
  });
});
