import fc from 'fast-check';
import { ancestry } from '../../../src/lease/table-start';
import type { Shard } from '../../../src/stream/shard';
import { isOpen, parentIds } from '../../../src/stream/shard-graph';
import {
  initialLeases,
  missingLeases,
  type StartLease,
  type StartPosition,
  startShards,
} from '../../../src/stream/start-position';
import { seededRandom } from '../../../src/util/random';
import { KCL_EXAMPLE } from '../../support/shards';

const KEYS = 24;

interface Era extends Shard {
  /** Instants from which and until before which it was open; keys from and up to before which it holds. */
  readonly opened: number;
  closed: number;
  readonly from: number;
  readonly to: number;
}

/** A stream's whole history: one reshard an instant, from 1 on. */
function history(seed: number, steps: number): readonly Era[] {
  const random = seededRandom(seed);
  const some = (bound: number): number => Math.floor(random.next() * bound);
  const all: Era[] = [];
  const open = (opened: number, from: number, to: number, parents: readonly Era[] = []): void => {
    const [first, second] = parents.map(({ shardId }) => shardId);
    all.push({
      shardId: `s${String(all.length).padStart(3, '0')}`,
      ...(first === undefined ? {} : { parentShardId: first }),
      ...(second === undefined ? {} : { adjacentParentShardId: second }),
      startingHashKey: String(from),
      endingHashKey: String(to - 1),
      startingSequenceNumber: String(opened + 100),
      opened,
      closed: Number.POSITIVE_INFINITY,
      from,
      to,
    });
  };
  const count = 1 + some(3);
  for (let n = 0; n < count; n++) {
    open(0, (KEYS * n) / count, (KEYS * (n + 1)) / count);
  }
  for (let at = 1; at <= steps; at++) {
    const now = all.filter(({ closed }) => closed > at).sort((a, b) => a.from - b.from);
    const place = some(now.length);
    const [shard, next] = now.slice(place);
    if (shard !== undefined && next !== undefined && random.next() < 0.5) {
      shard.closed = at;
      next.closed = at;
      open(at, shard.from, next.to, [shard, next]);
    } else if (shard !== undefined && shard.to - shard.from > 1) {
      const middle = shard.from + 1 + some(shard.to - shard.from - 1);
      shard.closed = at;
      open(at, shard.from, middle, [shard]);
      open(at, middle, shard.to, [shard]);
    }
  }
  return all;
}

/** As Kinesis lists it when everything that closed up to `trimmed` is gone. */
function listed(all: readonly Era[], trimmed: number): Shard[] {
  return all
    .filter(({ closed }) => closed > trimmed)
    .map(({ opened: _o, closed, from: _f, to: _t, ...shard }) => ({
      ...shard,
      ...(closed === Number.POSITIVE_INFINITY ? {} : { endingSequenceNumber: String(closed + 100) }),
    }));
}

const openAt = (all: readonly Era[], at: number): Era[] =>
  all.filter(({ opened, closed }) => opened <= at && closed > at);

/** One stream, where its source starts, and the table of that source. */
class World {
  readonly rows = new Map<string, { finished: boolean; readonly checkpoint: string }>();
  /** Shards that were read, with the checkpoint each began at. */
  readonly began = new Map<string, string>();
  readonly #openAtStart: readonly string[];
  readonly #shards: readonly Shard[];

  constructor(
    readonly all: readonly Era[],
    readonly trimmed: number,
    readonly instant: number,
    readonly start: StartPosition,
  ) {
    this.#openAtStart = openAt(all, instant).map(({ shardId }) => shardId);
    this.#shards = listed(all, trimmed);
  }

  get open(): readonly Shard[] {
    return this.#shards.filter(isOpen);
  }

  /** What a sync would create now. */
  plan(): StartLease[] {
    if (this.rows.size === 0) {
      const first = this.#shards.filter(({ shardId }) => this.#openAtStart.includes(shardId));
      return initialLeases(first, this.start);
    }
    return missingLeases(this.#shards, this.rows, this.start, this.#startShards());
  }

  create(leases: readonly StartLease[]): void {
    for (const { shard, checkpoint } of leases) {
      expect(this.rows.has(shard.shardId)).toBe(false);
      this.rows.set(shard.shardId, { finished: false, checkpoint: checkpoint.sequenceNumber });
    }
  }

  /** Reads closed shards to their end, parents first, until only open ones are left, or `most` have ended. */
  readOn(most = Number.POSITIVE_INFINITY): void {
    for (let progress = true, left = most; progress; ) {
      progress = false;
      for (const [shardId, row] of [...this.rows]) {
        const shard = this.all.find((one) => one.shardId === shardId);
        if (shard === undefined || row.finished || this.began.has(shardId) || left <= 0) {
          continue;
        }
        if (!this.#mayBegin(shard, row.checkpoint)) {
          continue;
        }
        progress = true;
        this.began.set(shardId, row.checkpoint);
        if (shard.closed !== Number.POSITIVE_INFINITY) {
          left--;
          for (const child of this.all.filter((one) => parentIds(one).includes(shardId))) {
            if (!this.rows.has(child.shardId)) {
              this.rows.set(child.shardId, { finished: false, checkpoint: 'TRIM_HORIZON' });
            }
          }
          row.finished = true;
        }
      }
    }
  }

  /** The rules of lease/parents.ts. */
  #mayBegin(shard: Era, checkpoint: string): boolean {
    const absent = parentIds(shard).filter((id) => !this.rows.has(id));
    const isStart = checkpoint === '5' || checkpoint === 'LATEST' || this.#startShards().has(shard.shardId);
    const unread = absent.filter((id) => !isStart && this.#shards.some((one) => one.shardId === id));
    for (const parent of unread.filter((id) => !this.rows.has(id))) {
      const byId = new Map(this.#shards.map((one) => [one.shardId, one]));
      this.create(missingLeases(ancestry(parent, byId), this.rows, this.start, this.#startShards()));
    }
    return unread.length === 0 && parentIds(shard).every((id) => this.rows.get(id)?.finished !== false);
  }

  #startShards(): Set<string> {
    return startShards(this.#shards, this.rows, this.#openAtStart);
  }

  /** Every hash key at every instant from the start on is read, nothing before it is, and by one path only. */
  requireExactlyOnce(until: number): void {
    for (let key = 0; key < KEYS; key++) {
      for (let at = this.trimmed; at <= until; at++) {
        const [shard, second] = openAt(this.all, at).filter((one) => one.from <= key && key < one.to);
        if (shard === undefined || second !== undefined) {
          throw new Error('the history is not one of a stream');
        }
        const checkpoint = this.began.get(shard.shardId);
        const from = checkpoint === 'TRIM_HORIZON' ? shard.opened : this.instant;
        const isRead = checkpoint !== undefined && at >= from;
        if (isRead !== at >= this.instant) {
          throw new Error(
            `hash key ${key} at ${at} is ${isRead ? 'read, and lies before the start' : 'not read'}`,
          );
        }
      }
    }
  }
}

const worlds = fc
  .record({
    seed: fc.nat(),
    steps: fc.integer({ min: 0, max: 14 }),
    trim: fc.integer({ min: 0, max: 14 }),
    at: fc.integer({ min: 0, max: 14 }),
    type: fc.constantFrom('TRIM_HORIZON' as const, 'LATEST' as const, 'AT_TIMESTAMP' as const),
  })
  .map((made) => {
    const steps = made.steps;
    const trimmed = Math.min(made.trim, steps);
    const instant = made.type === 'TRIM_HORIZON' ? trimmed : Math.max(trimmed, Math.min(made.at, steps));
    return { ...made, trimmed, instant };
  });
type Made = Parameters<Parameters<typeof worlds.map>[0]>[0];

function worldOf({ seed, steps, trimmed, instant, type }: Made): World {
  const start: StartPosition =
    type === 'TRIM_HORIZON'
      ? { type }
      : type === 'LATEST'
        ? { type, startAt: instant }
        : { type, timestamp: instant };
  return new World(history(seed, steps), trimmed, instant, start);
}

/** What is missing below a row that was missing comes when that one ends. */
function complete(world: World): void {
  for (let looks = 0; looks < 20; looks++) {
    world.create(world.plan());
    world.readOn();
  }
  expect(world.plan()).toEqual([]);
}

describe('for any history of a stream, any trimming and any start', () => {
  test('an empty table leads to every hash key at every instant from the start on, and to nothing before', () => {
    fc.assert(
      fc.property(worlds, (made) => {
        const world = worldOf(made);
        world.create(world.plan());
        expect(world.plan()).toEqual([]);
        world.readOn();
        world.requireExactlyOnce(made.steps);
      }),
      { numRuns: 200 },
    );
  });

  test('a bootstrap cut short anywhere, and read on as far as it went, is completed to the same', () => {
    fc.assert(
      fc.property(worlds, fc.infiniteStream(fc.boolean()), fc.nat(20), (made, coins, read) => {
        const world = worldOf(made);
        world.create(world.plan().filter(() => coins.next().value === true));
        world.readOn(read);
        world.create(world.plan());
        expect(world.plan()).toEqual([]);
        complete(world);
        world.requireExactlyOnce(made.steps);
      }),
      { numRuns: 300 },
    );
  });

  test('a healthy table lacks nothing, however far it has been read', () => {
    fc.assert(
      fc.property(worlds, fc.nat(20), (made, read) => {
        const world = worldOf(made);
        world.create(world.plan());
        world.readOn(read);
        expect(world.plan()).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('any set of rows whatever, finished or not, is completed so that every open shard is read in the end', () => {
    fc.assert(
      fc.property(
        worlds,
        fc.infiniteStream(fc.constantFrom('none', 'unfinished', 'finished')),
        (made, states) => {
          const world = worldOf(made);
          for (const { shardId, closed } of world.all) {
            const state = states.next().value;
            if (closed > made.trimmed && state !== 'none') {
              const finished = state === 'finished' && closed !== Number.POSITIVE_INFINITY;
              world.rows.set(shardId, { finished, checkpoint: '5' });
            }
          }
          complete(world);
          const unread = world.open.filter(({ shardId }) => !world.began.has(shardId));
          expect(unread.map(({ shardId }) => shardId)).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the published example of the KCL: shards 0 to 10, leases 4, 5, 7', () => {
  const leases = new Map(['4', '5', '7'].map((id) => [id, { finished: false }]));
  const missing = (start: StartPosition, ...openAtStart: string[]): string[] =>
    missingLeases(KCL_EXAMPLE, leases, start, startShards(KCL_EXAMPLE, leases, openAtStart)).map(
      ({ shard }) => shard.shardId,
    );

  test('LATEST, frozen while 6 was open: 6', () => {
    expect(missing({ type: 'LATEST', startAt: 150 }, '4', '5', '6', '7')).toEqual(['6']);
  });

  test('TRIM_HORIZON: 0 and 1', () => {
    expect(missing({ type: 'TRIM_HORIZON' }, '0', '1', '2', '3', '4', '5')).toEqual(['0', '1']);
  });

  test('AT_TIMESTAMP while they were open: 0 and 1', () => {
    expect(missing({ type: 'AT_TIMESTAMP', timestamp: 101 }, '0', '1', '2', '3', '4', '5')).toEqual([
      '0',
      '1',
    ]);
  });
});
