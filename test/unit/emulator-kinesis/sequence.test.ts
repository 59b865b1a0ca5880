import fc from 'fast-check';
import { END_COUNTER, formatSequence } from '../../../src/emulator/kinesis/sequence';
import { parseSequence } from '../../../src/stream/sequence-parts';

const parts = fc.record({
  epoch: fc.integer({ min: 0, max: 2 ** 34 }),
  shardNumber: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  counter: fc.bigInt({ min: 0n, max: END_COUNTER }),
  seconds: fc.integer({ min: 0, max: 2 ** 34 }),
});

describe('sequence numbers', () => {
  // AWS Lambda Developer Guide, "Example Kinesis event": shardId-000000000006, arrival 1545084650.987 and 1545084711.166
  test.each([
    ['49590338271490256608559692538361571095921575989136588898', 1545084650],
    ['49590338271490256608559692540925702759324208523137515618', 1545084711],
  ])('%s as AWS publishes it names its shard and, within two seconds, its arrival', (published, seconds) => {
    const read = parseSequence(published);
    expect(read?.shardNumber).toBe(6);
    expect(Math.abs((read?.seconds ?? 0) - seconds)).toBeLessThanOrEqual(2);
    expect(read && formatSequence(read)).toBe(published);
  });

  test('what was written is read back, always in 56 digits', () => {
    fc.assert(
      fc.property(parts, (written) => {
        const text = formatSequence(written);
        expect(text).toHaveLength(56);
        expect(parseSequence(text)).toEqual(written);
      }),
      { numRuns: 300 },
    );
  });

  test('within a shard the counter decides, whatever the clock did', () => {
    fc.assert(
      fc.property(parts, fc.nat(), (written, seconds) => {
        fc.pre(written.counter < END_COUNTER);
        const next = { ...written, counter: written.counter + 1n, seconds };
        expect(formatSequence(next) > formatSequence(written)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('a shard of a later epoch begins above the end of every earlier one', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 1000 }), (parent, later) => {
        const end = formatSequence({ ...parent, counter: END_COUNTER });
        const start = formatSequence({ ...parent, epoch: parent.epoch + later, counter: 0n });
        expect(start > end).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test.each(['', '0', 'TRIM_HORIZON', '7'.repeat(56), `-${'4'.repeat(55)}`])('%j is none', (text) => {
    expect(parseSequence(text)).toBeUndefined();
  });
});
