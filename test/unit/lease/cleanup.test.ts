import { leasesToDelete, vanishedLeases } from '../../../src/lease/cleanup';
import type { Lease } from '../../../src/lease/lease';
import { leaseOf, observed } from '../../support/leases';

const FAILOVER = 10_000;
const AGE = 30 * FAILOVER;
const deletable = (leases: readonly Lease[], unchangedFor = AGE): string[] =>
  leasesToDelete(
    leases.map((lease) => observed(lease, unchangedFor)),
    FAILOVER,
  );

const parent = leaseOf('p', { checkpoint: 'SHARD_END', childShardIds: ['a', 'b'] });
const begun = (shardId: string, checkpoint = '17'): Lease =>
  leaseOf(shardId, { parentShardIds: ['p'], checkpoint });

test('a finished lease is deleted when every child has begun or ended', () => {
  expect(deletable([parent, begun('a'), begun('b', 'SHARD_END')])).toEqual(['p']);
});

test.each(['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP'])(
  'it stays while a child is still at %s',
  (checkpoint) => {
    expect(deletable([parent, begun('a'), begun('b', checkpoint)])).toEqual([]);
  },
);

test('it stays until a creation that was long under way can no longer bring the row of a finished shard back', () => {
  const leases = [parent, begun('a'), begun('b')];
  expect(deletable(leases, AGE - 1)).toEqual([]);
  expect(deletable(leases, AGE)).toEqual(['p']);
});

test('it stays while the row of a child is missing', () => {
  expect(deletable([parent, begun('a')])).toEqual([]);
  expect(deletable([leaseOf('p', { checkpoint: 'SHARD_END' })])).toEqual([]);
});

test('children are known by their own rows too, when the parent does not name them', () => {
  expect(deletable([leaseOf('p', { checkpoint: 'SHARD_END' }), begun('a'), begun('b')])).toEqual(['p']);
});

test('it stays while rows of its own parents are there: the oldest goes first', () => {
  const child = leaseOf('c', { checkpoint: 'SHARD_END', parentShardIds: ['p'], childShardIds: ['d'] });
  const grandchild = leaseOf('d', { checkpoint: '5', parentShardIds: ['c'] });
  const oldest = leaseOf('p', { checkpoint: 'SHARD_END', childShardIds: ['c'] });
  expect(deletable([oldest, child, grandchild])).toEqual(['p']);
  expect(deletable([child, grandchild])).toEqual(['c']);
});

test('a lease that is not finished is never deleted', () => {
  expect(deletable([leaseOf('p', { checkpoint: '99', childShardIds: ['a'] }), begun('a')])).toEqual([]);
});

test('a row that a live worker still renews is left to that worker', () => {
  const owned = { ...parent, owner: 'java' };
  expect(deletable([owned, begun('a'), begun('b')], FAILOVER)).toEqual([]);
  expect(deletable([owned, begun('a'), begun('b')])).toEqual(['p']);
});

test('a child that was read to its tip has begun, though nothing was in it', () => {
  const idle = leaseOf('a', { parentShardIds: ['p'], caughtUpAt: 5 });
  expect(deletable([parent, idle, begun('b')])).toEqual(['p']);
});

test('an anchor is deleted once another row holds its instant', () => {
  const anchor = leaseOf('p', { checkpoint: 'SHARD_END', anchor: true, startAt: 7 });
  const child = (startAt: number | undefined) => leaseOf('a', { checkpoint: 'LATEST', startAt });
  expect(deletable([anchor])).toEqual([]);
  expect(deletable([anchor, child(undefined)])).toEqual([]);
  expect(deletable([anchor, child(7)])).toEqual(['p']);
  expect(deletable([anchor, child(7)], AGE - 1)).toEqual([]);
});

test('of shards that have vanished the finished rows are deleted, children or not, but never an anchor', () => {
  const rows = [
    leaseOf('gone', { checkpoint: 'SHARD_END', childShardIds: ['never'] }),
    leaseOf('unread', { checkpoint: '5' }),
    leaseOf('listed', { checkpoint: 'SHARD_END' }),
    leaseOf('anchor', { checkpoint: 'SHARD_END', anchor: true, startAt: 7 }),
  ];
  const vanished = (unchangedFor: number) =>
    vanishedLeases(
      rows.map((lease) => observed(lease, unchangedFor)),
      FAILOVER,
      new Map([['listed', 0]]),
    );
  expect(vanished(AGE)).toEqual(['gone']);
  expect(vanished(AGE - 1)).toEqual([]);
});
