import { Audit, withoutRange } from '../../../src/lease/audit';
import type { Lease } from '../../../src/lease/lease';
import { MAX_HASH_KEY } from '../../../src/stream/hash-key';
import { leaseOf } from '../../support/leases';

const NONE = new Map();
const END = String(MAX_HASH_KEY);
const part = (
  shardId: string,
  from: string,
  to: string,
  fields: Partial<Parameters<typeof leaseOf>[1]> = {},
) => leaseOf(shardId, { hashRange: { startingHashKey: from, endingHashKey: to }, ...fields });
const whole = [part('a', '0', '99'), part('b', '100', END)];
const without = (shardId: string, leases: readonly Lease[] = whole) =>
  leases.filter((lease) => lease.shardId !== shardId);

test('unfinished leases over all hash keys are complete, however they overlap', () => {
  expect(new Audit(1).look(whole, NONE)).toEqual({ state: 'COMPLETE' });
  expect(new Audit(1).look([...whole, part('c', '50', '200'), part('d', '0', '9')], NONE)).toEqual({
    state: 'COMPLETE',
  });
});

test('a hole counts when it was found often enough in a row', () => {
  const audit = new Audit(3);
  const found = [1, 2, 3].map(() => audit.look(without('b'), NONE));
  const hole = { start: 100n, end: MAX_HASH_KEY };
  expect(found).toEqual([false, false, true].map((confirmed) => ({ state: 'HOLE', hole, confirmed })));
});

test('counting begins anew after a complete look, at another hole, and when it is being mended', () => {
  const audit = new Audit(2);
  expect(audit.look(without('b'), NONE)).toMatchObject({ confirmed: false });
  audit.look(whole, NONE);
  expect(audit.look(without('b'), NONE)).toMatchObject({ confirmed: false });
  expect(audit.look(without('a'), NONE)).toMatchObject({ hole: { start: 0n, end: 99n }, confirmed: false });
  audit.mended();
  expect(audit.look(without('a'), NONE)).toMatchObject({ confirmed: false });
  expect(audit.look(without('a'), NONE)).toMatchObject({ confirmed: true });
});

test('what is read of a shard does not matter, but a finished one covers nothing', () => {
  const at = (checkpoint: string) => [...without('b'), part('b', '100', END, { checkpoint })];
  expect(new Audit(1).look(at('17'), NONE)).toEqual({ state: 'COMPLETE' });
  expect(new Audit(1).look(at('LATEST'), NONE)).toEqual({ state: 'COMPLETE' });
  expect(new Audit(1).look(at('SHARD_END'), NONE)).toMatchObject({ state: 'HOLE', confirmed: true });
});

test('a row without a range covers what the listing says of its shard', () => {
  const leases = [...without('b'), leaseOf('b')];
  expect(withoutRange([...leases, leaseOf('done', { checkpoint: 'SHARD_END' })])).toEqual(['b']);
  expect(new Audit(1).look(leases, NONE)).toMatchObject({ state: 'HOLE' });
  const ranges = new Map([['b', { startingHashKey: '100', endingHashKey: END }]]);
  expect(new Audit(1).look(leases, ranges)).toEqual({ state: 'COMPLETE' });
});

test('no rows, or an anchor alone, are empty at once', () => {
  const audit = new Audit(3);
  expect(audit.look([], NONE)).toEqual({ state: 'EMPTY' });
  expect(audit.look([leaseOf('a', { checkpoint: 'SHARD_END', anchor: true })], NONE)).toEqual({
    state: 'EMPTY',
  });
});
