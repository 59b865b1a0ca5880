import { monthlyPrice, readUnits, writeUnits } from '../../support/dynamo-meter';
import { kclCost, measureLeaseCost } from '../../support/lease-cost';

test('a unit of capacity covers 1 KiB written and 4 KiB read, begun ones counted whole', () => {
  expect([0, 1, 1024, 1025].map(writeUnits)).toEqual([1, 1, 1, 2]);
  expect([0, 4096, 4097].map((bytes) => readUnits(bytes, true))).toEqual([1, 1, 2]);
  expect(readUnits(4097, false)).toBe(1);
});

test('a month of one write unit a minute costs five times one of read units', () => {
  const none = { writes: 0, writeUnits: 0, reads: 0, readUnits: 0 };
  expect(monthlyPrice({ ...none, writeUnits: 1 })).toBeCloseTo(0.027375, 9);
  expect(monthlyPrice({ ...none, readUnits: 1 })).toBeCloseTo(0.005475, 9);
});

test('a KCL 2.x fleet writes twice a renewal for each lease, and scans every 20.05 s with each worker', () => {
  const { writes, reads } = kclCost({ shards: 100, workers: 4 }, 40_000);
  expect(writes).toBeCloseTo((100 * 2 * 60) / 3.308333, 1);
  expect(reads).toBeCloseTo((4 * 60) / 20.05 + 0.5, 6);
});

test.each([
  { shards: 1, workers: 1 },
  { shards: 8, workers: 3 },
])(
  '$shards shards at $workers workers: at most half of the writes of a KCL 2.x fleet, every renewal with a checkpoint',
  async (fleet) => {
    const { use, kclTableBytes } = await measureLeaseCost(fleet, 12);
    const kcl = kclCost(fleet, kclTableBytes);
    expect(use.writes / kcl.writes).toBeCloseTo(0.5, 6);
    expect(use.writeUnits / kcl.writeUnits).toBeLessThanOrEqual(0.5 + 1e-9);
  },
);
