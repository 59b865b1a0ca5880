import fc from 'fast-check';
import { leasesToMove, leasesToTake } from '../../../src/lease/assignment';
import { type AssignmentRules, type ObservedLease, takeCensus } from '../../../src/lease/census';
import { type Random, seededRandom, shuffled } from '../../../src/util/random';
import { assignmentRules, FAILOVER, leaseOf, observed } from '../../support/leases';

/** Milliseconds after which a fleet in which nothing moves has come to rest. */
const REST = 3 * FAILOVER;

const held = (count: number, owner: string, fields: Parameters<typeof leaseOf>[1] = {}): ObservedLease[] =>
  Array.from({ length: count }, (_, n) =>
    observed(leaseOf(`${owner}-${n}`, { owner, ours: true, ...fields })),
  );

function moves(leases: readonly ObservedLease[], overrides: Partial<AssignmentRules> = {}, limit = 100) {
  const set = assignmentRules(overrides);
  const { ask, steal } = leasesToMove(takeCensus(leases, set), set, limit);
  return { ask: ask.map(({ shardId }) => shardId), steal: steal?.shardId };
}

const requested = (from: string, by: string, count: number, age = 0): ObservedLease[] =>
  Array.from({ length: count }, (_, n) =>
    observed(
      leaseOf(`${from}-r${n}`, { owner: from, ours: true, handoffTo: by, handoffId: `${by}-${n}` }),
      0,
      age,
    ),
  );

describe('a worker that lacks leases', () => {
  test('asks for its share at once, from the most loaded', () => {
    expect(moves(held(10, 'a')).ask).toHaveLength(5);
    expect(moves([...held(7, 'a'), ...held(2, 'b')]).ask).toEqual(['a-0', 'a-1', 'a-2']);
    expect(moves([...held(4, 'a'), ...held(4, 'b')]).ask).toEqual(['a-0', 'b-0']);
  });

  test('asks for nothing while there are leases to be had otherwise', () => {
    expect(moves([...held(10, 'a'), observed(leaseOf('free'))]).ask).toEqual([]);
    expect(moves([...held(10, 'a'), observed(leaseOf('expired', { owner: 'dead' }), FAILOVER)]).ask).toEqual(
      [],
    );
  });

  test('asks for no more than it may have, hand-overs under way and leases being given away included', () => {
    expect(moves(held(10, 'a'), {}, 3).ask).toHaveLength(3);
    expect(moves(held(10, 'a'), { maxLeases: 2 }).ask).toHaveLength(2);
    const mine = [...held(1, 'me'), ...requested('me', 'a', 1), ...requested('a', 'me', 1)];
    expect(moves([...mine, ...held(10, 'a')], { maxLeases: 4 }).ask).toHaveLength(1);
  });

  test('counts what it has asked for as its own, over any number of scans', () => {
    expect(moves([...held(5, 'a'), ...requested('a', 'me', 5)]).ask).toEqual([]);
    const asked = held(10, 'a');
    expect(moves(asked, { isAskedFor: (id) => Number(id.slice(2)) < 5 }).ask).toEqual([]);
  });

  test('counts what others have asked for as theirs, and asks for none of it', () => {
    const table = [...held(4, 'a'), ...requested('a', 'b', 6)];
    expect(moves(table).ask).toEqual(['a-0', 'a-1']);
    expect(moves([...held(1, 'a'), ...requested('a', 'b', 6)]).ask).toEqual([]);
  });

  test('takes a request for dead that did not change for failoverTime, and replaces it', () => {
    expect(moves(requested('a', 'gone', 6, FAILOVER - 1)).ask).toEqual([]);
    expect(moves(requested('a', 'gone', 6, FAILOVER)).ask).toHaveLength(3);
  });

  test('is content with one less than others', () => {
    expect(moves([...held(2, 'me'), ...held(3, 'a'), ...held(3, 'b')]).ask).toEqual([]);
    expect(moves(held(1, 'a')).ask).toEqual([]);
  });

  test('leaves to whoever has less still what goes beyond an even share', () => {
    const table = [...held(6, 'a'), ...held(3, 'me'), ...held(1, 'newcomer')];
    expect(moves(table).ask).toEqual([]);
    expect(moves([...held(6, 'a'), ...held(3, 'me'), ...held(4, 'b')]).ask).toEqual(['a-0']);
  });

  test('goes on once nothing has moved for so long that whoever has less must be content with it', () => {
    const rested = (...counts: [string, number][]): ObservedLease[] =>
      counts.flatMap(([owner, count]) =>
        held(count, owner).map((one) => ({ ...one, ownerUnchangedFor: REST, requestUnchangedFor: REST })),
      );
    expect(moves(rested(['a', 6], ['me', 3], ['full', 1])).ask).toEqual(['a-0']);
    expect(moves(rested(['a', 26], ['me', 10], ['full', 1])).ask).toHaveLength(8);
    // Another one that is no better off may ask as well.
    expect(moves(rested(['a', 19], ['me', 10], ['b', 10], ['full', 1])).ask).toHaveLength(3);
    const [first, ...others] = rested(['a', 6], ['full', 1]);
    const moved = { ...(first as ObservedLease), ownerUnchangedFor: REST - 1 };
    expect(moves([moved, ...others, ...held(3, 'me')]).ask).toEqual([]);
    expect(moves([...others, ...held(3, 'me'), ...requested('a', 'b', 1)]).ask).toEqual([]);
  });

  test('takes no heed of finished and unwanted leases', () => {
    expect(moves(held(10, 'a', { checkpoint: 'SHARD_END' })).ask).toEqual([]);
    expect(moves(held(10, 'a'), { isWanted: ({ shardId }) => shardId <= 'a-3' }).ask).toEqual(['a-0', 'a-1']);
  });
});

describe('a worker of the KCL', () => {
  test('is not asked: one lease at a time is taken from it', () => {
    expect(moves(held(10, 'java', { ours: false }))).toEqual({ ask: [], steal: 'java-0' });
  });

  test('may hold rows in which an earlier hand-over left its traces', () => {
    const traces = { ours: false, handoffTo: 'me', handoffId: 'r1', draining: 'r1' };
    expect(moves(held(4, 'java', traces))).toEqual({ ask: [], steal: 'java-0' });
  });
});

describe('a lease that was given up', () => {
  const takes = (lease: ObservedLease, worker: string) =>
    leasesToTake(takeCensus([lease], assignmentRules({ worker })), assignmentRules()).length;
  const evicted = (age: number) => observed(leaseOf('s', { handoffTo: 'asker' }), age);

  test('is left alone for 2 s by all but the one it was given to', () => {
    expect(takes(evicted(0), 'asker')).toBe(1);
    expect(takes(evicted(1999), 'other')).toBe(0);
    expect(takes(evicted(2000), 'other')).toBe(1);
  });

  test('is not taken twice by the one that already follows it', () => {
    const set = assignmentRules({ isAskedFor: () => true });
    const census = takeCensus([evicted(5000)], set);
    expect(leasesToTake(census, set)).toEqual([]);
    expect(census.mine).toBe(1);
  });

  test('of a dead owner is taken though a request stands in it', () => {
    const lease = leaseOf('s', { owner: 'dead', ours: true, handoffTo: 'me', handoffId: 'r' });
    const set = assignmentRules({ isAskedFor: () => true });
    expect(leasesToTake(takeCensus([observed(lease, FAILOVER)], set), set)).toHaveLength(1);
  });
});

interface SimulatedRow {
  readonly owner: string | undefined;
  readonly asker: string | undefined;
  /** When it was seen to be dead. */
  readonly deadAt: number | undefined;
  readonly ownedAt: number;
  readonly askedAt: number;
}

interface SimulatedWorker {
  readonly maxLeases: number;
  /** Of so many shards, the first it reads and the number of those it reads, in a ring; all when absent. */
  readonly only?: { readonly first: number; readonly count: number } | undefined;
}

/** Milliseconds between two looks of each worker. */
const INTERVAL = 1000;
const UNLIMITED: SimulatedWorker = { maxLeases: Number.POSITIVE_INFINITY };

/** Workers that come and go, take turns with the real rules, and hand over as they are asked. */
class Fleet {
  readonly rows: SimulatedRow[];
  readonly workers = new Map<string, SimulatedWorker>();
  /** How often each lease was given from one live worker to another. */
  readonly moved: number[];
  #names = 0;
  #now = 0;

  constructor(
    leases: number,
    private readonly random: Random,
  ) {
    const row = { owner: undefined, asker: undefined, deadAt: undefined, ownedAt: 0, askedAt: 0 };
    this.rows = Array.from({ length: leases }, () => row);
    this.moved = this.rows.map(() => 0);
  }

  join(worker: SimulatedWorker): void {
    this.workers.set(`w${this.#names++}`, worker);
  }

  leave(how: 'stops' | 'dies'): void {
    const [worker] = shuffled(this.random, [...this.workers.keys()]);
    if (worker === undefined) {
      return;
    }
    this.workers.delete(worker);
    for (const [n, row] of this.rows.entries()) {
      if (row.owner === worker) {
        this.#put(
          n,
          how === 'stops' ? { owner: undefined, asker: undefined } : { deadAt: this.#now, asker: undefined },
        );
      } else if (row.asker === worker) {
        this.#put(n, { asker: undefined });
      }
    }
  }

  /** One look of every worker. @returns whether anything changed */
  round(): boolean {
    this.#now += INTERVAL;
    let changed = false;
    for (const worker of shuffled(this.random, [...this.workers.keys()])) {
      changed = this.#turn(worker) || changed;
      if (this.random.next() < 0.5) {
        this.#handOver();
      }
    }
    return this.#handOver() || changed;
  }

  /** Runs until nothing has moved for longer than a fleet takes to come to rest. */
  settle(): void {
    for (let quiet = 0, rounds = 0; quiet <= REST / INTERVAL + 2; rounds++) {
      quiet = this.round() ? 0 : quiet + 1;
      expect(rounds).toBeLessThan(3000);
    }
  }

  /** What keeps `worker` from having more is not the others. */
  expectContent(worker: string): void {
    const { maxLeases } = this.#settings(worker);
    const mine = this.#held(worker, worker);
    if (mine >= maxLeases) {
      return;
    }
    for (const other of this.workers.keys()) {
      expect(this.#held(other, worker)).toBeLessThanOrEqual(mine + 1);
    }
    const free = this.rows.filter(
      ({ owner, deadAt }, n) => (owner === undefined || deadAt !== undefined) && this.#isWanted(worker, n),
    );
    expect(free).toEqual([]);
  }

  /** Leases of `worker` among those that `reader` reads. */
  #held(worker: string, reader: string): number {
    return this.rows.filter(({ owner }, n) => owner === worker && this.#isWanted(reader, n)).length;
  }

  #settings(worker: string): SimulatedWorker {
    return this.workers.get(worker) ?? UNLIMITED;
  }

  #isWanted(worker: string, n: number): boolean {
    const { only } = this.#settings(worker);
    return (
      only === undefined ||
      (n - (only.first % this.rows.length) + this.rows.length) % this.rows.length < only.count
    );
  }

  #turn(worker: string): boolean {
    const { maxLeases } = this.#settings(worker);
    const set = assignmentRules({
      worker,
      maxLeases,
      random: this.random,
      isWanted: ({ shardId }) => this.#isWanted(worker, Number(shardId)),
    });
    const census = takeCensus(this.#table(), set);
    const taken = leasesToTake(census, set);
    for (const { shardId } of taken) {
      this.#put(Number(shardId), { owner: worker, asker: undefined, deadAt: undefined });
    }
    const { ask } = leasesToMove(census, set, 10);
    for (const { shardId } of ask) {
      this.#put(Number(shardId), { asker: worker });
    }
    const mine = this.rows.filter(
      (row) => row.owner === worker || (row.asker === worker && row.deadAt === undefined),
    );
    expect(mine.length).toBeLessThanOrEqual(maxLeases);
    return taken.length > 0 || ask.length > 0;
  }

  #handOver(): boolean {
    let changed = false;
    for (const [n, { asker, deadAt }] of this.rows.entries()) {
      if (asker !== undefined && deadAt === undefined && this.random.next() < 0.7) {
        this.moved[n] = (this.moved[n] ?? 0) + 1;
        this.#put(n, { owner: asker, asker: undefined });
        changed = true;
      }
    }
    return changed || this.rows.some(({ asker, deadAt }) => asker !== undefined && deadAt === undefined);
  }

  #table(): ObservedLease[] {
    return this.rows.map(({ owner, asker, deadAt, ownedAt, askedAt }, n) => {
      const request = asker === undefined ? {} : { handoffTo: asker, handoffId: `${asker}-${n}` };
      const ownerUnchangedFor = this.#now - ownedAt;
      return {
        lease: leaseOf(String(n), { owner, ours: true, ...request }),
        unchangedFor:
          owner === undefined ? ownerUnchangedFor : deadAt === undefined ? 0 : FAILOVER + this.#now - deadAt,
        ownerUnchangedFor,
        // A drain is over long before a request counts as dead.
        requestUnchangedFor: asker === undefined ? this.#now - askedAt : 0,
      };
    });
  }

  #put(n: number, change: Partial<SimulatedRow>): void {
    const row = this.rows[n];
    if (row !== undefined) {
      const after = { ...row, ...change };
      const ownedAt = after.owner === row.owner ? row.ownedAt : this.#now;
      const askedAt = after.asker === row.asker ? row.askedAt : this.#now;
      this.rows[n] = { ...after, ownedAt, askedAt };
    }
  }
}

describe('whoever comes and goes', () => {
  const event = fc.constantFrom('join', 'join', 'stops', 'dies', 'quiet' as const);
  const limit = fc.constantFrom(1, 3, 8, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  const ring = fc.record({ first: fc.nat(60), count: fc.integer({ min: 1, max: 30 }) });

  /** A fleet after `events`, at rest; since everybody had shown itself no lease has moved more than `moves` times. */
  function atRest(
    leases: number,
    joining: () => SimulatedWorker,
    events: readonly ('join' | 'stops' | 'dies' | 'quiet')[],
    seed: number,
    moves = 1,
  ): Fleet {
    const fleet = new Fleet(leases, seededRandom(seed));
    fleet.join(joining());
    for (const what of events) {
      if (what === 'join') {
        fleet.join(joining());
      } else if (what !== 'quiet') {
        fleet.leave(what);
      }
      fleet.round();
    }
    if (fleet.workers.size === 0) {
      fleet.join(joining());
    }
    // Everybody has shown itself now: in the rows it holds or asks for, where there are enough of them.
    fleet.round();
    const before = fleet.moved.slice();
    const asked = fleet.rows.map(({ asker }) => (asker === undefined ? 0 : 1));
    fleet.settle();
    for (const [n, count] of fleet.moved.entries()) {
      expect(count - (before[n] ?? 0) - (asked[n] ?? 0)).toBeLessThanOrEqual(moves);
    }
    return fleet;
  }

  test('a fleet comes to rest within one lease of each other, and nothing moves twice', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.constantFrom(5, 20, Number.POSITIVE_INFINITY),
        fc.array(event, { maxLength: 12 }),
        fc.integer(),
        (leases, maxLeases, events, seed) => {
          const fleet = atRest(leases, () => ({ maxLeases }), events, seed);
          const loads = [...fleet.workers.keys()].map(
            (worker) => fleet.rows.filter(({ owner }) => owner === worker).length,
          );
          const held = loads.reduce((sum, load) => sum + load, 0);
          expect(held).toBe(Math.min(leases, loads.length * maxLeases));
          expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each([
    // Who may have few leases counts as one who shares alike until its rows show that it is full.
    ['maxLeases', fc.constant(undefined), 2],
    // Who reads some shards only does not see what others lack of the rest.
    ['maxLeases and shardIds', fc.option(ring, { nil: undefined, freq: 3 }), 2],
  ])(
    'with %s of its own for each worker, nobody ends with two leases more than one that may have more of them',
    (_, only, moves) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 60 }),
          fc.infiniteStream(fc.record({ maxLeases: limit, only })),
          fc.array(event, { maxLength: 12 }),
          fc.integer(),
          (leases, settings, events, seed) => {
            const fleet = atRest(leases, () => settings.next().value, events, seed, moves);
            for (const worker of fleet.workers.keys()) {
              fleet.expectContent(worker);
            }
          },
        ),
        { numRuns: 100 },
      );
    },
  );
});
