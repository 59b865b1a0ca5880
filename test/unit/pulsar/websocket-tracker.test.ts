import fc from 'fast-check';
import { readMessageId } from '../../../src/pulsar/websocket-message-id';
import { WebSocketTracker } from '../../../src/pulsar/websocket-tracker';
import { messageIdOf } from '../../support/websocket-message-ids';

const single = (entry: number) => readMessageId(messageIdOf(entry));
const batched = (entry: number, index: number, size = 3) =>
  readMessageId(messageIdOf(entry, { index, size }));

test('a message is new once, and a copy of it is told by what became of it', () => {
  const tracker = new WebSocketTracker();
  expect(tracker.arrived(single(1))).toBe('NEW');
  expect(tracker.arrived(single(1))).toBe('COPY');
  tracker.acknowledge(single(1));
  expect(tracker.arrived(single(1))).toBe('DONE');
  tracker.release(single(1));
  expect(tracker.arrived(single(1))).toBe('DONE');
});

test('what was let go of is new when it comes again, and its acknowledged neighbours are not', () => {
  const tracker = new WebSocketTracker();
  for (const index of [0, 1, 2]) {
    tracker.arrived(batched(1, index));
  }
  tracker.acknowledge(batched(1, 0));
  tracker.release(batched(1, 1));
  expect([0, 1, 2].map((index) => tracker.arrived(batched(1, index)))).toEqual(['DONE', 'NEW', 'COPY']);
});

test('what nothing proves heard is told again, of batches every acknowledged message', () => {
  const tracker = new WebSocketTracker();
  for (const id of [single(1), batched(2, 0), batched(2, 2), single(3)]) {
    tracker.arrived(id);
    tracker.acknowledge(id);
    if (id.entry === '0:1') {
      tracker.heard(tracker.told);
    }
  }
  expect(tracker.unheard).toBe(3);
  expect([...tracker.unheardIds()]).toEqual(
    [batched(2, 0), batched(2, 2), single(3)].map(({ wire }) => wire),
  );
  tracker.heard(tracker.told);
  expect([...tracker.unheardIds()]).toEqual([]);
  expect(tracker.unheard).toBe(0);
});

test('only the last entries are remembered, but all that may be unheard', () => {
  const tracker = new WebSocketTracker(10);
  for (let entry = 0; entry < 100; entry++) {
    tracker.arrived(single(entry));
    tracker.acknowledge(single(entry));
  }
  expect(tracker.size).toBe(100);
  tracker.heard(tracker.told);
  expect(tracker.size).toBe(10);
  expect(tracker.arrived(single(95))).toBe('DONE');
});

test('an entry of which nothing was acknowledged is forgotten with its last message', () => {
  const tracker = new WebSocketTracker();
  tracker.arrived(batched(1, 0));
  tracker.arrived(batched(1, 1));
  tracker.release(batched(1, 0));
  tracker.release(batched(1, 1));
  expect(tracker.size).toBe(0);
});

test('a batch is torn from the first message handed out until the last one has come', () => {
  const tracker = new WebSocketTracker();
  tracker.arrived(batched(1, 0));
  expect(tracker.torn).toBe(0);
  tracker.begin(batched(1, 0));
  expect(tracker.torn).toBe(2);
  tracker.arrived(batched(1, 1));
  tracker.arrived(batched(1, 2));
  expect(tracker.torn).toBe(0);
});

test('whatever comes, is settled and comes again: nothing is new while it is here or done, and nothing is forgotten that counts', () => {
  const step = fc.record({
    what: fc.constantFrom('arrive', 'acknowledge', 'release', 'heard', 'resumed'),
    entry: fc.nat(3),
    index: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tracker = new WebSocketTracker();
      const [here, done] = [new Set<string>(), new Set<string>()];
      for (const { what, entry, index } of steps) {
        const id = batched(entry, index);
        if (what === 'arrive') {
          const expected = done.has(id.text) ? 'DONE' : here.has(id.text) ? 'COPY' : 'NEW';
          expect(tracker.arrived(id)).toBe(expected);
          if (expected === 'NEW') {
            here.add(id.text);
          }
        } else if (what === 'acknowledge' && here.delete(id.text)) {
          tracker.acknowledge(id);
          done.add(id.text);
        } else if (what === 'release' && here.delete(id.text)) {
          tracker.release(id);
        } else if (what === 'heard') {
          tracker.heard(tracker.told);
        } else if (what === 'resumed') {
          const wires = [...tracker.unheardIds()];
          expect(new Set(wires).size).toBe(wires.length);
        }
      }
    }),
    { numRuns: 300 },
  );
});
