import { DelayLine } from '../../../src/util/delay-line';
import { ManualClock } from '../../support/manual-clock';

let clock: ManualClock;
let out: (readonly [string, number])[];
let line: DelayLine<string>;

beforeEach(() => {
  clock = new ManualClock();
  out = [];
  line = new DelayLine(clock, {
    arrived: (item) => out.push([item, clock.monotonic()]),
    settled: () => out.push(['settled', clock.monotonic()]),
  });
});

test('items come out when their delay is over, by one timer for all', async () => {
  line.push('a', 10);
  await clock.advance(5);
  line.push('b', 10);
  line.push('c', 10);
  expect(clock.pending).toBe(1);
  await clock.advance(100);
  expect(out).toEqual([
    ['a', 10],
    ['settled', 10],
    ['b', 15],
    ['c', 15],
    ['settled', 15],
  ]);
  expect(clock.pending).toBe(0);
});

test('an item never overtakes the one before it', async () => {
  line.push('slow', 10);
  line.push('quick', 0);
  await clock.advance(100);
  expect(out).toEqual([
    ['slow', 10],
    ['quick', 10],
    ['settled', 10],
  ]);
});

test('without a delay items come out together, soon, but not from inside push', async () => {
  line.push('a', 0);
  line.push('b', 0);
  expect(out).toEqual([]);
  expect(clock.pending).toBe(0);
  await Promise.resolve();
  expect(out.map(([item]) => item)).toEqual(['a', 'b', 'settled']);
});

test('what was on its way when the line was cleared never comes out, what is put in then does', async () => {
  line.push('a', 10);
  line.push('b', 20);
  line.clear();
  expect([line.length, clock.pending]).toEqual([0, 0]);
  line.push('c', 5);
  await clock.advance(100);
  expect(out).toEqual([
    ['c', 5],
    ['settled', 5],
  ]);
});
