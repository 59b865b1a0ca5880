import fc from 'fast-check';
import { AcknowledgedPrefix } from '../../../src/pulsar/protocol/acknowledged-prefix';

const at = (entryId: number, ledgerId = 5) => ({ ledgerId, entryId });

/**
 * A topic of two ledgers, some entries of which were acknowledged before, and a broker that says at any time how far
 * it is, as late as it likes.
 */
const SIZE = 12;
const entry = fc.tuple(fc.integer({ min: 5, max: 6 }), fc.integer({ min: 0, max: SIZE - 1 }));
const step = fc.oneof(
  fc.record({ kind: fc.constant('acknowledge' as const), entries: fc.array(entry, { maxLength: 6 }) }),
  fc.record({ kind: fc.constant('told' as const), late: fc.boolean() }),
  fc.record({ kind: fc.constant('forget' as const) }),
);

test('it never has an entry in it that is not acknowledged, whatever was acknowledged and told in whatever order', () => {
  fc.assert(
    fc.property(fc.array(entry), fc.array(step, { maxLength: 30 }), (before, steps) => {
      const done = new Set(before.map(([ledger, id]) => (ledger - 5) * SIZE + id));
      const position = (): { ledgerId: number; entryId: number } => {
        let end = 0;
        while (done.has(end)) {
          end++;
        }
        return end < SIZE ? at(end - 1, 5) : at(end - SIZE - 1, 6);
      };
      const prefix = new AcknowledgedPrefix();
      let earlier = position();
      for (const one of steps) {
        if (one.kind === 'forget') {
          prefix.forget();
        } else if (one.kind === 'told') {
          prefix.told(one.late ? earlier : position());
          earlier = position();
        } else {
          for (const [ledger, id] of one.entries) {
            done.add((ledger - 5) * SIZE + id);
          }
          const end = prefix.add(one.entries.map(([ledger, id]) => at(id, ledger)));
          if (end !== undefined) {
            const last = (end.ledgerId - 5) * SIZE + end.entryId;
            expect(Array.from({ length: last + 1 }, (_, i) => done.has(i))).not.toContain(false);
          }
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('it grows by what follows without a gap, and over a gap when that is filled', () => {
  const prefix = new AcknowledgedPrefix();
  prefix.told(at(2));
  expect(prefix.add([at(4), at(3)])).toEqual(at(4));
  expect(prefix.stuck).toBe(false);
  expect(prefix.add([at(6)])).toBeUndefined();
  expect(prefix.stuck).toBe(true);
  expect(prefix.add([at(5)])).toEqual(at(6));
  expect(prefix.covers(at(6))).toBe(true);
  expect(prefix.covers(at(7))).toBe(false);
  expect(prefix.covers(at(6, 4))).toBe(false);
});

test('it begins with the first entry of a ledger of which nothing is acknowledged', () => {
  const prefix = new AcknowledgedPrefix();
  prefix.told(at(2 ** 64));
  expect(prefix.add([at(0)])).toEqual(at(0));
});

test('without word of the broker, or in another ledger, it waits for one', () => {
  const prefix = new AcknowledgedPrefix();
  expect(prefix.add([at(0), at(1)])).toBeUndefined();
  expect(prefix.stuck).toBe(true);
  prefix.told(at(1));
  expect(prefix.add([at(0, 6)])).toBeUndefined();
  expect(prefix.stuck).toBe(true);
  prefix.told(at(0, 6));
  expect(prefix.add([at(1, 6)])).toEqual(at(1, 6));
});
