import * as fc from 'fast-check';
import { formatInstant } from '../../../src/source/record-properties';

describe('an instant among the properties', () => {
  it('is written as Java does, whatever instant came before it', () => {
    const instant = fc.oneof(
      fc.integer({ min: -5_000, max: 5_000 }),
      fc.integer({ min: 1_700_000_000_000, max: 1_700_000_003_000 }),
      fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
    );
    fc.assert(
      fc.property(fc.array(instant, { minLength: 1, maxLength: 20 }), (instants) => {
        for (const ms of instants) {
          const iso = new Date(ms).toISOString();
          expect(formatInstant(ms)).toBe(iso.replace('.000Z', 'Z'));
        }
      }),
      { numRuns: 200 },
    );
  });
});
