import { PendingEntry } from '../../../src/sink/pending-entry';
import { RecordTtl } from '../../../src/sink/record-ttl';
import { SettledRecord } from '../../support/put-lab';

function entryOf(arrivedAt: number, state: PendingEntry['state'] = 'ready'): PendingEntry {
  const record = new SettledRecord('k', 'v', { settled: [] });
  const parts = { data: record.value, partitionKey: 'k', keyed: false };
  const entry = new PendingEntry(record, parts, 1, arrivedAt + 1, arrivedAt);
  entry.state = state;
  return entry;
}

test('entries expire in the order of arrival, each at its instant', () => {
  const ttl = new RecordTtl(100);
  const [first, second] = [entryOf(0), entryOf(30)];
  ttl.watch(first);
  ttl.watch(second);
  expect(ttl.nextAt()).toBe(100);
  expect(ttl.next(99.9)).toBeUndefined();
  expect(ttl.next(100)).toBe(first);
  expect(ttl.next(100)).toBeUndefined();
  expect(ttl.nextAt()).toBe(130);
});

test.each(['sent', 'waiting', 'settled'] as const)('an entry that is %s is not handed out', (state) => {
  const ttl = new RecordTtl(100);
  ttl.watch(entryOf(0, state));
  expect(ttl.next(1000)).toBeUndefined();
  expect(ttl.nextAt()).toBe(Number.POSITIVE_INFINITY);
});

test('without recordTtl nothing expires, and nothing is kept', () => {
  const ttl = new RecordTtl();
  ttl.watch(entryOf(0));
  expect(ttl.nextAt()).toBe(Number.POSITIVE_INFINITY);
  expect(ttl.isOver(entryOf(0), 1e12)).toBe(false);
});

test('what is settled does not stay behind one that is not', async () => {
  const ttl = new RecordTtl(1e9);
  ttl.watch(entryOf(0, 'sent'));
  const last = (() => {
    let entry = entryOf(1);
    const ref = new WeakRef(entry);
    for (let arrival = 1; arrival < 5000; arrival++) {
      ttl.watch(entry);
      entry.state = 'settled';
      entry = entryOf(arrival);
    }
    return ref;
  })();
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(last.deref()).toBeUndefined();
});
