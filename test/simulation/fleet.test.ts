import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CRASH_POINTS, crashPoint } from '../support/fleet/crash-points';
import { live } from '../support/fleet/lives';
import type { LivesTold } from './seeds';

const FIRST = Number(process.env.SIMULATE_FIRST_SEED ?? 1);
const SEEDS = Number(process.env.SIMULATE_FLEET_SEEDS ?? 2000);
/** Broken lives of which a failure shows what led to it. */
const MOST_SHOWN = 3;

/** Lives the seeds as `npm run simulate` does: over all cores, and faster than within Jest. */
async function simulate(): Promise<LivesTold> {
  const script = join(__dirname, '../../scripts/simulate.mjs');
  const args = [script, '--json', '--first-seed', String(FIRST), '--seeds', String(SEEDS)];
  // Exit code 1: some are broken.
  const ended = promisify(execFile)(process.execPath, args, { maxBuffer: 1e8 });
  const { stdout } = await ended.catch((error: { code: number; stdout: string; stderr: string }) => {
    if (error.code !== 1 || error.stdout === '') {
      throw error;
    }
    return error;
  });
  return JSON.parse(stdout) as LivesTold;
}

test(`fleets keep every promise, through every fault and every single crash (${SEEDS} seeds from ${FIRST})`, async () => {
  const { lives, broken } = await simulate();
  const shown: string[] = broken.map(
    ({ seed, problem }) => `npm run simulate -- --replay ${seed}: ${problem}`,
  );
  for (const { seed } of broken.slice(0, MOST_SHOWN)) {
    shown.push(...(await live(seed)).history.short());
  }
  expect(shown).toEqual([]);
  expect(lives).toBe(SEEDS);
}, 300_000);

test('a seed has one history, whatever was lived before it', async () => {
  const seeds = [2, 3, 4, 6, 9, 12, 16];
  const first = new Map<number, string>();
  for (const seed of seeds) {
    first.set(seed, (await live(seed)).history.digest());
  }
  for (const seed of [...seeds].reverse()) {
    expect([seed, (await live(seed)).history.digest()]).toEqual([seed, first.get(seed)]);
  }
});

test('a sweep goes through every step and every fate, and the seeds go through more than one', () => {
  const points = Array.from({ length: CRASH_POINTS }, (_, place) => JSON.stringify(crashPoint(place)));
  expect(new Set(points).size).toBe(CRASH_POINTS);
  expect(SEEDS / 2).toBeGreaterThan(CRASH_POINTS);
});
