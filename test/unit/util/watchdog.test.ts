import fc from 'fast-check';
import { Ticker } from '../../../src/util/ticker';
import { freshWatch, LOOK_MS, look, type Watch, Watchdog } from '../../../src/util/watchdog';
import { ManualClock } from '../../support/manual-clock';

function lab(limit = 10_000) {
  const clock = new ManualClock();
  const told: string[] = [];
  const at = (what: string) => (part: string) => told.push(`${clock.monotonic()} ${part} ${what}`);
  const watchdog = new Watchdog(clock, {
    stalled: (part, problem) => told.push(`${clock.monotonic()} ${part} stalled: ${problem.message}`),
    restarting: at('restarts'),
    recovered: at('recovered'),
  });
  const ticker = new Ticker(clock, LOOK_MS, () => watchdog.look());
  const part = (name: string, canRestart = true) => {
    const state = { due: true, progress: 0, restarts: 0 };
    const unwatch = watchdog.watch({
      part: name,
      limit,
      due: () => state.due,
      progress: () => state.progress,
      problem: (waited) => new Error(`for ${waited} ms`),
      ...(canRestart && { restart: () => state.restarts++ }),
    });
    return { state, unwatch };
  };
  return { clock, told, watchdog, ticker, part };
}

test('a part that should get on and does not is reported once and restarted, and no other', async () => {
  const { clock, told, part } = lab();
  const [hung, fine] = [part('hung'), part('fine')];
  for (let second = 0; second < 15; second++) {
    fine.state.progress++;
    await clock.advance(1000);
  }
  expect(told).toEqual(['10000 hung stalled: for 10000 ms', '10000 hung restarts']);
  hung.state.progress++;
  await clock.advance(1000);
  expect(told.slice(2)).toEqual(['16000 hung recovered']);
  expect(fine.state.restarts).toBe(0);
});

test('the same part is watched again after a restart, each time for twice as long, up to sixteen limits', async () => {
  const { clock, told, part } = lab();
  part('hung');
  await clock.advance(1_000_000);
  const restarts = told.filter((line) => line.endsWith('restarts')).map((line) => Number.parseInt(line, 10));
  expect(restarts.slice(0, 6)).toEqual([10_000, 30_000, 70_000, 150_000, 310_000, 470_000]);
  expect(told.filter((line) => line.includes('stalled'))).toHaveLength(1);
});

test('a part that got on in between is given the first limit again', async () => {
  const { clock, told, part } = lab();
  const { state } = part('hung');
  await clock.advance(10_000);
  state.progress++;
  await clock.advance(1000);
  await clock.advance(10_000);
  expect(told.filter((line) => line.endsWith('restarts'))).toEqual([
    '10000 hung restarts',
    '21000 hung restarts',
  ]);
});

test('a part that waits for others is never late, however long', async () => {
  const { clock, told, part } = lab();
  const { state } = part('held back');
  state.due = false;
  await clock.advance(3_600_000);
  expect(told).toEqual([]);
});

test('a part that stands still and then has nothing to do for its limit is taken for well, and not sooner', async () => {
  const { clock, told, part } = lab();
  const { state } = part('hung');
  await clock.advance(10_000);
  state.due = false;
  await clock.advance(9000);
  state.due = true;
  await clock.advance(1000);
  state.due = false;
  await clock.advance(9000);
  expect(told).toHaveLength(2);
  await clock.advance(1000);
  expect(told.slice(2)).toEqual(['30000 hung recovered']);
  state.due = true;
  await clock.advance(10_000);
  expect(told.slice(3)).toEqual(['40000 hung stalled: for 10000 ms', '40000 hung restarts']);
});

test('a part that cannot be restarted is reported all the same', async () => {
  const { clock, told, part } = lab();
  part('refused', false);
  await clock.advance(100_000);
  expect(told).toEqual(['10000 refused stalled: for 10000 ms']);
});

test('the limit 0 means never', async () => {
  const { clock, told, part } = lab(0);
  part('hung');
  await clock.advance(3_600_000);
  expect(told).toEqual([]);
});

test('a stall ends with its part', async () => {
  const { clock, told, part } = lab();
  const { unwatch } = part('hung');
  await clock.advance(12_000);
  unwatch();
  unwatch();
  expect(told.at(-1)).toBe('12000 hung recovered');
  await clock.advance(100_000);
  expect(told).toHaveLength(3);
});

test('after a stop nothing is reported or restarted any more, and nothing new is watched', async () => {
  const { clock, told, watchdog, part } = lab();
  part('hung');
  watchdog.stop();
  part('late');
  await clock.advance(100_000);
  expect(told).toEqual([]);
});

test('a pause of the process condemns nobody: all parts have time to answer behind it', async () => {
  const { clock, told, watchdog, ticker, part } = lab();
  const [prompt, hung] = [part('prompt'), part('hung')];
  await clock.advance(9000);
  ticker.stop();
  // SIGSTOP: no timer fires for a quarter of an hour, then all of them at once.
  await clock.advance(900_000);
  watchdog.look();
  expect(told).toEqual([]);
  prompt.state.progress++;
  await clock.advance(1000);
  watchdog.look();
  expect(told).toEqual(['910000 hung stalled: for 10000 ms', '910000 hung restarts']);
  expect(hung.state.restarts).toBe(1);
});

test('whatever happens, a part is condemned only after its limit of looks in a row at which it was due and still', () => {
  const moment = fc.record({
    due: fc.boolean(),
    moves: fc.boolean(),
    elapsed: fc.constantFrom(1000, 1000, 1000, 1500, 60_000),
  });
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 60 }), (moments) => {
      let watch: Watch = freshWatch(0);
      let progress = 0;
      let still = 0;
      for (const { due, moves, elapsed } of moments) {
        progress += moves ? 1 : 0;
        still = due && !moves ? still + 1 : 0;
        const seen = look(watch, { due, progress, limit: 3000 }, elapsed);
        if (seen.verdict === 'late') {
          expect(still).toBeGreaterThanOrEqual(3);
          expect(elapsed).toBeLessThan(2000);
          still = 0;
        }
        expect(seen.verdict === 'recovered').toBe(watch.stalled && !seen.watch.stalled);
        watch = seen.watch;
      }
    }),
    { numRuns: 300 },
  );
});
