import fc from 'fast-check';
import { SendQueue } from '../../../src/pulsar/protocol/send-queue';
import { message, textOf } from '../../support/producer-log';

const METADATA = 10;

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('append' as const), size: fc.integer({ min: 3, max: 120 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('closeBatch' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('confirm' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rewind' as const) }) },
);

test('through any receipts and reconnects messages are confirmed once, in order, and batches keep their borders', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 5 }), (steps, maxMessages) => {
      const limits = { maxMessages, maxBytes: 200 };
      const queue = new SendQueue<ReturnType<typeof message>>(limits, 7);
      const confirmed: string[] = [];
      const borders = new Map<number, number>();
      let inFlight: number[] = [];
      let appended = 0;

      const send = (): void => {
        const operation = queue.peek();
        if (operation === undefined) {
          return;
        }
        const first = queue.messages.at(queue.firstUnsent);
        expect(textOf(first ?? message('')).slice(0, 3)).toBe(name(operation.sequenceId - 7));
        expect(borders.get(operation.sequenceId) ?? operation.count).toBe(operation.count);
        expect(operation.count).toBeLessThanOrEqual(maxMessages);
        if (operation.count > 1) {
          expect(operation.valueBytes + operation.metadataBytes).toBeLessThanOrEqual(limits.maxBytes);
        }
        borders.set(operation.sequenceId, operation.count);
        inFlight.push(operation.sequenceId);
        queue.sent();
      };
      const confirm = (sequenceId: number): void => {
        expect(queue.confirm(sequenceId)?.sequenceId).toBe(sequenceId);
        inFlight = inFlight.filter((id) => id !== sequenceId);
        for (let operation = queue.shiftConfirmed(); operation; operation = queue.shiftConfirmed()) {
          for (let i = 0; i < operation.count; i++) {
            confirmed.push(textOf(queue.messages.shift() ?? message('?')).slice(0, 3));
          }
        }
      };

      for (const next of steps) {
        if (next.do === 'append') {
          queue.append(message(name(appended++).padEnd(next.size, '.')), METADATA);
        } else if (next.do === 'closeBatch') {
          queue.closeBatch();
        } else if (next.do === 'send') {
          send();
        } else if (next.do === 'rewind') {
          queue.rewind();
          inFlight = [];
        } else if (inFlight.length > 0) {
          confirm(inFlight[next.pick % inFlight.length] ?? 0);
        }
        expect(queue.totals().messages).toBe(appended - confirmed.length);
      }
      queue.closeBatch();
      while (queue.peek() !== undefined) {
        send();
      }
      for (const sequenceId of [...inFlight].reverse()) {
        confirm(sequenceId);
      }
      expect(confirmed).toEqual(Array.from({ length: appended }, (_, i) => name(i)));
      expect(queue.totals()).toEqual({ messages: 0, bytes: 0 });
    }),
    { numRuns: 500 },
  );
});

test('a message in parts is confirmed when all parts sent since the last reconnect are, and nothing comes between', () => {
  const steps = fc.array(
    fc.constantFrom('send' as const, 'send', 'receipt' as const, 'receipt', 'rewind' as const),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 4 }), (walk, parts) => {
      const queue = new SendQueue<ReturnType<typeof message>>({ maxMessages: 5, maxBytes: 20 }, 0);
      queue.append(message('a'), METADATA);
      const large = message('x'.repeat(parts * 10));
      queue.append(large, METADATA, { bytes: large.value, compression: 0, partSize: 10 });
      queue.append(message('b'), METADATA);
      queue.closeBatch();
      expect(queue.totals()).toEqual({ messages: 3, bytes: parts * 10 + 2 + 3 * METADATA });
      /** Ids of the frames sent at this connection, in order, and of the receipts for them. */
      let sent: number[] = [];
      let receipts = 0;
      const confirmed: number[] = [];
      const send = (): boolean => {
        const operation = queue.peek();
        if (operation !== undefined) {
          const before = operation.sequenceId === 1 ? sent.filter((id) => id === 1).length : 0;
          expect(operation.chunks?.sent ?? 0).toBe(before);
          sent.push(operation.sequenceId);
          queue.sent();
        }
        return operation !== undefined;
      };
      const receipt = (): void => {
        const id = sent[receipts];
        if (id === undefined) {
          return;
        }
        receipts++;
        expect(queue.confirm(id)?.sequenceId).toBe(id);
        const all = id !== 1 || sent.slice(0, receipts).filter((one) => one === 1).length === parts;
        const operation = queue.shiftConfirmed();
        expect(operation?.sequenceId).toBe(all ? id : undefined);
        if (operation !== undefined) {
          confirmed.push(id);
          queue.messages.shift();
        }
      };
      const rewind = (): void => {
        queue.rewind();
        sent = [];
        receipts = 0;
      };
      for (const step of walk) {
        ({ send, receipt, rewind })[step]();
      }
      rewind();
      while (send()) {
        // Everything goes.
      }
      expect(sent.filter((id) => id === 1).length).toBe(confirmed.includes(1) ? 0 : parts);
      while (receipts < sent.length) {
        receipt();
      }
      expect(queue.confirm(1)).toBeUndefined();
      expect(confirmed).toEqual([0, 1, 2]);
      expect(queue.totals()).toEqual({ messages: 0, bytes: 0 });
    }),
    { numRuns: 300 },
  );
});

test('a receipt for something never sent changes nothing', () => {
  const queue = new SendQueue<ReturnType<typeof message>>({ maxMessages: 1, maxBytes: 100 }, 0);
  queue.append(message('a'), METADATA);
  expect(queue.confirm(0)).toBeUndefined();
  queue.sent();
  expect(queue.confirm(1)).toBeUndefined();
  expect(queue.shiftConfirmed()).toBeUndefined();
  expect(queue.confirm(0)?.count).toBe(1);
});

test('a message larger than a batch goes alone', () => {
  const queue = new SendQueue<ReturnType<typeof message>>({ maxMessages: 10, maxBytes: 100 }, 0);
  for (const text of ['small', 'x'.repeat(500), 'small']) {
    queue.append(message(text), METADATA);
  }
  queue.closeBatch();
  const counts: number[] = [];
  for (let operation = queue.peek(); operation; operation = queue.peek()) {
    counts.push(operation.count);
    queue.sent();
  }
  expect(counts).toEqual([1, 1, 1]);
});

function name(index: number): string {
  return String(index).padStart(3, '0');
}
