import fc from 'fast-check';
import { evenRanges, firstUncovered, hashKeyOf, MAX_HASH_KEY, middleOf } from '../../../src/stream/hash-key';

const key = fc.bigInt({ min: 0n, max: MAX_HASH_KEY });

describe('hash keys', () => {
  test.each([
    ['', 0xd41d8cd98f00b204e9800998ecf8427en],
    ['abc', 0x900150983cd24fb0d6963f7d28e17f72n],
    ['message digest', 0xf96b697d7cb7938d525a2f31aaf161d0n],
  ])('of %j is the MD5 that RFC 1321 gives', (partitionKey, expected) => {
    expect(hashKeyOf(partitionKey)).toBe(expected);
  });

  test('of a key outside ASCII is that of its UTF-8 bytes', () => {
    expect(hashKeyOf('ü')).toBe(0xc03410a5204b21cd8229ff754688d743n);
  });

  test('even ranges hold every hash key exactly once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), key, (count, hashKey) => {
        const ranges = evenRanges(count);
        expect(ranges.filter(({ start, end }) => start <= hashKey && hashKey <= end)).toHaveLength(1);
        expect(firstUncovered(ranges)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  test('a missing range is found, whatever the order and the overlaps of the others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.nat(), (count, gap, turn) => {
        const ranges = evenRanges(count);
        const [missing] = ranges.splice(gap % count, 1);
        const rotated = [
          ...ranges.slice(turn % count),
          ...ranges.slice(0, turn % count),
          ...ranges.slice(0, 1),
        ];
        expect(firstUncovered(rotated)).toBe(missing?.start);
      }),
      { numRuns: 100 },
    );
  });

  test('no ranges at all leave the whole space open', () => {
    expect(firstUncovered([])).toBe(0n);
  });

  test('the middle cuts a range into two that are equal within one key', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        fc.pre(a !== b);
        const range = a < b ? { start: a, end: b } : { start: b, end: a };
        const middle = middleOf(range);
        const difference = middle - range.start - (range.end - middle + 1n);
        expect(difference === 0n || difference === 1n).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
