import fc from 'fast-check';
import { ReadSize } from '../../../src/retrieval/read-size';

const KIB = 1024;
const MIB = KIB * KIB;

/** The limit after an answer of `records` of `bytes` each. */
function limitAfter(max: number, ...answers: [records: number, bytes: number][]): number {
  const size = new ReadSize(max);
  for (const [records, bytes] of answers) {
    size.answered(records, records * bytes);
  }
  return size.limit;
}

describe('read size', () => {
  it('the first answer is small, for nothing is known of the records', () => {
    expect(new ReadSize(10_000).limit).toBe(4);
    expect(new ReadSize(3).limit).toBe(3);
  });

  it.each([
    [200, 2299],
    [KIB, 819],
    [100 * KIB, 10],
    [MIB, 1],
    [10 * MIB, 1],
  ])('records of %d bytes are asked for %d at a time: about 1 MiB an answer', (bytes, limit) => {
    expect(limitAfter(10_000, [50, bytes])).toBe(limit);
  });

  it('larger records count at once, smaller ones step by step', () => {
    const large = limitAfter(10_000, [64, 200], [10, MIB]);
    expect(large).toBe(1);
    const after = [1, 2, 3].map((n) =>
      limitAfter(10_000, [10, MIB], ...Array<[number, number]>(n * 8).fill([1, 200])),
    );
    expect(after).toEqual([...after].sort((a, b) => a - b));
    expect(after[2]).toBeGreaterThan(500);
  });

  it('an empty answer changes nothing', () => {
    expect(limitAfter(10_000, [10, KIB], [0, 0])).toBe(limitAfter(10_000, [10, KIB]));
  });

  it('the limit stays between 1 and the bound, whatever was seen', () => {
    const answer = fc.tuple(fc.nat(10_000), fc.nat(10 * MIB));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.array(answer), (max, answers) => {
        const limit = limitAfter(max, ...answers);
        expect(Number.isInteger(limit) && limit >= 1 && limit <= max).toBe(true);
      }),
    );
  });
});
