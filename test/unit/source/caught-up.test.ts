import type { Lease } from '../../../src/lease/lease';
import { awaitCaughtUp } from '../../../src/source/caught-up';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { LeaseLab, STREAM } from '../../support/lease-lab';
import { leasedStream } from '../../support/leased-stream';
import { leaseOf } from '../../support/leases';

const [ZERO, ONE, TWO] = ['shardId-000000000000', 'shardId-000000000001', 'shardId-000000000002'] as const;

/** A source that waits to have caught up; `rows` and `here` may change at any time. */
class Waiting {
  readonly lab: LeaseLab;
  rows: readonly Lease[] = [];
  readonly here = new Set<string>();
  readonly told: unknown[] = [];
  done = false;
  readonly #stop = new AbortController();

  constructor(
    shards: number,
    wanted?: readonly string[],
    prepare: (lab: LeaseLab) => void = () => undefined,
  ) {
    this.lab = new LeaseLab(shards);
    prepare(this.lab);
    const { clock, kinesis } = this.lab;
    awaitCaughtUp(
      {
        stream: leasedStream(kinesis, STREAM, {
          logger: { ...silentLogger, info: (fields) => void this.told.push(fields) },
        }),
        retry: { clock, random: seededRandom(1), bounds: { initialMs: 1, maxMs: 2 } },
        leases: () => this.rows,
        isWanted: (shardId) => wanted?.includes(shardId) ?? true,
        reachedHere: (shardId) => this.here.has(shardId),
      },
      this.#stop.signal,
    ).then(
      () => {
        this.done = true;
      },
      () => undefined,
    );
  }

  async after(ms: number, rows: readonly Lease[] = this.rows): Promise<boolean> {
    this.rows = rows;
    await this.lab.clock.advance(ms);
    return this.done;
  }

  stop(): void {
    this.#stop.abort(new Error('stopped'));
  }
}

const at = (shardId: string, caughtUpAt: number | undefined, owner = 'other'): Lease =>
  leaseOf(shardId, { owner, ours: true, checkpoint: '5', caughtUpAt });

test('is done when each shard was read to its tip, here or by another worker since it was asked', async () => {
  const waiting = new Waiting(2);
  const now = waiting.lab.clock.now();
  waiting.here.add(ZERO);
  const mine = at(ZERO, undefined, 'me');
  expect(await waiting.after(1000, [mine, at(ONE, undefined)])).toBe(false);
  expect(await waiting.after(1000, [mine, at(ONE, now - 5000)])).toBe(false);
  expect(await waiting.after(100, [mine, at(ONE, now + 2000)])).toBe(true);
});

test('a shard caught up with here stays so, whoever holds it then', async () => {
  const waiting = new Waiting(2);
  const now = waiting.lab.clock.now();
  const rows = [at(ZERO, undefined), at(ONE, undefined)];
  waiting.here.add(ONE);
  expect(await waiting.after(1000, rows)).toBe(false);
  waiting.here.delete(ONE);
  expect(await waiting.after(1000, [at(ZERO, now + 2000), at(ONE, undefined)])).toBe(true);
});

test('a tip reached within the second in which it was asked proves nothing', async () => {
  const waiting = new Waiting(1);
  const now = waiting.lab.clock.now();
  expect(await waiting.after(1000, [at(ZERO, Math.floor(now / 1000) * 1000)])).toBe(false);
  expect(await waiting.after(100, [at(ZERO, Math.floor(now / 1000) * 1000 + 1000)])).toBe(true);
});

test('a shard that had closed before has to end: what came after it is in its children', async () => {
  const waiting = new Waiting(1, undefined, (lab) => lab.split(ZERO));
  const late = waiting.lab.clock.now() + 60_000;
  waiting.here.add(ZERO);
  expect(await waiting.after(1000, [at(ZERO, late), at(ONE, late), at(TWO, late)])).toBe(false);
  const ended = leaseOf(ZERO, { checkpoint: 'SHARD_END', childShardIds: [ONE, TWO] });
  expect(await waiting.after(100, [ended, at(ONE, late), at(TWO, late)])).toBe(true);
});

test('a scan that shows the end of a shard and not yet its children does not end the wait', async () => {
  const waiting = new Waiting(1);
  const ended = leaseOf(ZERO, { checkpoint: 'SHARD_END', childShardIds: [ONE, TWO] });
  expect(await waiting.after(5000, [ended])).toBe(false);
  const late = waiting.lab.clock.now() + 60_000;
  expect(await waiting.after(5000, [ended, at(ONE, undefined), at(TWO, late)])).toBe(false);
  expect(await waiting.after(100, [ended, at(ONE, late), at(TWO, late)])).toBe(true);
});

test('children whose rows were deleted long ago do not keep it waiting for ever', async () => {
  const waiting = new Waiting(1);
  const ended = leaseOf(ZERO, { checkpoint: 'SHARD_END', childShardIds: [ONE] });
  expect(await waiting.after(20_000, [ended])).toBe(false);
  expect(await waiting.after(20_000)).toBe(true);
});

test('only shards that are wanted are waited for', async () => {
  const waiting = new Waiting(2, [ONE]);
  waiting.here.add(ONE);
  expect(await waiting.after(100, [at(ZERO, undefined), at(ONE, undefined)])).toBe(true);
});

test('a shard that a KCL worker holds is waited for, and the log says so once', async () => {
  const waiting = new Waiting(1);
  const java = leaseOf(ZERO, { owner: 'java', checkpoint: '5' });
  expect(await waiting.after(10_000, [java])).toBe(false);
  expect(waiting.told).toEqual([{ worker: 'java' }]);
  waiting.stop();
});
