import fc from 'fast-check';
import {
  beginHandover,
  HANDOVER_ACTIONS,
  type Handover,
  type HandoverRequest,
  type HandoverState,
  lookAt,
} from '../../../src/lease/handover';
import type { Lease } from '../../../src/lease/lease';
import { leaseOf } from '../../support/leases';

const LIMITS = { failoverTime: 10_000, handoffTimeout: 30_000 };
const seen = leaseOf('s', { owner: 'them', counter: 5, ours: true });
const request: HandoverRequest = { asker: 'me', seen, id: 'r1' };
const asked = { ...seen, handoffTo: 'me', handoffId: 'r1' };
const drains = { ...asked, counter: 7, draining: 'r1' };

/** The states that looks at `rows`, 250 ms apart, bring about. */
function states(rows: readonly (Lease | undefined)[], arrived = true): HandoverState[] {
  let handover = beginHandover(request, arrived, 0);
  return rows.map((row, n) => {
    handover = lookAt(handover, request, { row, started: n * 250, ended: n * 250 + 10 }, LIMITS);
    return handover.state;
  });
}

/** The state after `ms` milliseconds in which every look showed `row`, which was first seen after 10 ms. */
function stateAfter(ms: number, row: Lease, arrived = true): HandoverState {
  const first = beginHandover(request, arrived, 0);
  const second = lookAt(first, request, { row, started: 0, ended: 10 }, LIMITS);
  return lookAt(second, request, { row, started: ms, ended: ms + 10 }, LIMITS).state;
}

test('a hand-over without trouble waits, drains and is granted', () => {
  const released = { ...drains, counter: 8, owner: undefined, handoffId: undefined, draining: undefined };
  expect(states([asked, { ...asked, counter: 6 }, drains, released])).toEqual([
    'WAITING',
    'WAITING',
    'DRAINING',
    'GRANTED',
  ]);
});

test('an owner that wrote twice without an answer is not waited for, however few looks there were', () => {
  expect(states([{ ...asked, counter: 6 }])).toEqual(['WAITING']);
  expect(states([{ ...asked, counter: 7 }])).toEqual(['UNANSWERED']);
  expect(states([{ ...asked, counter: 9 }])).toEqual(['UNANSWERED']);
});

test('time alone is no refusal: an owner that does not write is waited for until it counts as dead', () => {
  expect(stateAfter(9999, asked)).toBe('WAITING');
  expect(stateAfter(10_000, asked)).toBe('EXPIRED');
});

test('an answer to an older request is none', () => {
  expect(states([{ ...asked, counter: 7, draining: 'r0' }])).toEqual(['UNANSWERED']);
  expect(states([{ ...asked, counter: 6, draining: 'r0' }])).toEqual(['WAITING']);
});

test('who drains has handoffTimeout from its answer, as long as it gives signs of life', () => {
  let handover: Handover = beginHandover(request, true, 0);
  const seenAt: { [state in HandoverState]?: number } = {};
  for (let now = 250; now <= 32_000; now += 250) {
    const row = now < 2000 ? asked : { ...drains, counter: 7 + Math.floor(now / 3000) };
    handover = lookAt(handover, request, { row, started: now, ended: now }, LIMITS);
    seenAt[handover.state] ??= now;
  }
  expect(seenAt).toEqual({ WAITING: 250, DRAINING: 2000, OVERDUE: 32_000 });
});

test('who dies while it drains has expired like any other', () => {
  expect(stateAfter(10_009, drains)).toBe('DRAINING');
  expect(stateAfter(10_010, drains)).toBe('EXPIRED');
});

test.each([
  ['another owner', { ...asked, owner: 'third', counter: 6 }],
  ['the asker itself', { ...seen, owner: 'me', counter: 6 }],
  ['a newer request', { ...asked, handoffTo: 'third', handoffId: 'r2' }],
  ['a request that was taken back', { ...seen, counter: 6 }],
  ['the end of the shard', leaseOf('s', { checkpoint: 'SHARD_END', counter: 6 })],
  ['a lease given up to somebody else', { ...seen, owner: undefined, handoffTo: 'third', counter: 6 }],
  ['a lease given up to nobody', { ...seen, owner: undefined, counter: 6 }],
  ['no row', undefined],
])('%s ends the request', (_, row) => {
  expect(states([asked, row])).toEqual(['WAITING', 'OVER']);
});

describe('a request whose write got no answer', () => {
  test('is looked for as long as it may still arrive', () => {
    expect(states([seen, seen, asked, drains], false)).toEqual(['SENT', 'SENT', 'WAITING', 'DRAINING']);
  });

  test('is over once the owner wrote without it, or another one came first', () => {
    expect(states([seen, { ...seen, counter: 6 }], false)).toEqual(['SENT', 'OVER']);
    expect(states([{ ...seen, handoffTo: 'third', handoffId: 'r2' }], false)).toEqual(['OVER']);
  });

  test('does not keep a dead owner alive', () => {
    expect(stateAfter(10_000, seen, false)).toBe('EXPIRED');
  });

  test('may replace a stale request, which it still finds until it arrives', () => {
    const stale = { ...seen, handoffTo: 'third', handoffId: 'r0' };
    const replacing = { ...request, seen: stale };
    const first = beginHandover(replacing, false, 0);
    const look = (before: Handover, row: Lease) =>
      lookAt(before, replacing, { row, started: 0, ended: 0 }, LIMITS);
    expect(look(first, stale).state).toBe('SENT');
    expect(look(look(first, stale), asked).state).toBe('WAITING');
    expect(look(look(look(first, stale), asked), stale).state).toBe('OVER');
  });
});

test('whatever a look shows, a lease is taken only from nobody, or from the owner that was asked and failed to act', () => {
  const row = fc.record({
    owner: fc.constantFrom(undefined, 'them', 'third', 'me'),
    counter: fc.integer({ min: 4, max: 9 }),
    handoffTo: fc.constantFrom(undefined, 'me', 'third'),
    handoffId: fc.constantFrom(undefined, 'r0', 'r1'),
    draining: fc.constantFrom(undefined, 'r0', 'r1'),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), fc.boolean(), (rows, arrived) => {
      let handover = beginHandover(request, arrived, 0);
      for (const [n, fields] of rows.entries()) {
        const now = n * 250;
        const look = { row: leaseOf('s', fields), started: now, ended: now };
        handover = lookAt(handover, request, look, LIMITS);
        if (HANDOVER_ACTIONS[handover.state] === 'TAKE') {
          const granted = fields.owner === undefined && fields.handoffTo === 'me';
          const ignored =
            fields.owner === 'them' &&
            fields.handoffId === 'r1' &&
            fields.draining !== 'r1' &&
            fields.counter >= 7;
          expect(granted || ignored).toBe(true);
        }
        if (HANDOVER_ACTIONS[handover.state] !== 'LOOK') {
          return;
        }
      }
    }),
    { numRuns: 500 },
  );
});
