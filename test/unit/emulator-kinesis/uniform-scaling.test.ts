import fc from 'fast-check';
import { uniformScaling } from '../../../src/emulator/kinesis/uniform-scaling';
import { evenRanges, type HashKeyRange, MAX_HASH_KEY, middleOf } from '../../../src/stream/hash-key';

/** Ranges left open once every step was taken, in order. @throws when a step names a parent that is not open */
function apply(open: readonly HashKeyRange[], target: number): HashKeyRange[] {
  const left = new Map(open.map((range) => [range.start, range.end]));
  for (const { parents, children } of uniformScaling(open, target)) {
    for (const { start, end } of parents) {
      if (left.get(start) !== end) {
        throw new Error(`no open shard from ${start} to ${end}`);
      }
      left.delete(start);
    }
    for (const { start, end } of children) {
      left.set(start, end);
    }
  }
  return [...left].map(([start, end]) => ({ start, end })).sort((a, b) => (a.start < b.start ? -1 : 1));
}

/** The whole space, cut at random places. */
const anyRanges = fc
  .uniqueArray(fc.bigInt({ min: 1000n, max: MAX_HASH_KEY - 1000n }), { maxLength: 12 })
  .map((cuts) => {
    const starts = [0n, ...cuts.sort((a, b) => (a < b ? -1 : 1))];
    return starts.map((start, index) => ({ start, end: (starts[index + 1] ?? MAX_HASH_KEY + 1n) - 1n }));
  });

describe('uniform scaling', () => {
  test('whatever was open, the hash keys end up in even shards, each key in one', () => {
    fc.assert(
      fc.property(anyRanges, fc.integer({ min: 1, max: 24 }), (open, target) => {
        const left = apply(open, target);
        const even = evenRanges(target);
        expect(left).toHaveLength(target);
        left.forEach(({ start, end }, index) => {
          const wanted = even[index]?.start ?? 0n;
          expect(start >= wanted - 40n && start <= wanted + 40n).toBe(true);
          expect(end + 1n).toBe(left[index + 1]?.start ?? MAX_HASH_KEY + 1n);
        });
      }),
      { numRuns: 200 },
    );
  });

  test('a split cuts where SplitShard would, a merge joins neighbours, and merges come last', () => {
    fc.assert(
      fc.property(anyRanges, fc.integer({ min: 1, max: 24 }), (open, target) => {
        const steps = uniformScaling(open, target);
        for (const { parents, children } of steps) {
          const [lower, upper] = parents.length === 1 ? children : parents;
          const [whole] = parents.length === 1 ? parents : children;
          expect([parents.length, children.length].sort()).toEqual([1, 2]);
          expect(lower?.end).toBe((upper?.start ?? 0n) - 1n);
          expect(whole).toEqual({ start: lower?.start, end: upper?.end });
          expect((upper?.start ?? 0n) > (whole?.start ?? 0n) + 1n).toBe(true);
        }
        const kinds = steps.map(({ parents }) => parents.length);
        expect(kinds).toEqual([...kinds].sort());
      }),
      { numRuns: 200 },
    );
  });

  test.each([1, 3, 7, 1000])(
    'doubling %i even shards splits each once, halving them merges each pair once',
    (count) => {
      const doubled = uniformScaling(evenRanges(count), count * 2);
      expect(doubled.map(({ parents }) => parents[0])).toEqual(evenRanges(count));
      const halved = uniformScaling(evenRanges(count * 2), count);
      expect(halved.flatMap(({ parents }) => parents)).toEqual(evenRanges(count * 2));
    },
  );

  test('shards that SplitShard halved by hand are even already', () => {
    const halves = evenRanges(3).flatMap(({ start, end }) => {
      const middle = middleOf({ start, end });
      return [
        { start, end: middle - 1n },
        { start: middle, end },
      ];
    });
    expect(uniformScaling(halves, 6)).toEqual([]);
  });

  test('ten thousand shards are planned in a step or two each', () => {
    expect(uniformScaling(evenRanges(5_000), 10_000)).toHaveLength(5_000);
    expect(uniformScaling(evenRanges(10_000), 7_001).length).toBeLessThan(20_000);
  });
});
