import fc from 'fast-check';
import { leasesToAdopt, leasesToTake } from '../../../src/lease/assignment';
import { type AssignmentRules, isExpired, type ObservedLease, takeCensus } from '../../../src/lease/census';
import { isFinished, type Lease } from '../../../src/lease/lease';
import { seededRandom } from '../../../src/util/random';
import { assignmentRules, FAILOVER, leaseOf, observed, TAKE_TIME } from '../../support/leases';

const VERY_OLD = 3 * FAILOVER;

const many = (count: number, owner: string | undefined, unchangedFor = 0): ObservedLease[] =>
  Array.from({ length: count }, (_, n) => observed(leaseOf(`${owner}-${n}`, { owner }), unchangedFor));

const toTake = (leases: readonly ObservedLease[], overrides: Partial<AssignmentRules> = {}): Lease[] =>
  leasesToTake(takeCensus(leases, assignmentRules(overrides)), assignmentRules(overrides));
const takes = (leases: readonly ObservedLease[], overrides: Partial<AssignmentRules> = {}): string[] =>
  toTake(leases, overrides).map(({ shardId }) => shardId);

test('a worker that is alone takes everything nobody holds', () => {
  expect(takes(many(7, undefined))).toHaveLength(7);
});

test('a lease is expired once its counter has not moved for failoverTime, not before', () => {
  const lease = leaseOf('s', { owner: 'other' });
  expect(takes([observed(lease, FAILOVER - 1)])).toEqual([]);
  expect(takes([observed(lease, FAILOVER)])).toEqual(['s']);
});

test('a worker takes its share and leaves the rest: ceil(leases / workers), dead workers not counted', () => {
  const table = [...many(4, 'alive'), ...many(3, 'dead', FAILOVER), ...many(2, undefined)];
  expect(takes(table)).toHaveLength(5);
});

test('what is already held counts', () => {
  expect(takes([...many(4, 'me'), ...many(3, 'other'), ...many(3, undefined)])).toHaveLength(1);
  expect(takes([...many(5, 'me'), ...many(3, undefined), ...many(2, 'other')])).toEqual([]);
});

test('what nobody took for three times failoverTime is taken beyond the share, and first', () => {
  const old = many(2, undefined, VERY_OLD);
  const fresh = Array.from({ length: 3 }, (_, n) => observed(leaseOf(`fresh-${n}`)));
  const table = [...many(4, 'me'), ...many(1, 'other'), ...fresh, ...old];
  expect(takes(table).sort()).toEqual(['undefined-0', 'undefined-1']);
  expect(
    takes([...fresh, ...old])
      .slice(0, 2)
      .sort(),
  ).toEqual(['undefined-0', 'undefined-1']);
});

test('what others have left for as long as they need to take it is shared out among those that may have more', () => {
  const free = (age: number): ObservedLease[] => [
    observed(leaseOf('expired', { owner: 'dead' }), FAILOVER + age),
    ...many(7, undefined, age),
  ];
  const full = (age: number): ObservedLease[] => [observed(leaseOf('full', { owner: 'full' }), 0, age, age)];
  const mine = many(5, 'me');
  expect(takes([...mine, ...full(TAKE_TIME), ...free(TAKE_TIME)])).toHaveLength(8);
  expect(takes([...mine, ...full(TAKE_TIME), ...free(TAKE_TIME - 1)])).toHaveLength(2);
  expect(takes([...mine, ...full(TAKE_TIME - 1), ...free(TAKE_TIME)])).toHaveLength(2);
  const other = many(6, 'other').map(({ lease }) => observed(lease, 0, TAKE_TIME, TAKE_TIME));
  expect(takes([...mine, ...other, ...full(TAKE_TIME), ...free(TAKE_TIME)])).toHaveLength(5);
});

test('maxLeases is never exceeded, very old leases included', () => {
  expect(takes([...many(2, 'me'), ...many(9, undefined, VERY_OLD)], { maxLeases: 5 })).toHaveLength(3);
  expect(takes([...many(6, 'me'), ...many(9, undefined)], { maxLeases: 5 })).toEqual([]);
});

test('a live lease is never simply taken', () => {
  expect(takes(many(10, 'other', FAILOVER - 1))).toEqual([]);
});

test('finished leases are left to the clean-up and count in no share', () => {
  const ended = Array.from({ length: 8 }, (_, n) =>
    observed(leaseOf(`e${n}`, { checkpoint: 'SHARD_END' }), VERY_OLD),
  );
  expect(takes([...ended, ...many(1, 'other'), ...many(3, undefined)])).toHaveLength(2);
});

test('only wanted shards are taken, and only they count', () => {
  const table = [...many(10, 'other'), observed(leaseOf('a')), observed(leaseOf('b'))];
  expect(takes(table, { isWanted: ({ shardId: id }) => id === 'a' || id === 'b' }).sort()).toEqual([
    'a',
    'b',
  ]);
});

test('parents come before the children that wait for them', () => {
  const table = [
    observed(leaseOf('child', { parentShardIds: ['left', 'right'] })),
    observed(leaseOf('grandchild', { parentShardIds: ['child'] })),
    observed(leaseOf('right', { parentShardIds: ['ended'] })),
    observed(leaseOf('left')),
    observed(leaseOf('ended', { checkpoint: 'SHARD_END' })),
  ];
  expect(takes(table, { maxLeases: 2 }).sort()).toEqual(['left', 'right']);
  expect(takes(table).slice(2)).toEqual(['child', 'grandchild']);
});

test('shards of two streams with the same ids do not wait for each other', () => {
  const table = [
    observed(leaseOf('1', { stream: 'a', parentShardIds: ['0'] })),
    observed(leaseOf('0', { stream: 'a' })),
    observed(leaseOf('0', { stream: 'b', checkpoint: 'SHARD_END' })),
    observed(leaseOf('1', { stream: 'b', parentShardIds: ['0'], caughtUpAt: 1 })),
  ];
  const orders = Array.from({ length: 20 }, (_, seed) => {
    const rules = assignmentRules({ random: seededRandom(seed) });
    return leasesToTake(takeCensus(table, rules), rules).map(({ key }) => key);
  });
  expect(orders.every((keys) => keys.indexOf('a:0') < keys.indexOf('a:1'))).toBe(true);
  expect(orders.some((keys) => keys.indexOf('b:1') < keys.indexOf('a:0'))).toBe(true);
});

test('a child whose parent has no row yet does not take the only place from the ancestor they both wait for', () => {
  // 0 → (2, 3), then 3 + 1 → 4, and 1 is finished: 4 waits for 3, which gets its row when 0 has ended.
  const leases = [
    observed(leaseOf('shard-4', { parentShardIds: ['shard-3', 'shard-1'] })),
    observed(leaseOf('shard-0', { parentShardIds: ['trimmed'] })),
    observed(leaseOf('shard-1', { checkpoint: 'SHARD_END' })),
  ];
  for (let seed = 0; seed < 20; seed++) {
    expect(takes(leases, { maxLeases: 1, random: seededRandom(seed) })).toEqual(['shard-0']);
  }
});

test('a row that names itself as its parent does not stop the others', () => {
  const table = [observed(leaseOf('a', { parentShardIds: ['a'] })), observed(leaseOf('b'))];
  expect(takes(table).sort()).toEqual(['a', 'b']);
});

test('rows that name this worker and that it does not hold are adopted, finished and unwanted ones not', () => {
  const leases = [
    leaseOf('held', { owner: 'me' }),
    leaseOf('lost answer', { owner: 'me' }),
    leaseOf('ended', { owner: 'me', checkpoint: 'SHARD_END' }),
    leaseOf('unwanted', { owner: 'me' }),
    leaseOf('theirs', { owner: 'other' }),
    leaseOf('free'),
  ];
  const wanted = assignmentRules({ isWanted: ({ shardId: id }) => id !== 'unwanted' });
  expect(leasesToAdopt(leases, wanted, (id) => id === 'held').map(({ shardId }) => shardId)).toEqual([
    'lost answer',
  ]);
});

describe('for any table', () => {
  const table = fc.uniqueArray(
    fc.record({
      id: fc.integer({ min: 0, max: 40 }),
      owner: fc.constantFrom(undefined, 'me', 'a', 'b'),
      parents: fc.array(fc.integer({ min: 0, max: 40 }).map(String), { maxLength: 2 }),
      checkpoint: fc.constantFrom('TRIM_HORIZON', '17', 'SHARD_END'),
      unchangedFor: fc.constantFrom(0, FAILOVER - 1, FAILOVER, VERY_OLD),
    }),
    { selector: ({ id }) => id, maxLength: 40 },
  );
  const observe = (rows: typeof table extends fc.Arbitrary<infer R> ? R : never): ObservedLease[] =>
    rows.map(({ id, owner, parents, checkpoint, unchangedFor }) =>
      observed(leaseOf(String(id), { owner, parentShardIds: parents, checkpoint }), unchangedFor),
    );

  test('only available, unfinished leases are taken, each once, within maxLeases', () => {
    fc.assert(
      fc.property(table, fc.integer({ min: 0, max: 20 }), fc.integer(), (rows, maxLeases, seed) => {
        const leases = observe(rows);
        const taken = toTake(leases, { maxLeases, random: seededRandom(seed) });
        const mine = leases.filter(({ lease }) => lease.owner === 'me' && !isFinished(lease)).length;
        expect(new Set(taken).size).toBe(taken.length);
        expect(taken.length).toBeLessThanOrEqual(Math.max(0, maxLeases - mine));
        for (const lease of taken) {
          const one = leases.find((candidate) => candidate.lease === lease);
          expect(one !== undefined && (lease.owner === undefined || isExpired(one, FAILOVER))).toBe(true);
          expect(lease.owner).not.toBe('me');
          expect(isFinished(lease)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('workers that take in turn leave nothing free, and fresh leases end up shared within one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 6 }), (count, workers) => {
        // Each worker holds one lease from the start, so that all know of each other.
        const owners = Array.from({ length: workers + count }, (_, n) => (n < workers ? `w${n}` : undefined));
        for (let n = 0; n < workers; n++) {
          const table = owners.map((owner, id) => observed(leaseOf(String(id), { owner })));
          for (const { shardId } of toTake(table, { worker: `w${n}` })) {
            owners[Number(shardId)] = `w${n}`;
          }
        }
        const held = Array.from({ length: workers }, (_, n) => owners.filter((o) => o === `w${n}`).length);
        expect(owners).not.toContain(undefined);
        expect(Math.max(...held)).toBeLessThanOrEqual(Math.ceil(owners.length / workers));
      }),
      { numRuns: 100 },
    );
  });
});
