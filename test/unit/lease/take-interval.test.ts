import fc from 'fast-check';
import { takeInterval } from '../../../src/lease/take-interval';
import { seededRandom } from '../../../src/util/random';

const longest = { next: () => 0, hex: () => '' };

test('is a second up to 200 rows, then 5 ms a row, at most twice failoverTime', () => {
  expect([0, 1, 200, 400, 2000, 4000, 10_000].map((rows) => takeInterval(rows, 10_000, longest))).toEqual([
    1000, 1000, 1000, 2000, 10_000, 20_000, 20_000,
  ]);
  expect(takeInterval(10_000, 1000, longest)).toBe(2000);
});

test('varies by less than a fifth and never beyond its bound, so that failoverTime + 3 s holds for 200 rows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), fc.integer(), (rows, seed) => {
      const interval = takeInterval(rows, 10_000, seededRandom(seed));
      expect(interval).toBeGreaterThan(800);
      expect(interval).toBeLessThanOrEqual(1000);
    }),
    { numRuns: 100 },
  );
});
