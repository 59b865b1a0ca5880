import fc from 'fast-check';
import { KeyOrder } from '../../../src/sink/key-order';
import { PendingEntry } from '../../../src/sink/pending-entry';
import { SettledRecord } from '../../support/put-lab';

function entryOf(key: string | undefined, arrival: number): PendingEntry {
  const record = new SettledRecord(key ?? '', String(arrival), { settled: [] });
  const parts = { data: record.value, partitionKey: key ?? `random-${arrival}`, keyed: key !== undefined };
  return new PendingEntry(record, parts, 1, arrival, 0);
}

test('one entry of a key is on its way at a time, each has its turn, in the order of arrival', () => {
  const step = fc.oneof(fc.nat(4), fc.constant('random' as const), fc.constant('settle' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.infiniteStream(fc.nat()), (steps, choices) => {
      const keys = new KeyOrder();
      const onTheirWay: PendingEntry[] = [];
      const turns = new Map<string, number[]>();
      let arrivals = 0;
      const go = (entry: PendingEntry): void => {
        const { partitionKey } = entry.parts;
        expect(onTheirWay.some(({ parts }) => parts.partitionKey === partitionKey)).toBe(false);
        onTheirWay.push(entry);
        turns.set(partitionKey, [...(turns.get(partitionKey) ?? []), entry.arrival]);
      };
      const settleOne = (): void => {
        const [entry] = onTheirWay.splice(choices.next().value % onTheirWay.length, 1);
        const next = entry === undefined ? undefined : keys.settled(entry);
        if (next !== undefined) {
          go(next);
        }
      };
      for (const one of steps) {
        if (one !== 'settle') {
          const entry = entryOf(one === 'random' ? undefined : `key-${one}`, ++arrivals);
          if (keys.admit(entry)) {
            go(entry);
          }
        } else if (onTheirWay.length > 0) {
          settleOne();
        }
      }
      while (onTheirWay.length > 0) {
        settleOne();
      }
      const all = [...turns.values()];
      expect(all.flat()).toHaveLength(arrivals);
      for (const ofKey of all) {
        expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b));
      }
    }),
    { numRuns: 200 },
  );
});
