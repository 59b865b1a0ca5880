import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { MetricSample } from '../../../src/io';
import { CALL_BUCKETS } from '../../../src/metrics/definitions';
import { MetricRegistry } from '../../../src/metrics/registry';

const labels = { stream: 'orders', shard: 'shardId-000000000000' };

/** What one reader should see of `values` recorded into one instrument. */
function sampleOf(values: readonly number[]): Pick<MetricSample, 'count' | 'sum' | 'min' | 'max' | 'last'> {
  return {
    count: values.length,
    sum: values.reduce((sum, value) => sum + value, 0),
    min: Math.min(...values),
    max: Math.max(...values),
    last: values.at(-1) as number,
  };
}

test('an instrument is the same object for the same name and labels, whatever their order', () => {
  const registry = new MetricRegistry();
  const instrument = registry.instrument('records_processed', labels);
  const { stream, shard } = labels;
  expect(registry.instrument('records_processed', { shard, stream })).toBe(instrument);
  expect(registry.instrument('records_processed', { stream, shard: 'other' })).not.toBe(instrument);
  expect(registry.instrument('data_bytes_processed', labels)).not.toBe(instrument);
});

test.each([
  ['no_such_metric', {}],
  ['constructor', {}],
  ['records_processed', {}],
  ['records_processed', { stream: 'orders' }],
  ['records_processed', { ...labels, worker: 'w' }],
  ['records_in_flight', { stream: 'orders' }],
])('an instrument that definitions.ts does not have is a defect: %s with %o', (name, given) => {
  expect(() => new MetricRegistry().instrument(name, given)).toThrow(
    expect.objectContaining({ code: 'ILLEGAL_STATE' }),
  );
});

test('every reader sees everything recorded since it began, in whatever way readings and recordings alternate', () => {
  const step = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constantFrom('first', 'second'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const registry = new MetricRegistry();
      const instrument = registry.instrument('records_processed', labels);
      instrument.record(99);
      const readers = { first: registry.reader(), second: registry.reader() };
      const unread = { first: [] as number[], second: [] as number[] };
      for (const one of [...steps, 'first', 'second'] as const) {
        if (typeof one === 'number') {
          instrument.record(one);
          unread.first.push(one);
          unread.second.push(one);
        } else {
          const expected =
            unread[one].length === 0 ? [] : [{ name: 'records_processed', labels, ...sampleOf(unread[one]) }];
          expect(readers[one].read()).toEqual(expected);
          unread[one] = [];
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('an instrument without news is left out, one whose news is zero is not', () => {
  const registry = new MetricRegistry();
  const reader = registry.reader();
  const instrument = registry.instrument('lost_leases', { stream: 'orders', worker: 'w' });
  instrument.record(0);
  expect(reader.read()).toMatchObject([{ name: 'lost_leases', count: 1, sum: 0, min: 0, max: 0, last: 0 }]);
  expect(reader.read()).toEqual([]);
  instrument.record(2);
  expect(reader.read()).toMatchObject([{ count: 1, sum: 2, min: 2, max: 2, last: 2 }]);
});

test('a value that is no number leaves no trace', () => {
  const registry = new MetricRegistry();
  const reader = registry.reader();
  const instrument = registry.instrument('records_in_flight');
  instrument.record(Number.NaN);
  instrument.record(Number.POSITIVE_INFINITY);
  expect(reader.read()).toEqual([]);
});

test("a user's metric is a distribution of its own name, also beside one of ours", () => {
  const registry = new MetricRegistry();
  const reader = registry.reader();
  registry.record('orders-seen', 3);
  registry.record('orders-seen', 5);
  registry.record('records_in_flight', 1);
  registry.instrument('records_in_flight').record(7);
  expect(reader.read()).toEqual([
    { name: 'orders-seen', labels: {}, count: 2, sum: 8, min: 3, max: 5, last: 5 },
    { name: 'records_in_flight', labels: {}, count: 1, sum: 1, min: 1, max: 1, last: 1 },
    { name: 'records_in_flight', labels: {}, count: 1, sum: 7, min: 7, max: 7, last: 7 },
  ]);
});

test('instruments of shards that have ended go when nobody holds them, after what was in them is read', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const registry = new MetricRegistry();
  const reader = registry.reader();
  const kept = registry.instrument('records_processed', labels);
  for (let n = 0; n < 1000; n++) {
    registry.instrument('records_processed', { stream: 'orders', shard: `shard ${n}` }).record(n);
  }
  const forgotten = async (turns: number, enough: number): Promise<number> => {
    // Weak references hold until the end of the turn; finalizers have one of their own, on a busy machine a late one.
    for (let turn = 0; turn < turns && 1001 - registry.size < enough; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collectGarbage();
    }
    return 1001 - registry.size;
  };
  expect(await forgotten(3, 1)).toBe(0);
  expect(reader.read()).toHaveLength(1000);
  expect(await forgotten(300, 901)).toBeGreaterThan(900);
  expect(registry.instrument('records_processed', labels)).toBe(kept);
});

test('a reader that asks for buckets gets every value of a distribution in the bucket of its bound, and once', () => {
  const bounds = [...CALL_BUCKETS, Number.POSITIVE_INFINITY];
  fc.assert(
    fc.property(fc.array(fc.double({ min: -5, max: 100_000, noNaN: true }), { minLength: 1 }), (values) => {
      const registry = new MetricRegistry();
      const [plain, bucketed] = [registry.reader(), registry.reader({ buckets: true })];
      const time = registry.instrument('audit_time', { stream: 's' });
      for (const half of [values.slice(0, 3), values.slice(3)].filter(({ length }) => length > 0)) {
        for (const value of half) {
          time.record(value);
        }
        const expected = bounds.map(
          (bound, at) =>
            half.filter((value) => value <= bound && value > (bounds[at - 1] ?? -Infinity)).length,
        );
        const [sample] = bucketed.read();
        expect(sample?.buckets).toEqual(expected);
        const { buckets: _, ...rest } = sample ?? {};
        expect(plain.read()).toEqual([rest]);
      }
    }),
    { numRuns: 50 },
  );
});

test('only distributions have buckets, and what is forgotten is told to whoever asks', () => {
  const registry = new MetricRegistry();
  const forgotten: unknown[] = [];
  const reader = registry.reader({ buckets: true, onForgotten: (given) => forgotten.push(given) });
  registry.reader();
  registry.instrument('records_processed', labels).record(1);
  registry.record('mine', 1);
  expect(reader.read().filter(({ buckets }) => buckets !== undefined)).toEqual([]);
  registry.forget(labels);
  expect(forgotten).toEqual([labels]);
});
