import fc from 'fast-check';
import { Batcher } from '../../../src/sink/batcher';
import { PendingEntry } from '../../../src/sink/pending-entry';
import { ShardQueue } from '../../../src/sink/shard-queue';
import { seededRandom } from '../../../src/util/random';
import { SettledRecord } from '../../support/put-lab';

const BOUNDS = { initialMs: 100, maxMs: 1000 };

let arrivals = 0;
function entryOf(size: number, arrivedAt: number): PendingEntry {
  const record = new SettledRecord('k', String(++arrivals), { settled: [] });
  const parts = { data: record.value, partitionKey: 'k', keyed: false };
  return new PendingEntry(record, parts, size, arrivals, arrivedAt);
}

const limits = { maxCount: 10, maxBytes: 1000, lingerMs: 100 };

describe('random traffic', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ push: fc.nat(3), size: fc.integer({ min: 1, max: 1500 }) }) },
    { weight: 3, arbitrary: fc.record({ wait: fc.integer({ min: 1, max: 120 }) }) },
    { weight: 2, arbitrary: fc.record({ refuse: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.constant({ flush: true as const }) },
    { weight: 1, arbitrary: fc.record({ drop: fc.nat(20) }) },
  );

  test('each entry goes once, in the order of its shard, within the limits, and none is forgotten', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 200 }), (steps, percent) => {
        let now = 0;
        const random = seededRandom(steps.length);
        const batcher = new Batcher(limits);
        const queues = [0, 1, 2, 3].map((shard) => new ShardQueue(`shard-${shard}`, percent, now));
        const waiting = new Set<PendingEntry>();
        const last = new Map<ShardQueue, number>();
        const take = (): void => {
          for (let batch = batcher.next(now); batch !== undefined; batch = batcher.next(now)) {
            expect(batch.length).toBeLessThanOrEqual(limits.maxCount);
            const bytes = batch.reduce((sum, { size }) => sum + size, 0);
            expect(batch.length === 1 || bytes <= limits.maxBytes).toBe(true);
            for (const entry of batch as PendingEntry[]) {
              expect(waiting.delete(entry)).toBe(true);
              expect(entry.state).toBe('sent');
              const queue = queues.find(({ shardId }) => shardId === entry.shardId) as ShardQueue;
              expect(entry.arrival).toBeGreaterThan(last.get(queue) ?? 0);
              last.set(queue, entry.arrival);
            }
          }
          // It asks to be looked at again for as long as something waits, and not at once for nothing.
          expect(batcher.nextAt()).toBeGreaterThan(now);
          expect(batcher.empty).toBe(waiting.size === 0);
          expect(batcher.nextAt() < Number.POSITIVE_INFINITY || batcher.empty).toBe(true);
        };
        for (const one of steps) {
          if ('push' in one) {
            const entry = entryOf(one.size, now);
            waiting.add(entry);
            batcher.push(entry, queues[one.push] as ShardQueue);
          } else if ('wait' in one) {
            now += one.wait;
          } else if ('refuse' in one) {
            const tally = { accepted: 0, stored: 0, storedBytes: 0, throttled: 1, failed: 0 };
            queues[one.refuse]?.answered(tally, now, BOUNDS, random);
          } else if ('drop' in one) {
            const entry = [...waiting][one.drop];
            if (entry !== undefined) {
              waiting.delete(entry);
              batcher.drop(entry, queues.find(({ shardId }) => shardId === entry.shardId) as ShardQueue);
            }
          } else {
            batcher.flush(arrivals);
          }
          take();
        }
        for (let looks = 0; !batcher.empty; looks++) {
          expect(looks).toBeLessThan(5000);
          now = batcher.nextAt();
          take();
        }
      }),
      { numRuns: 200 },
    );
  });
});

const queueOf = (shardId = 'shard', percent = 10_000): ShardQueue => new ShardQueue(shardId, percent, 0);

function pushed(batcher: Batcher, queue: ShardQueue, count: number, at = 0): PendingEntry[] {
  return Array.from({ length: count }, () => {
    const entry = entryOf(10, at);
    batcher.push(entry, queue);
    return entry;
  });
}

test('a request takes from every shard in turn', () => {
  const batcher = new Batcher(limits);
  const queues = ['a', 'b', 'c'].map((shardId) => queueOf(shardId));
  for (const queue of queues) {
    pushed(batcher, queue, 20);
  }
  const shards = Array.from({ length: 6 }, () => batcher.next(0) ?? []).map(
    (batch) => new Set(batch.map(({ shardId }) => shardId)),
  );
  expect(shards.every((ids) => ids.size === 3)).toBe(true);
});

test('what waits for a shard without tokens makes no request due and none full', () => {
  const batcher = new Batcher(limits);
  const hot = queueOf('hot', 1);
  pushed(batcher, hot, 500);
  for (let batch = batcher.next(0); batch !== undefined; batch = batcher.next(0)) {
    expect(batch.length).toBeGreaterThan(0);
  }
  const [cold] = pushed(batcher, queueOf('cold'), 1);
  expect(batcher.next(0)).toBeUndefined();
  expect(batcher.nextAt()).toBe(100);
  expect(batcher.next(100)).toEqual(expect.arrayContaining([cold]));
});

test('an entry behind its linger goes at once, wherever in its queue it is', () => {
  const batcher = new Batcher(limits);
  const queue = queueOf();
  pushed(batcher, queue, 3, 200);
  const [old] = pushed(batcher, queue, 1, 0);
  expect(batcher.next(200)).toContain(old);
});

test('a part of the usual bytes is all that goes at a small scale', () => {
  const batcher = new Batcher({ ...limits, maxCount: 500 });
  pushed(batcher, queueOf(), 100);
  expect(batcher.next(0)).toHaveLength(100);
  pushed(batcher, queueOf(), 100);
  expect(batcher.next(0, 0.25)).toHaveLength(25);
});

test('a request that is not full is held until the instant given, a full one is not', () => {
  const batcher = new Batcher(limits);
  const queue = queueOf();
  pushed(batcher, queue, 3);
  expect(batcher.next(150, 1, 160)).toBeUndefined();
  expect(batcher.nextAt(160)).toBe(160);
  pushed(batcher, queue, 7);
  expect(batcher.nextAt(160)).toBeLessThan(0);
  expect(batcher.next(150, 1, 160)).toHaveLength(10);
  pushed(batcher, queue, 3, 60);
  expect(batcher.next(160, 1, 160)).toHaveLength(3);
});

test('a request put together by hand goes first, as it is', () => {
  const batcher = new Batcher(limits);
  const all = pushed(batcher, queueOf(), 10);
  const sent = batcher.next(0) as PendingEntry[];
  expect(sent).toEqual(all);
  batcher.compose(sent.slice(0, 5));
  pushed(batcher, queueOf(), 10);
  expect(batcher.nextAt()).toBeLessThan(0);
  expect(batcher.next(0)).toEqual(all.slice(0, 5));
});
