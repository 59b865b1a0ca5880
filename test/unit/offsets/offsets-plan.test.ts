import { descendantsOfUnfinished, keyOfChange, planChanges } from '../../../src/offsets/offsets-plan';
import { movedTo, type OffsetsRow, offsetsRow } from '../../../src/offsets/offsets-row';
import { TRIM_HORIZON } from '../../../src/stream/extended-sequence-number';
import { leaseOf } from '../../support/leases';

const at = (sequenceNumber: string): OffsetsRow['checkpoint'] => ({ sequenceNumber, subSequenceNumber: 0 });

const parent = leaseOf('parent', { checkpoint: 'SHARD_END' });
const child = leaseOf('child', { parentShardIds: ['parent'], checkpoint: '17' });
const grandchild = leaseOf('grandchild', { parentShardIds: ['child'], checkpoint: '19' });

const keys = (changes: ReturnType<typeof planChanges>): string[] =>
  changes.map((change) => `${change.kind} ${keyOfChange(change)}`);

test('positions are moved before rows are deleted, so that a half-done change passes over nothing', () => {
  const begin = movedTo(parent, { checkpoint: TRIM_HORIZON, readFrom: undefined });
  expect(keys(planChanges([child, parent, grandchild], [begin], () => true))).toEqual([
    'write parent',
    'delete child',
    'delete grandchild',
  ]);
});

test('a row that says so already is left alone, unless somebody owns it', () => {
  const same = offsetsRow(child);
  expect(planChanges([child], [same], () => true)).toEqual([]);
  expect(keys(planChanges([{ ...child, owner: 'worker' }], [same], () => true))).toEqual(['write child']);
});

test('a row that moves forgets what was known of its old position, and keeps the start of the table', () => {
  const before = { ...child, caughtUpAt: 5, startAt: 3, anchor: true };
  expect(movedTo(before, { checkpoint: at('18'), readFrom: 4 })).toEqual({
    ...offsetsRow(child),
    checkpoint: at('18'),
    startAt: 3,
    readFrom: 4,
    caughtUpAt: undefined,
    anchor: false,
  });
});

describe('rows that descend from a shard which is read again', () => {
  const unfinished = { ...offsetsRow(parent), checkpoint: at('7') };

  test('go, however far below', () => {
    const rows = [parent, child, grandchild];
    expect([...descendantsOfUnfinished(rows, [unfinished])]).toEqual(['child', 'grandchild']);
  });

  test('stay when they are wanted themselves, or the shard stays finished', () => {
    expect([...descendantsOfUnfinished([child], [unfinished, offsetsRow(child)])]).toEqual([]);
    expect([...descendantsOfUnfinished([child, grandchild], [offsetsRow(parent)])]).toEqual([]);
  });

  test('are found also where a row names itself as its parent', () => {
    const loop = leaseOf('loop', { parentShardIds: ['loop'] });
    expect([...descendantsOfUnfinished([loop, child], [unfinished])]).toEqual(['child']);
  });
});
