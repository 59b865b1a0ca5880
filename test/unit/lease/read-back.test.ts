import { judge } from '../../../src/lease/read-back';
import { leaseOf } from '../../support/leases';

const me = { owner: 'me', counter: 7 };

test.each([
  ['me', 7, 'NOT_APPLIED', 'NOT_APPLIED'],
  ['me', 8, 'APPLIED', 'APPLIED'],
  ['me', 9, 'LOST', 'LOST'],
  ['me', 6, 'LOST', 'LOST'],
  [undefined, 8, 'LOST', 'RELEASED'],
  [undefined, 7, 'LOST', 'LOST'],
  [undefined, 9, 'LOST', 'LOST'],
  ['other', 7, 'LOST', 'LOST'],
  ['other', 8, 'LOST', 'LOST'],
])(
  'a row of owner %s with counter %s, where I hold 7, means %s, and %s when I was giving it up',
  (owner, counter, renewing, releasing) => {
    const row = leaseOf('s', { owner, counter });
    expect(judge(row, me, false)).toBe(renewing);
    expect(judge(row, me, true)).toBe(releasing);
  },
);

test('a row that is gone is lost', () => {
  expect(judge(undefined, me, true)).toBe('LOST');
});
