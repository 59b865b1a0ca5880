import fc from 'fast-check';
import { readMessageId } from '../../../src/pulsar/websocket-message-id';
import { messageIdOf } from '../../support/websocket-message-ids';

// Ids of a broker 4.0.8.
test.each([
  ['a message', 'CAMQAjAA', { entry: '3:2', text: '3:2', partition: -1, index: 0, size: 1 }],
  ['one of a batch', 'CAUQACADMAU=', { entry: '5:0', text: '5:0:3', partition: -1, index: 3, size: 5 }],
  ['one of a partition', 'CA8QABgCMAA=', { entry: '15:0@2', text: '15:0', partition: 2, index: 0, size: 1 }],
])('the id of %s is read', (_what, wire, expected) => {
  expect(readMessageId(wire)).toEqual({ wire, ...expected });
});

test('an id that says "nothing was written" reads as such', () => {
  const minusOne = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
  const wire = Buffer.from([0x08, ...minusOne, 0x10, ...minusOne]).toString('base64');
  expect(wire).toMatch(/^CP\/{4}/);
  expect(readMessageId(wire).text).toBe('-1:-1');
});

test('every place of every batch is read as it was written', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 30), fc.integer({ min: 1, max: 100_000 }), fc.nat(), (entry, size, place) => {
      const index = place % size;
      const id = readMessageId(messageIdOf(entry, { index, size }));
      expect(id).toMatchObject({ entry: `0:${entry}`, text: `0:${entry}:${index}`, index, size });
    }),
  );
});

test('what is no id is refused, whatever bytes it is', () => {
  for (const wire of ['', 'AAAA', 'CAM=', Buffer.alloc(40, 0xff).toString('base64')]) {
    expect(() => readMessageId(wire)).toThrow();
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        const { index, size } = readMessageId(Buffer.from(bytes).toString('base64'));
        expect(index).toBeLessThan(size);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
});
