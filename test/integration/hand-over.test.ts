import { setTimeout as wait } from 'node:timers/promises';
import { cleanReport, SourceLab } from '../support/source-lab';

const TICK_MS = 20;

/** Shards by owner, and for how long each has had none since `watch` began. */
class Owners {
  readonly #since = new Map<string, number>();
  longestGapMs = 0;

  constructor(private readonly lab: SourceLab) {}

  /** Looks, and puts a few records. @returns how many shards each worker holds, in ascending order */
  tick(): number[] {
    const counts = new Map<string, number>();
    const now = performance.now();
    for (const { leaseKey, leaseOwner } of this.lab.rows()) {
      const shard = leaseKey?.S ?? '';
      const owner = leaseOwner?.S;
      if (owner === undefined) {
        const since = this.#since.get(shard) ?? now;
        this.#since.set(shard, since);
        this.longestGapMs = Math.max(this.longestGapMs, now - since);
      } else {
        this.#since.delete(shard);
        counts.set(owner, (counts.get(owner) ?? 0) + 1);
      }
    }
    this.lab.put(5);
    return [...counts.values()].sort((a, b) => a - b);
  }

  /** @throws when the shards are not shared out like that within 15 s */
  async until(expected: readonly number[]): Promise<void> {
    const until = performance.now() + 15_000;
    for (let counts = this.tick(); String(counts) !== String(expected); counts = this.tick()) {
      if (performance.now() > until) {
        throw new Error(`shards are shared out as ${counts}, not ${expected}`);
      }
      await wait(TICK_MS);
    }
  }
}

let lab: SourceLab;

afterEach(() => lab.close());

test('workers that join and leave hand shards over without a loss, a copy, disorder or a gap of a second', async () => {
  lab = await SourceLab.open(6);
  lab.broker.behaviour.latencyMs = 5;
  lab.put(500);
  const first = lab.start();
  while (lab.broker.stored('orders') < 100) {
    await wait(TICK_MS);
  }
  const owners = new Owners(lab);
  await owners.until([6]);
  const second = lab.start();
  await owners.until([3, 3]);
  const third = lab.start();
  await owners.until([2, 2, 2]);
  expect(owners.longestGapMs).toBeLessThan(1000);
  await first.stop();
  await owners.until([3, 3]);
  await lab.stored(lab.putCount);
  await second.stop();
  await third.stop();
  expect(lab.report()).toEqual(cleanReport(lab.putCount));
  expect([first, second, third].flatMap(({ warnings }) => warnings)).toEqual([]);
}, 40_000);
