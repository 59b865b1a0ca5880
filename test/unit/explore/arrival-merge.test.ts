import fc from 'fast-check';
import { ArrivalMerge, type Entry, type Lane } from '../../../src/explore/arrival-merge';

const HOLD = 3000;

class TestLane implements Lane {
  entries: Entry[];
  floor = Number.NEGATIVE_INFINITY;
  hungrySince = 0;
  ended = false;
  kept: number | undefined;

  constructor(
    readonly name: string,
    arrivals: readonly number[],
    options: Partial<Pick<TestLane, 'floor' | 'ended'>> = {},
  ) {
    this.entries = arrivals.map((arrival, n) => ({
      arrival,
      record: {
        shardId: name,
        sequenceNumber: String(n),
        subSequenceNumber: 0,
        aggregated: false,
        partitionKey: 'key',
        approximateArrival: arrival,
        data: new Uint8Array(10),
      },
    }));
    Object.assign(this, options);
  }

  shift(): Entry | undefined {
    return this.entries.shift();
  }

  keep(count: number): void {
    this.kept = count;
    this.entries.splice(count);
  }
}

function mergeOf(...lanes: readonly TestLane[]): ArrivalMerge<TestLane> {
  const merge = new ArrivalMerge<TestLane>(HOLD);
  for (const lane of lanes) {
    merge.add(lane);
  }
  return merge;
}

function taken(merge: ArrivalMerge<TestLane>, now: number): number[] {
  const arrivals: number[] = [];
  for (let entry = merge.next(now); entry !== undefined; entry = merge.next(now)) {
    arrivals.push(entry.arrival);
  }
  return arrivals;
}

describe('records of several shards by arrival', () => {
  it('wait for a shard that may have an earlier one, and no longer than that', () => {
    const late = new TestLane('late', [], { floor: 20 });
    const merge = mergeOf(new TestLane('a', [10, 30, 40]), new TestLane('b', [20, 35]), late);
    expect(taken(merge, 0)).toEqual([10, 20]);
    expect(merge.wanted()).toEqual([late]);
    late.floor = 35;
    expect(taken(merge, 0)).toEqual([30, 35]);
    late.ended = true;
    expect(taken(merge, 0)).toEqual([]);
    expect(merge.wanted().map(({ name }) => name)).toEqual(['b']);
  });

  it('wait no longer than the hold for a shard that brings nothing, but always for its first answer', () => {
    const slow = new TestLane('slow', []);
    const merge = mergeOf(new TestLane('a', [10]), slow);
    expect(taken(merge, HOLD - 1)).toEqual([]);
    expect(merge.releaseAfter(HOLD - 1)).toBe(HOLD);
    slow.hungrySince = Number.POSITIVE_INFINITY;
    expect(taken(merge, HOLD)).toEqual([]);
    slow.hungrySince = 0;
    expect(taken(merge, HOLD)).toEqual([10]);
    expect(merge.releaseAfter(HOLD)).toBe(Number.POSITIVE_INFINITY);
  });

  it('need no read of a shard whose next record comes later anyway', () => {
    const merge = mergeOf(new TestLane('a', [10]), new TestLane('later', [], { floor: 11 }));
    expect(merge.wanted()).toEqual([]);
    expect(taken(merge, 0)).toEqual([10]);
    expect(merge.wanted()).toHaveLength(2);
  });

  it('are kept as far as there is room, the earliest ones, and one in any case', () => {
    const [a, b] = [new TestLane('a', [10, 40, 50]), new TestLane('b', [20, 30])];
    const merge = mergeOf(a, b);
    merge.trim({ records: 3, bytes: 1000 });
    expect([a.kept, b.kept]).toEqual([1, 2]);
    merge.trim({ records: 3, bytes: 25 });
    expect([a.kept, b.kept]).toEqual([1, 1]);
    merge.trim({ records: 3, bytes: 0 });
    expect([a.kept, b.kept]).toEqual([1, 0]);
  });

  it('come out in order, each shard in its own, whatever the shards have', () => {
    const arrivals = fc.array(fc.nat(100), { maxLength: 12 }).map((list) => list.sort((x, y) => x - y));
    fc.assert(
      fc.property(fc.array(arrivals, { maxLength: 6 }), fc.nat(30), (lists, records) => {
        const all = lists.flat().sort((x, y) => x - y);
        const merge = mergeOf(...lists.map((list, n) => new TestLane(String(n), list, { ended: true })));
        merge.trim({ records: records + 1, bytes: Number.POSITIVE_INFINITY });
        expect(taken(merge, 0)).toEqual(all.slice(0, records + 1));
        expect(merge.dismiss()).toHaveLength(lists.length);
      }),
      { numRuns: 200 },
    );
  });
});
