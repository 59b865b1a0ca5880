import fc from 'fast-check';
import { type Check, ok } from '../../../src/doctor/check';
import { nextSteps } from '../../../src/doctor/schedule';

const check = (key: string, needs: string[] = [], after: string[] = []): Check => ({
  key,
  id: 'config.file',
  group: 'g',
  title: key,
  needs,
  after,
  run: async () => ok(''),
});

type State = 'under way' | 'passed' | 'lost';

/** Goes through `checks`, those in `failing` fail. @returns what was made, and what was left out */
function goThrough(
  checks: readonly Check[],
  failing: ReadonlySet<string>,
): { made: string[]; left: string[] } {
  const progress = new Map<string, State>();
  const made: string[] = [];
  const left: string[] = [];
  while (progress.size < checks.length) {
    const { start, skip } = nextSteps(checks, progress);
    for (const { key } of start) {
      made.push(key);
      progress.set(key, failing.has(key) ? 'lost' : 'passed');
    }
    for (const [{ key }] of skip) {
      left.push(key);
      progress.set(key, 'lost');
    }
  }
  return { made, left };
}

test('what waits for nothing starts together', () => {
  const { start } = nextSteps([check('a'), check('b'), check('c', ['a'])], new Map());
  expect(start.map(({ key }) => key)).toEqual(['a', 'b']);
});

test('what needs a failed check is left out with the one to blame; what only comes after it is not', () => {
  const checks = [check('a'), check('b', ['a']), check('c', ['b']), check('d', [], ['a'])];
  expect(goThrough(checks, new Set(['a']))).toEqual({ made: ['a', 'd'], left: ['b', 'c'] });
  const { skip } = nextSteps(checks, new Map([['a', 'lost']]));
  expect(skip.map(([one, because]) => [one.key, because.key])).toEqual([['b', 'a']]);
});

test.each([
  ['a circle', [check('a', ['b']), check('b', ['a'])]],
  ['a need that is not there', [check('a', ['z'])]],
])('%s is a defect that shows', (_, checks) => {
  expect(() => nextSteps(checks, new Map())).toThrow(/wait/);
});

test('every check is made once, unless something that it needs was lost', () => {
  const plans = fc
    .array(fc.tuple(fc.array(fc.nat()), fc.boolean()), { minLength: 1, maxLength: 15 })
    .map((rows) =>
      rows.map(([needs, fails], index) => ({
        key: `k${index}`,
        needs: index === 0 ? [] : [...new Set(needs.map((need) => `k${need % index}`))],
        fails,
      })),
    );
  fc.assert(
    fc.property(plans, (plan) => {
      const failing = new Set(plan.filter(({ fails }) => fails).map(({ key }) => key));
      const { made, left } = goThrough(
        plan.map(({ key, needs }) => check(key, needs)),
        failing,
      );
      expect([...made, ...left].toSorted()).toEqual(plan.map(({ key }) => key).toSorted());
      for (const { key, needs } of plan) {
        const blocked = needs.some((need) => failing.has(need) || left.includes(need));
        expect(left.includes(key)).toBe(blocked);
      }
    }),
    { numRuns: 50 },
  );
});
