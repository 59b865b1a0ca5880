import fc from 'fast-check';
import { Pacing } from '../../../src/retrieval/pacing';

const BEHIND = { records: 10, limit: 100, millisBehindLatest: 5_000 };
const CAUGHT_UP = { records: 0, limit: 100, millisBehindLatest: 0 };

/** Starts of `count` calls that are made as soon as the pacing allows and take `tookMs` each. */
function starts(pacing: Pacing, count: number, react: (call: number) => void, tookMs = 1): number[] {
  const at: number[] = [];
  let now = 0;
  for (let call = 0; call < count; call++) {
    now = Math.max(now, pacing.next());
    at.push(now);
    pacing.started(now);
    now += tookMs;
    react(call);
  }
  return at;
}

describe('pacing', () => {
  it('asks again at once while behind, up to the rate of one second', () => {
    const pacing = new Pacing(4);
    expect(starts(pacing, 6, () => pacing.answered(BEHIND), 10)).toEqual([0, 10, 20, 30, 1000, 1010]);
  });

  it('asks evenly at the tip: no record waits longer than one interval', () => {
    const pacing = new Pacing(4);
    expect(starts(pacing, 5, () => pacing.answered(CAUGHT_UP))).toEqual([0, 250, 500, 750, 1000]);
  });

  it('takes a full answer as more to come, whatever the service says of the distance', () => {
    const pacing = new Pacing(4);
    pacing.started(0);
    pacing.answered({ records: 100, limit: 100, millisBehindLatest: 0 });
    expect(pacing.next()).toBe(0);
  });

  it('halves its rate at every throttle, and gets it back step by step', () => {
    const pacing = new Pacing(4);
    pacing.throttled();
    expect(pacing.interval).toBe(500);
    pacing.throttled();
    expect(pacing.interval).toBe(1000);
    pacing.started(0);
    pacing.answered(BEHIND);
    expect(pacing.next()).toBeCloseTo(800);
    for (let i = 0; i < 11; i++) {
      pacing.answered(BEHIND);
    }
    expect(pacing.interval).toBe(250);
  });

  it('never comes to a stand, however often it is throttled', () => {
    const pacing = new Pacing(4);
    for (let i = 0; i < 100; i++) {
      pacing.throttled();
    }
    expect(pacing.interval).toBe(4000);
  });

  it('never makes more calls in any second than the rate, whatever the answers are', () => {
    const answer = fc.constantFrom(BEHIND, CAUGHT_UP, 'throttled' as const);
    const rate = fc.constantFrom(0.5, 1, 2, 4, 4.5, 5);
    fc.assert(
      fc.property(
        rate,
        fc.array(answer, { minLength: 30, maxLength: 60 }),
        fc.integer({ min: 0, max: 300 }),
        (max, answers, took) => {
          const pacing = new Pacing(max);
          const at = starts(
            pacing,
            answers.length,
            (call) => {
              const given = answers[call];
              if (given === 'throttled' || given === undefined) {
                pacing.throttled();
              } else {
                pacing.answered(given);
              }
            },
            took,
          );
          const calls = Math.max(1, Math.floor(max));
          for (let i = calls; i < at.length; i++) {
            const span = (at[i] as number) - (at[i - calls] as number);
            expect(span).toBeGreaterThanOrEqual((1000 * calls) / max - 1e-6);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
