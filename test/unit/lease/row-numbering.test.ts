import { ownerInput } from '../../../src/lease/owner-writes';
import { Progress } from '../../../src/lease/progress';
import { decodeNumbering, distrust, type RowNumbering } from '../../../src/lease/row-numbering';
import { TRIM_HORIZON } from '../../../src/stream/extended-sequence-number';
import { leaseOf } from '../../support/leases';

const at = (sequenceNumber: string, subSequenceNumber = 0) => ({ sequenceNumber, subSequenceNumber });

const numbering = (overrides: Partial<RowNumbering> = {}): RowNumbering => ({
  generation: 'g1',
  ordinal: 7,
  at: at('100', 2),
  firstSequence: '90',
  spread: { topic: 'flights', partitions: 4 },
  ...overrides,
});

/** The attributes that an owner's write sets. */
function written(change: Parameters<typeof ownerInput>[3]) {
  const input = ownerInput('table', 'shard', { owner: 'me', counter: 1 }, change);
  const sets = /SET (.*?)( ADD| REMOVE|$)/.exec(input.UpdateExpression ?? '')?.[1] ?? '';
  const values = input.ExpressionAttributeValues ?? {};
  return Object.fromEntries(
    sets.split(', ').map((part) => {
      const [name = '', value = ''] = part.split(' = ');
      return [name.slice(1), values[value]];
    }),
  );
}

test('a numbering is read as it was written', () => {
  const item = written({ numbering: numbering() });
  expect(decodeNumbering(item as never)).toEqual(numbering());
  const bare = numbering({ at: TRIM_HORIZON, firstSequence: undefined, spread: undefined });
  expect(decodeNumbering(written({ numbering: bare }) as never)).toEqual(bare);
});

test('attributes that are not whole are no numbering', () => {
  expect(decodeNumbering({})).toBeUndefined();
  expect(decodeNumbering({ generation: { S: 'g' }, ordinal: { N: '1' } })).toBeUndefined();
  expect(
    decodeNumbering({ generation: { S: 'g' }, ordinal: { N: 'x' }, ordinalCheckpoint: { S: '1:0' } }),
  ).toBeUndefined();
});

test.each([
  ['no numbering at all', undefined, at('100', 2), '100', 'NEW'],
  ['its own record comes first', numbering(), at('100', 2), '100', undefined],
  ['others have moved the checkpoint', numbering(), at('101', 0), '101', 'MOVED'],
  ['others have moved it within the aggregate', numbering(), at('100', 3), '100', 'MOVED'],
  ['others have set it back to a name', numbering(), TRIM_HORIZON, '90', 'MOVED'],
  ['its record is gone', numbering(), at('100', 2), '104', 'TRIMMED'],
  ['its record is gone, though the first one is known', numbering(), at('100', 2), '90', 'TRIMMED'],
  [
    'nothing stored yet, the same record first',
    numbering({ ordinal: 0, at: TRIM_HORIZON }),
    TRIM_HORIZON,
    '90',
    undefined,
  ],
  [
    'nothing stored yet, another record first',
    numbering({ ordinal: 0, at: TRIM_HORIZON }),
    TRIM_HORIZON,
    '91',
    'TRIMMED',
  ],
  [
    'a name without a first record',
    numbering({ ordinal: 0, at: TRIM_HORIZON, firstSequence: undefined }),
    TRIM_HORIZON,
    '90',
    'TRIMMED',
  ],
  [
    'begun where the record was gone already, the same record first',
    numbering({ ordinal: 0 }),
    at('100', 2),
    '90',
    undefined,
  ],
] as const)('%s', (_when, row, checkpoint, first, expected) => {
  expect(distrust(row, checkpoint, first)).toBe(expected);
});

test('a checkpoint is written with the number of records up to it, in one write', () => {
  const lease = { ...leaseOf('shard', { numbering: numbering() }), checkpoint: at('100', 2) };
  const progress = new Progress(lease.checkpoint);
  progress.number(numbering());
  expect(progress.changeOf(lease, false)).toEqual({});
  progress.confirm(at('105'), 12);
  const change = progress.changeOf(lease, true);
  expect(change).toMatchObject({ checkpoint: at('105'), ordinal: 12, release: true });
  expect(written(change)).toMatchObject({ ordinal: { N: '12' }, ordinalCheckpoint: { S: '105:0' } });
});

test('a numbering that is not in the row yet is written with the place it belongs to', () => {
  const lease = { ...leaseOf('shard', { numbering: undefined }), checkpoint: at('100', 2) };
  const progress = new Progress(lease.checkpoint);
  progress.number(numbering({ generation: 'g2', ordinal: 0 }));
  expect(progress.changeOf(lease, false).numbering).toMatchObject({
    generation: 'g2',
    ordinal: 0,
    at: at('100', 2),
  });
  progress.confirm(at('101'), 1);
  expect(progress.changeOf(lease, false).numbering).toMatchObject({ ordinal: 1, at: at('101') });
});

test('numbers that were given up are taken out of the row', () => {
  const lease = leaseOf('shard', { numbering: numbering() });
  const progress = new Progress(lease.checkpoint);
  progress.number(numbering());
  progress.number('NONE');
  const input = ownerInput('t', 'k', { owner: 'me', counter: 1 }, progress.changeOf(lease, false));
  expect(input.UpdateExpression).toMatch(/REMOVE #generation, #ordinal, #ordinalCheckpoint/);
});
