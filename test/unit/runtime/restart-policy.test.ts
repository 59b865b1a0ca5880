import fc from 'fast-check';
import { ConnectorError, ERRORS, type ErrorCode, type ErrorTreatment } from '../../../src/errors';
import { decideRestart, type Failures, NO_FAILURES } from '../../../src/runtime/restart-policy';
import { seededRandom } from '../../../src/util/random';

const SETTINGS = { initialDelayMs: 1000, maxDelayMs: 60_000, resetAfterMs: 300_000, maxFailures: 10 };

const byTreatment = (treatment: ErrorTreatment): ErrorCode[] =>
  (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].treatment === treatment);

const errorOf = (code: ErrorCode): Error => new ConnectorError(code, 'x');

const failures = fc.record({ all: fc.nat(100), doubtful: fc.nat(8) });
const ran = fc.nat(SETTINGS.resetAfterMs - 1);

function decide(error: unknown, before: Failures, ranMs: number, seed = 1) {
  return decideRestart(error, before, ranMs, SETTINGS, seededRandom(seed));
}

test.each([...byTreatment('fatal'), ...byTreatment('config')])(
  '%s is never tried again, however well it ran',
  (code) => {
    expect(decide(errorOf(code), NO_FAILURES, Number.MAX_SAFE_INTEGER).action).toBe('end');
  },
);

test('an error that heals is tried again however often', () => {
  fc.assert(
    fc.property(fc.constantFrom(...byTreatment('retry')), failures, ran, (code, before, ranMs) => {
      const decision = decide(errorOf(code), before, ranMs);
      expect(decision).toMatchObject({
        action: 'restart',
        failures: { all: before.all + 1, doubtful: before.doubtful },
      });
    }),
  );
});

test('an error that may not heal ends it exactly at the last failure allowed', () => {
  const doubtful = [...byTreatment('bounded').map(errorOf), new TypeError('x'), 'a text', undefined];
  fc.assert(
    fc.property(fc.constantFrom(...doubtful), ran, (error, ranMs) => {
      let before = NO_FAILURES;
      for (let n = 1; n < SETTINGS.maxFailures; n++) {
        const decision = decide(error, before, ranMs);
        expect(decision.action).toBe('restart');
        before = decision.failures;
      }
      expect(decide(error, before, ranMs).action).toBe('end');
      expect(decide(error, before, SETTINGS.resetAfterMs)).toMatchObject({
        action: 'restart',
        failures: { all: 1, doubtful: 1 },
      });
    }),
  );
});

test('waits are random below a ceiling that doubles from the first to the longest', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.nat(), (all, seed) => {
      const decision = decide(errorOf('AWS_THROTTLED'), { all, doubtful: 0 }, 0, seed);
      const waitMs = decision.action === 'restart' ? decision.waitMs : Number.NaN;
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThan(Math.min(60_000, 1000 * 2 ** Math.min(all, 30)));
    }),
  );
});
