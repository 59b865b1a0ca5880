import type { Lease } from '../../../src/lease/lease';
import { reachedInstant } from '../../../src/lease/reached-instant';

const at = (sequenceNumber: string) => ({ sequenceNumber, subSequenceNumber: 0 });

const row = (given: Partial<Lease>): Lease =>
  ({ shardId: 'child', checkpoint: at('TRIM_HORIZON'), parentShardIds: [], ...given }) as Lease;

const none = (): undefined => undefined;

test.each<[string, Partial<Lease>, number | undefined]>([
  ['what it had caught up with', { checkpoint: at('7'), caughtUpAt: 5000, startAt: 100 }, 5000],
  ['where it starts', { checkpoint: at('LATEST'), startAt: 100 }, 100],
  ['where its table started', { checkpoint: at('7'), startAt: 100 }, 100],
  ['where it alone was set back to', { checkpoint: at('AT_TIMESTAMP'), startAt: 9000, readFrom: 400 }, 400],
  ['nothing when it was set back to its oldest record', { startAt: 9000, readFrom: 0 }, undefined],
  ['nothing by a place in the shard', { checkpoint: at('7') }, undefined],
  ['nothing before its first record', {}, undefined],
])('a row tells %s', (_, given, expected) => {
  expect(reachedInstant(row(given), none)).toBe(expected);
});

const parents = new Map([
  ['behind', row({ shardId: 'behind', checkpoint: at('3'), caughtUpAt: 2000 })],
  ['near', row({ shardId: 'near', checkpoint: at('4'), caughtUpAt: 3000 })],
  ['finished', row({ shardId: 'finished', checkpoint: at('SHARD_END'), caughtUpAt: 9000 })],
  ['between', row({ shardId: 'between', parentShardIds: ['behind'] })],
]);

test.each<[string, readonly string[], number | undefined]>([
  ['came after what its unfinished parent had caught up with', ['behind'], 2000],
  ['came after both parents had closed', ['behind', 'near'], 3000],
  ['may have come before a finished parent was caught up with', ['finished'], undefined],
  ['came after what the parent of its parent had caught up with', ['between'], 2000],
  ['came after nothing known of a parent without a row', ['gone'], undefined],
])('what is in an unread child %s', (_, parentShardIds, expected) => {
  expect(reachedInstant(row({ parentShardIds }), (id) => parents.get(id))).toBe(expected);
});

test('a child that was begun tells nothing by its parents, and a ring of rows ends', () => {
  const begun = row({ checkpoint: at('1'), parentShardIds: ['behind'] });
  expect(reachedInstant(begun, (id) => parents.get(id))).toBeUndefined();
  const ring = row({ parentShardIds: ['child'] });
  expect(reachedInstant(ring, () => ring)).toBeUndefined();
});

test('a lineage that was split and merged over and over costs a look or two a row, not one a path', () => {
  // Every generation of two shards has both of the one before as parents.
  const lineage = new Map<string, Lease>([
    ['0a', row({ shardId: '0a', checkpoint: at('1'), caughtUpAt: 700 })],
  ]);
  for (let n = 1; n <= 20; n++) {
    for (const half of ['a', 'b']) {
      const parentShardIds = [`${n - 1}a`, `${n - 1}b`];
      lineage.set(`${n}${half}`, row({ shardId: `${n}${half}`, parentShardIds }));
    }
  }
  let looks = 0;
  const parentOf = (id: string): Lease | undefined => {
    looks++;
    return lineage.get(id);
  };
  expect(reachedInstant(row({ parentShardIds: ['19a', '19b'] }), parentOf)).toBe(700);
  expect(looks).toBeLessThan(100);
});

test('a lineage without end is asked no further than makes sense', () => {
  let looks = 0;
  const parentOf = (shardId: string): Lease => {
    looks++;
    return row({ shardId, parentShardIds: [`${looks} left`, `${looks} right`] });
  };
  expect(reachedInstant(row({ parentShardIds: ['0'], startAt: 300 }), parentOf)).toBe(300);
  expect(looks).toBeLessThan(500);
});
