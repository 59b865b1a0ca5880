import fc from 'fast-check';
import { matchesPattern } from '../../../src/stream/name-pattern';

test.each([
  ['orders', 'orders', true],
  ['orders', 'orders-1', false],
  ['orders-*', 'orders-', true],
  ['orders-*', 'orders', false],
  ['*', 'anything', true],
  ['*-eu-*', 'orders-eu-1', true],
  ['*-eu-*', 'orders-us-1', false],
  ['orders-?', 'orders-7', true],
  ['orders-?', 'orders-70', false],
  ['*a*b', 'aabab', true],
  ['*a*b', 'aaba', false],
  ['a.c', 'abc', false],
])('%s and %s: %s', (pattern, name, matches) => {
  expect(matchesPattern(pattern, name)).toBe(matches);
});

test('a pattern matches what the regular expression of the same meaning does', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-'), maxLength: 12 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      const source = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
      expect(matchesPattern(glob, name)).toBe(new RegExp(`^${source}$`).test(name));
    }),
    { numRuns: 1000 },
  );
});

test('a pattern of many stars costs no more than the product of both lengths', () => {
  expect(matchesPattern(`${'*a'.repeat(60)}b`, 'a'.repeat(128))).toBe(false);
});
