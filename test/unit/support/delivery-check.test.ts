import fc from 'fast-check';
import { type Delivered, DeliveryCheck, type DeliveryReport } from '../../support/delivery-check';

const KEYS = ['a', 'b', 'c'];
const indexOf = ({ payload }: Delivered): number | undefined => {
  const [, digits] = /^(\d+):/.exec(Buffer.from(payload).toString()) ?? [];
  return digits === undefined ? undefined : Number(digits);
};
const records = (count: number): Delivered[] =>
  Array.from({ length: count }, (_, index) => ({
    key: KEYS[index % KEYS.length],
    payload: Buffer.from(`${index}:row`),
  }));

function check(sent: readonly Delivered[], arrived: readonly Delivered[]): DeliveryReport {
  const delivery = new DeliveryCheck(sent, indexOf);
  for (const message of arrived) {
    delivery.add(message);
  }
  return delivery.report();
}

const clean = { lost: [], duplicated: [], outOfOrder: [], altered: [], unknown: 0 };
/** A stream of at least a few records, and a place in it. */
const place = fc
  .integer({ min: 4, max: 60 })
  .chain((count) => fc.record({ count: fc.constant(count), index: fc.nat(count - 1) }));

test('a delivery of everything, keys interleaved otherwise, is faultless', () => {
  const sent = records(30);
  const byKey = KEYS.flatMap((key) => sent.filter((record) => record.key === key));
  expect(check(sent, byKey)).toEqual({ ...clean, sent: 30, arrived: 30 });
});

test('every loss is named', () => {
  fc.assert(
    fc.property(place, ({ count, index }) => {
      const sent = records(count);
      expect(check(sent, sent.toSpliced(index, 1))).toEqual({
        ...clean,
        sent: count,
        arrived: count - 1,
        lost: [index],
      });
    }),
    { numRuns: 50 },
  );
});

test('every duplicate is named, and does not count as disorder', () => {
  fc.assert(
    fc.property(place, fc.nat(), ({ count, index }, later) => {
      const sent = records(count);
      const at = index + 1 + (later % (count - index));
      expect(check(sent, sent.toSpliced(at, 0, sent[index] as Delivered))).toEqual({
        ...clean,
        sent: count,
        arrived: count + 1,
        duplicated: [index],
      });
    }),
    { numRuns: 50 },
  );
});

test('a record overtaken by the next one of its key is named', () => {
  fc.assert(
    fc.property(place, ({ count, index }) => {
      const sent = records(count);
      const first = index % (count - KEYS.length);
      const behind = sent.toSpliced(first, 1).toSpliced(first + KEYS.length, 0, sent[first] as Delivered);
      expect(check(sent, behind)).toEqual({ ...clean, sent: count, arrived: count, outOfOrder: [first] });
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['bytes', { key: 'b', payload: Buffer.from('1:raw') }],
  ['a lost key', { key: undefined, payload: Buffer.from('1:row') }],
  ['a changed key', { key: 'a', payload: Buffer.from('1:row') }],
])('altered %s are named', (_what, message) => {
  const sent = records(3);
  expect(check(sent, sent.toSpliced(1, 1, message))).toEqual({ ...clean, sent: 3, arrived: 3, altered: [1] });
});

test.each(['nothing known', '7:row', ''])('a message that nobody sent is counted: "%s"', (text) => {
  const sent = records(3);
  expect(check(sent, [...sent, { key: 'a', payload: Buffer.from(text) }])).toEqual({
    ...clean,
    sent: 3,
    arrived: 4,
    unknown: 1,
  });
});

test('it is complete with the last record that was missing, not before', () => {
  const sent = records(4);
  const delivery = new DeliveryCheck(sent, indexOf);
  const states = [...sent.slice(0, 3), sent[0] as Delivered, sent[3] as Delivered].map((message) => {
    delivery.add(message);
    return [delivery.distinct, delivery.complete];
  });
  expect(states).toEqual([
    [1, false],
    [2, false],
    [3, false],
    [3, false],
    [4, true],
  ]);
});
