import fc from 'fast-check';
import { instantFrom, parseInstant } from '../../../src/config/instant';

test('what a Date prints is read back as the same instant', () => {
  const instants = fc.integer({ min: 0, max: Date.UTC(2999, 0) });
  fc.assert(
    fc.property(instants, (ms) => {
      const iso = new Date(ms).toISOString();
      expect(parseInstant(iso)).toBe(ms);
      expect(parseInstant(iso.replace('Z', '+0000'))).toBe(ms);
      expect(parseInstant(iso.replace('Z', ''))).toBe(ms);
      expect(parseInstant(String(ms))).toBe(ms);
      expect(parseInstant(ms)).toBe(ms);
    }),
    { numRuns: 200 },
  );
});

test.each([
  ['2024-05-01', Date.UTC(2024, 4, 1)],
  ['2024-05-01T10:00', Date.UTC(2024, 4, 1, 10)],
  ['2024-05-01 10:00:30Z', Date.UTC(2024, 4, 1, 10, 0, 30)],
  ['2024-05-01T10:00:00+02', Date.UTC(2024, 4, 1, 8)],
  ['2024-05-01T10:00:00-05:30', Date.UTC(2024, 4, 1, 15, 30)],
  ['2024-05-01T10:00:00.123456789Z', Date.UTC(2024, 4, 1, 10, 0, 0, 123)],
  ['2024-02-29', Date.UTC(2024, 1, 29)],
])('%s is read in UTC unless it names a zone', (text, ms) => {
  expect(parseInstant(text)).toBe(ms);
});

test.each(['', 'now', '2024-02-30', '2023-02-29', '2024-13-01', '01/05/2024', '-5', '2024-05-01T25:00:00Z'])(
  '%p is no instant',
  (text) => {
    expect(parseInstant(text)).toBeUndefined();
  },
);

test.each([
  ['-30s', 30_000],
  ['-90m', 5_400_000],
  ['-36h', 129_600_000],
  ['-7d', 604_800_000],
])('%s is that long ago', (text, age) => {
  expect(instantFrom(text, 1_700_000_000_000)).toBe(1_700_000_000_000 - age);
});

test.each(['-90', '-m', '90m', '-1w', '- 1h', '--1h'])('%s is neither an instant nor an age', (text) => {
  expect(instantFrom(text, 1_700_000_000_000)).toBeUndefined();
});

test('an instant stays what it is', () => {
  expect(instantFrom('2024-05-01T00:00:00Z', 0)).toBe(Date.UTC(2024, 4, 1));
});
