import type { MetricDatum } from '../../../src/metrics/metric-data-api';
import { UnsentData } from '../../../src/metrics/unsent-data';

function data(count: number, valueLength = 20): MetricDatum[] {
  return Array.from({ length: count }, (_, n) => ({
    name: `metric ${n}`,
    dimensions: [{ name: 'ShardId', value: 'x'.repeat(valueLength) }],
    timestamp: 0,
    unit: 'Count',
    statistics: { count: 1, sum: n, min: n, max: n },
  }));
}

/** Bytes of a request body: the service takes JSON. */
function requestBytes(batch: readonly MetricDatum[]): number {
  const body = batch.map(({ name, dimensions, timestamp, unit, statistics }) => ({
    MetricName: name,
    Dimensions: dimensions.map((dimension) => ({ Name: dimension.name, Value: dimension.value })),
    Timestamp: timestamp / 1000,
    StatisticValues: {
      SampleCount: statistics.count,
      Sum: statistics.sum,
      Minimum: statistics.min,
      Maximum: statistics.max,
    },
    Unit: unit,
  }));
  return JSON.stringify(body).length;
}

test('a batch holds what one request may: 1,000 data and 1 MB, the oldest first', () => {
  const unsent = new UnsentData();
  unsent.add(data(2500));
  const sizes: number[] = [];
  for (let batch = unsent.batch(); batch.length > 0; batch = unsent.batch()) {
    expect(batch[0]?.statistics.sum).toBe(sizes.reduce((sum, size) => sum + size, 0));
    sizes.push(batch.length);
    unsent.sent(batch.length);
  }
  expect(sizes).toEqual([1000, 1000, 500]);

  unsent.add(data(1000, 1024));
  const batch = unsent.batch();
  expect(batch.length).toBeGreaterThan(200);
  expect(requestBytes(batch)).toBeLessThan(1_000_000);
});

test('a request never grows beyond its limit, whatever its names and numbers', () => {
  const longest = -1.2345678901234567e-100;
  const statistics = { count: longest, sum: longest, min: longest, max: longest };
  for (const length of [1, 20, 200, 1024]) {
    const unsent = new UnsentData();
    const timestamp = 1_795_265_346_361;
    const name = '"'.repeat(length % 256);
    unsent.add(
      data(1000, length).map((datum) => ({ ...datum, unit: 'Milliseconds', name, timestamp, statistics })),
    );
    const batch = unsent.batch();
    expect(requestBytes(batch) + 1000).toBeLessThan(1_000_000);
    expect(batch.length === 1000 || requestBytes(batch) > 400_000).toBe(true);
  }
});

test('a single datum goes alone, however large', () => {
  const unsent = new UnsentData();
  unsent.add(data(1, 2_000_000));
  expect(unsent.batch()).toHaveLength(1);
});

test('of more than 10,000 the oldest are dropped', () => {
  const unsent = new UnsentData();
  unsent.add(data(9_999));
  expect(unsent.bound()).toBe(0);
  unsent.add(data(101));
  expect(unsent.bound()).toBe(100);
  expect(unsent.size).toBe(10_000);
  expect(unsent.batch()[0]?.statistics.sum).toBe(100);
});
