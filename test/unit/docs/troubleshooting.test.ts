import { ERRORS, type ErrorCode } from '../../../src/errors';
import { METRICS } from '../../../src/metrics/definitions';
import { page, rowsOf } from '../../support/markdown';

const text = page('docs/troubleshooting.md');

/** Cells behind the code, by code. */
const rows = new Map(
  rowsOf(text).flatMap(([first = '', ...cells]) => {
    const [, anchor, code] = /^<a id="(\w+)"><\/a>`(\w+)`$/.exec(first) ?? [];
    return anchor === undefined || anchor !== code ? [] : [[code, cells] as const];
  }),
);

test('every code of src/errors.ts has its row in docs/troubleshooting.md', () => {
  const missing = Object.keys(ERRORS).filter((code) => !rows.has(code));
  expect(`rows missing: ${missing.join(', ') || 'none'}`).toBe('rows missing: none');
});

test('no row is about a code that is not there, or says another treatment', () => {
  const told = [...rows].map(([code, [treatment]]) => `${code} ${treatment}`);
  const real = [...rows.keys()].map((code) => `${code} ${ERRORS[code as ErrorCode]?.treatment}`);
  expect(told).toEqual(real);
});

test('a row says what the code means, and what to do or that there is nothing to do', () => {
  const empty = [...rows].filter(
    ([, [, meaning = '', where = '', action = '']]) => !meaning || !(where || action),
  );
  expect(empty.map(([code]) => code)).toEqual([]);
});

test('every metric that the page names is one', () => {
  const named = [...text.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !Object.hasOwn(METRICS, name))).toEqual([]);
  expect(named.length).toBeGreaterThan(5);
});
