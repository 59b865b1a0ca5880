import fc from 'fast-check';
import { type Arrival, ArrivalTally, gapOf, type Message, usualSilence } from '../../support/arrival-tally';

const KEYS = ['a', 'b', 'c'];
const key = (number: number): string => KEYS[number % KEYS.length] ?? '';

/** `count` records over three keys in one shard; each key's first half before `splitAt`, the rest in a child. */
function sentTo(tally: ArrivalTally, count: number, splitAt = count): Message[] {
  return Array.from({ length: count }, (_, number) => {
    const record = {
      key: key(number),
      shardId: number < splitAt ? 'parent' : 'child',
      sequenceNumber: String(1000 + number),
      at: number,
    };
    tally.sent(record);
    return { ...record, number, worker: 'w1' };
  });
}

function tallyOf(count: number, deliver: (messages: Message[]) => Message[], splitAt?: number): ArrivalTally {
  const tally = new ArrivalTally();
  for (const message of deliver(sentTo(tally, count, splitAt))) {
    tally.arrived(message);
  }
  return tally;
}

const place = fc
  .integer({ min: 2, max: 40 })
  .chain((count) => fc.record({ count: fc.constant(count), index: fc.nat(count - 1) }));

test('what arrives once each in order is neither lost nor doubled nor disordered', () => {
  const tally = tallyOf(30, (messages) => messages, 12);
  expect([tally.missingCount, tally.duplicates, tally.disorders, tally.altered]).toEqual([0, 0, [], []]);
  expect(tally.arrivals).toHaveLength(30);
});

test('every record that never arrived is named', () => {
  fc.assert(
    fc.property(place, ({ count, index }) => {
      const tally = tallyOf(count, (messages) => messages.toSpliced(index, 1));
      expect(tally.missing().map(({ sequenceNumber }) => sequenceNumber)).toEqual([String(1000 + index)]);
      expect([tally.missingCount, tally.complete]).toEqual([1, index]);
    }),
  );
});

test('a copy is counted, and is no disorder however late it comes', () => {
  fc.assert(
    fc.property(place, ({ count, index }) => {
      const tally = tallyOf(count, (messages) => [...messages, ...messages.slice(index, index + 1)]);
      expect([tally.duplicates, tally.disorders.length, tally.missingCount]).toEqual([1, 0, 0]);
      expect(tally.arrivals.at(-1)?.first).toBe(false);
    }),
  );
});

test('a first arrival behind a later record of its shard is out of order', () => {
  const tally = tallyOf(3, ([first, second, third]) => [second, third, first] as Message[]);
  expect(tally.disorders).toEqual([{ number: 0, behind: 2, of: 'shard', worker: 'w1' }]);
});

test('a child whose records arrive before those of its parent breaks the order of a key', () => {
  // 0 to 3 in the parent, 4 and 5 in the child: 4 has the key of 1, and overtakes it.
  const tally = tallyOf(6, (messages) => [0, 4, 1, 2, 3, 5].map((n) => messages[n] as Message), 4);
  expect(tally.disorders).toEqual([{ number: 1, behind: 4, of: 'key', worker: 'w1' }]);
});

test('another key, shard or sequence number, and a record never sent, count as altered and not as arrived', () => {
  const tally = tallyOf(5, ([first, second, third, fourth, fifth]) => [
    { ...(first as Message), key: 'z' },
    { ...(second as Message), shardId: 'other' },
    { ...(third as Message), sequenceNumber: '1' },
    { ...(fourth as Message), number: 99 },
    fifth as Message,
  ]);
  expect([tally.altered.length, tally.missingCount]).toEqual([4, 4]);
});

test('what one worker sent within a time is found, of some shards alone where that is asked', () => {
  const tally = tallyOf(10, (messages) => messages, 5);
  expect(tally.within(3, 6, 'w1').map(({ number }) => number)).toEqual([3, 4, 5, 6]);
  expect(tally.within(3, 6, 'w1', new Set(['child'])).map(({ number }) => number)).toEqual([5, 6]);
  expect(tally.within(3, 6, 'w2')).toEqual([]);
});

test('the first arrival of a shard since an instant is the earliest one that counts', () => {
  const tally = tallyOf(10, (messages) =>
    messages.map((message) => ({ ...message, worker: `w${message.number % 2}` })),
  );
  expect(tally.firstSince('parent', 4, () => true)?.number).toBe(4);
  expect(tally.firstSince('parent', 4, ({ worker }) => worker === 'w1')?.number).toBe(5);
  expect(tally.firstSince('parent', 10, () => true)).toBeUndefined();
});

test('the longest way from put to arrival is kept', () => {
  const tally = tallyOf(4, (messages) =>
    messages.map((message) => ({ ...message, at: message.at + 10 * message.number })),
  );
  expect(tally.longestDelay).toBe(30);
});

describe('the gap of a shard that moves', () => {
  const arrivals = (...list: [at: number, worker: string][]): Arrival[] =>
    list.map(([at, worker], number) => ({ number, shardId: 's', worker, at, first: true }));

  test('lasts from the last arrival of the old worker to the first of the new one', () => {
    const history = arrivals([0, 'w1'], [250, 'w1'], [500, 'w1'], [1300, 'w2'], [1500, 'w2']);
    expect(gapOf(history, 'w1', 300)).toEqual({ shardId: 's', ms: 800, usualMs: 250 });
  });

  test('does not count what the old worker had sent in an earlier round', () => {
    const history = arrivals([0, 'w1'], [100, 'w2'], [1000, 'w1'], [1250, 'w1'], [1600, 'w2']);
    expect(gapOf(history, 'w1', 1100)?.ms).toBe(350);
  });

  test('is none when the shard stayed', () => {
    expect(gapOf(arrivals([0, 'w1'], [250, 'w1']), 'w1', 100)).toBeUndefined();
  });

  test('is seen beside the usual silence, arrivals of one answer being one', () => {
    expect(usualSilence([0, 1, 2, 252, 502, 503, 1003])).toBe(250);
    expect(usualSilence([7])).toBe(0);
  });
});
