import fc from 'fast-check';
import { SentRecords } from '../../../src/runtime/sent-records';

test('whatever the order of confirmations, what is unconfirmed stays in the order of sending', () => {
  const order = fc.integer({ min: 0, max: 20 }).chain((count) => {
    const records = Array.from({ length: count }, (_, n) => n);
    return fc.tuple(fc.constant(records), fc.shuffledSubarray(records));
  });
  fc.assert(
    fc.property(order, ([records, confirmed]) => {
      const sent = new SentRecords<number>();
      for (const record of records) {
        sent.push(record);
      }
      const settled = confirmed.reduce((sum, record) => sum + sent.settle(record), 0);
      const rest = records.filter((record) => !confirmed.includes(record));
      expect(settled).toBe(rest[0] ?? records.length);
      expect(sent.length).toBe(records.length - settled);
      expect([...sent.takeUnconfirmed()]).toEqual(rest);
      expect(sent.length).toBe(0);
    }),
    { numRuns: 200 },
  );
});
