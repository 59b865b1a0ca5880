import fc from 'fast-check';
import { isConnectorError } from '../../../src/errors';
import {
  compare,
  compareSequenceNumbers,
  type ExtendedSequenceNumber,
  extendedSequenceNumber,
  format,
  later,
  SHARD_END,
  TRIM_HORIZON,
} from '../../../src/stream/extended-sequence-number';

const KINESIS_NUMBER = '49590338271490256608559692538361571095921575989136588898';

/** Rank and value by the book (KCL), the slow way. */
function value(sequenceNumber: string): bigint {
  const sentinels: { [name: string]: bigint } = {
    AT_TIMESTAMP: -3n,
    TRIM_HORIZON: -2n,
    LATEST: -1n,
    SHARD_END: 1n << 400n,
  };
  return sentinels[sequenceNumber] ?? BigInt(sequenceNumber);
}

const digits = fc.oneof(
  fc.bigInt({ min: 0n, max: 1n << 190n }).map(String),
  fc.bigInt({ min: 0n, max: 300n }).map((n) => `00${n}`),
  fc.integer({ min: 0, max: 12 }).map(String),
);
const sequenceNumber = fc.oneof(
  digits,
  fc.constantFrom('AT_TIMESTAMP', 'TRIM_HORIZON', 'LATEST', 'SHARD_END'),
);
const place = fc.record({ sequenceNumber, subSequenceNumber: fc.integer({ min: 0, max: 3 }) });

describe('order of places in a shard', () => {
  it('is the order of the KCL: AT_TIMESTAMP, TRIM_HORIZON, LATEST, numbers by value, SHARD_END', () => {
    const sorted = ['AT_TIMESTAMP', 'TRIM_HORIZON', 'LATEST', '0', '9', '10', KINESIS_NUMBER, 'SHARD_END'];
    expect([...sorted].reverse().sort(compareSequenceNumbers)).toEqual(sorted);
  });

  it('agrees with arbitrary precision arithmetic on every pair', () => {
    fc.assert(
      fc.property(sequenceNumber, sequenceNumber, (a, b) => {
        const expected = value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0;
        expect(Math.sign(compareSequenceNumbers(a, b))).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('breaks ties by the sub-sequence number and is antisymmetric and transitive', () => {
    const sign = (a: ExtendedSequenceNumber, b: ExtendedSequenceNumber): number =>
      Math.sign(compare(a, b)) + 0;
    expect(compare(extendedSequenceNumber('7', 1), extendedSequenceNumber('7', 2))).toBeLessThan(0);
    fc.assert(
      fc.property(place, place, place, (a, b, c) => {
        expect(sign(a, b) + sign(b, a)).toBe(0);
        const [low, mid, high] = [a, b, c].sort(compare);
        expect(compare(low as ExtendedSequenceNumber, high as ExtendedSequenceNumber)).toBeLessThanOrEqual(0);
        expect(later(low as ExtendedSequenceNumber, mid as ExtendedSequenceNumber)).toBe(
          sign(low as ExtendedSequenceNumber, mid as ExtendedSequenceNumber) === 0 ? low : mid,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('refuses to order what is no place instead of guessing', () => {
    expect(() => compareSequenceNumbers('oldest', '1')).toThrow(/not a place/);
  });
});

describe('extendedSequenceNumber', () => {
  it.each([
    ['', 0],
    ['-5', 0],
    ['12a', 0],
    ['trim_horizon', 0],
    ['1', -1],
    ['1', 0.5],
    ['SHARD_END', 1],
  ])('refuses %j with sub-sequence %j', (text, sub) => {
    try {
      extendedSequenceNumber(text, sub);
    } catch (error) {
      expect(isConnectorError(error, 'CHECKPOINT_INVALID')).toBe(true);
      return;
    }
    throw new Error('accepted');
  });

  it('keeps what a lease row holds', () => {
    expect(extendedSequenceNumber('TRIM_HORIZON')).toEqual(TRIM_HORIZON);
    expect(extendedSequenceNumber(KINESIS_NUMBER, 4)).toEqual({
      sequenceNumber: KINESIS_NUMBER,
      subSequenceNumber: 4,
    });
  });

  it('prints the sub-sequence number only where there is one', () => {
    expect(format(SHARD_END)).toBe('SHARD_END');
    expect(format(extendedSequenceNumber('12', 3))).toBe('12.3');
  });
});
