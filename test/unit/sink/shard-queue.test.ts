import { PendingEntry } from '../../../src/sink/pending-entry';
import { ShardQueue, type ShardTally } from '../../../src/sink/shard-queue';
import { seededRandom } from '../../../src/util/random';
import { SettledRecord } from '../../support/put-lab';

const BOUNDS = { initialMs: 100, maxMs: 10_000 };
/** The longest wait that full jitter may choose. */
const LONGEST = { next: () => 1 - Number.EPSILON, hex: () => '' };

const tally = (part: Partial<ShardTally>): ShardTally => ({
  accepted: 0,
  stored: 0,
  storedBytes: 0,
  throttled: 0,
  failed: 0,
  ...part,
});

function entryOf(arrival: number): PendingEntry {
  const record = new SettledRecord('k', String(arrival), { settled: [] });
  return new PendingEntry(record, { data: record.value, partitionKey: 'k', keyed: false }, 1, arrival, 0);
}

test('refused entries go before those that were never sent', () => {
  const queue = new ShardQueue('shard', 100, 0);
  queue.push(entryOf(1));
  queue.push(entryOf(2));
  const first = queue.take() as PendingEntry;
  queue.push(entryOf(3));
  queue.putBack(first);
  expect([queue.take(), queue.take(), queue.take()].map((entry) => entry?.arrival)).toEqual([1, 2, 3]);
  expect(queue.take()).toBeUndefined();
});

test('an entry that was given up is passed over', () => {
  const queue = new ShardQueue('shard', 100, 0);
  const entries = [1, 2, 3].map(entryOf);
  for (const entry of entries) {
    queue.push(entry);
  }
  queue.drop(entries[0] as PendingEntry);
  queue.drop(entries[2] as PendingEntry);
  expect(queue.count).toBe(1);
  expect(queue.retire()).toEqual([entries[1]]);
});

describe('the pause after refusals', () => {
  test('grows with each answer in a row that accepts nothing, up to the bound', () => {
    const queue = new ShardQueue('shard', 100, 0);
    const pauses: number[] = [];
    let now = 0;
    for (let refusal = 0; refusal < 9; refusal++) {
      queue.answered(tally({ throttled: 1 }), now, BOUNDS, LONGEST);
      queue.push(entryOf(refusal));
      const until = queue.openAt(now);
      pauses.push(Math.round(until - now));
      now = until;
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  });

  test('is drawn from the whole range', () => {
    const random = seededRandom(7);
    const pauses = Array.from({ length: 200 }, () => {
      const queue = new ShardQueue('shard', 100, 0);
      queue.answered(tally({ failed: 1 }), 0, BOUNDS, random);
      return queue.openAt(0);
    });
    expect(Math.min(...pauses)).toBeLessThan(10);
    expect(Math.max(...pauses)).toBeGreaterThan(90);
    expect(Math.max(...pauses)).toBeLessThan(100);
  });

  test('does not come after an answer that accepted something, which also starts the count anew', () => {
    const queue = new ShardQueue('shard', 100, 0);
    queue.answered(tally({ throttled: 5 }), 0, BOUNDS, LONGEST);
    expect(queue.refusals).toBe(1);
    queue.answered(tally({ accepted: 1, throttled: 5 }), 200, BOUNDS, LONGEST);
    expect(queue.refusals).toBe(0);
    expect(queue.openAt(200)).toBe(200);
  });

  test('counts requests that were under way together once', () => {
    const queue = new ShardQueue('shard', 100, 0);
    for (let answer = 0; answer < 20; answer++) {
      queue.answered(tally({ throttled: 1 }), answer, BOUNDS, LONGEST);
    }
    expect(queue.refusals).toBe(1);
  });
});
