import fc from 'fast-check';
import { WriteRate } from '../../../src/sink/write-rate';

const MIB = 1024 * 1024;

/** Lets everything go that may, at each instant; what went. */
function drive(rate: WriteRate, instants: readonly number[], size: number): { at: number; count: number }[] {
  return instants.map((at) => {
    rate.refill(at);
    let count = 0;
    while (rate.allows(size)) {
      rate.take(size);
      count++;
    }
    return { at, count };
  });
}

test('in any second no more goes than the limit and a quarter of it saved up', () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      gaps,
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 10, max: 300 }),
      (steps, size, percent) => {
        let now = 0;
        const went = drive(new WriteRate(percent, 0), [0, ...steps.map((step) => (now += step))], size);
        for (const { at } of went) {
          const inSecond = went.filter((other) => other.at >= at && other.at < at + 1000);
          const records = inSecond.reduce((sum, { count }) => sum + count, 0);
          expect(records).toBeLessThanOrEqual(1.25 * 10 * percent + 1);
          expect(records * size).toBeLessThanOrEqual((1.25 * MIB * percent) / 100 + size);
        }
      },
    ),
  );
});

test('looked at every 50 ms, the whole limit is used', () => {
  const instants = Array.from({ length: 200 }, (_, index) => index * 50);
  const went = drive(new WriteRate(100, 0), instants, 10).reduce((sum, { count }) => sum + count, 0);
  expect(went).toBe(250 + 9950);
});

test('a record larger than what can be saved up goes on credit, and is paid for', () => {
  const rate = new WriteRate(100, 0);
  expect(rate.allows(10 * MIB)).toBe(true);
  rate.take(10 * MIB);
  rate.refill(5000);
  expect(rate.allows(1)).toBe(false);
  expect(rate.waitFor(1)).toBeGreaterThan(4000);
  rate.refill(5000 + rate.waitFor(1));
  expect(rate.allows(1)).toBe(true);
});

test('after waitFor has passed the record may go, and no earlier', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 * MIB }), fc.integer({ min: 1, max: 400 }), (size, percent) => {
      const rate = new WriteRate(percent, 0);
      while (rate.allows(size)) {
        rate.take(size);
      }
      const wait = rate.waitFor(size);
      expect(wait).toBeGreaterThan(0);
      rate.refill(wait * 0.99);
      expect(rate.allows(size)).toBe(false);
      rate.refill(wait * 1.000001);
      expect(rate.allows(size)).toBe(true);
    }),
  );
});

describe('the rate', () => {
  const rounds = (rate: WriteRate, from: number, to: number, accepted: number, throttled: number): void => {
    for (let now = from; now < to; now += 50) {
      rate.answered(accepted, throttled, now);
    }
  };

  test('falls to half within two seconds where half of everything is refused', () => {
    const rate = new WriteRate(100, 0);
    rounds(rate, 0, 2000, 10, 10);
    expect(rate.recordsPerSecond).toBeLessThan(500);
  });

  test('loses little by one straying refusal', () => {
    const rate = new WriteRate(100, 0);
    rounds(rate, 0, 1000, 50, 0);
    rate.answered(40, 10, 1000);
    rounds(rate, 1050, 1300, 50, 0);
    expect(rate.recordsPerSecond).toBeGreaterThan(950);
  });

  test('never falls below an eighth, and is back within twelve seconds', () => {
    const rate = new WriteRate(100, 0);
    rounds(rate, 0, 10_000, 0, 10);
    expect(rate.recordsPerSecond).toBe(125);
    rounds(rate, 10_000, 22_000, 10, 0);
    expect(rate.recordsPerSecond).toBe(1000);
  });

  test('is not cut twice for requests that were under way together', () => {
    const once = new WriteRate(100, 0);
    rounds(once, 0, 1000, 10, 0);
    once.answered(0, 500, 1000);
    const cut = once.recordsPerSecond;
    once.answered(0, 500, 1001);
    once.answered(0, 500, 1002);
    expect(once.recordsPerSecond).toBe(cut);
  });
});
