import fc from 'fast-check';
import { editDistance, nearest } from '../../../src/config/suggestion';

const word = fc.string({ maxLength: 12 });
const bounded = { numRuns: 300 };

test('the distance is none for the same text only, and the same in both directions', () => {
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
    bounded,
  );
});

test('one edit is at distance one: a letter added, or two neighbours swapped', () => {
  fc.assert(
    fc.property(word, fc.nat(), fc.constantFrom('a', 'é', ' '), (text, at, letter) => {
      const i = at % (text.length + 1);
      expect(editDistance(text, text.slice(0, i) + letter + text.slice(i))).toBe(1);
    }),
    bounded,
  );
  expect(editDistance('awsRegoin', 'awsRegion')).toBe(1);
});

test.each([
  ['AWSREGION', 'awsRegion'],
  ['awsRegoin', 'awsRegion'],
  ['checkpointIntervalMs', 'checkpointInterval'],
  ['keepalive', 'keepAliveInterval'],
  ['retainOrdering', undefined],
  ['x', undefined],
])('%s is taken for %p', (name, meant) => {
  const known = ['awsRegion', 'awsEndpoint', 'checkpointInterval', 'keepAliveInterval', 'aws'];
  expect(nearest(name, known)).toBe(meant);
});
