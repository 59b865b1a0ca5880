import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { decodeCommand } from '../../../src/pulsar/protocol/command';
import { newDelivery, readDelivery } from '../../../src/pulsar/protocol/delivery';
import { commandFrame, FrameReader, splitPayload } from '../../../src/pulsar/protocol/frame';
import { isReceipt, readReceipt } from '../../../src/pulsar/protocol/receipt';
import { NOWHERE } from '../../support/deduplication';

/** RFC 3720 (iSCSI) appendix B.4, as numbers. */
const RFC_3720: readonly (readonly [name: string, bytes: Buffer, crc: number])[] = [
  ['32 bytes of zeroes', Buffer.alloc(32), 0x8a9136aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['32 bytes of incrementing values', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ['32 bytes of decrementing values', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
  [
    'an iSCSI read command',
    Buffer.from(
      '01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000',
      'hex',
    ),
    0xd9963a56,
  ],
];

test.each(RFC_3720)('the checksum of %s is that of RFC 3720', (_name, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});

test('a command frame has the layout of the protocol specification', () => {
  // type PING (18), and an empty CommandPing in field 18.
  expect(commandFrame('ping', {}).toString('hex')).toBe('00000009000000050812920100');
});

test('frames come out whole and in order however the stream is cut', () => {
  const frames = fc.array(fc.tuple(fc.string({ maxLength: 40 }), fc.uint8Array({ maxLength: 60 })), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (given, cuts) => {
      const stream = Buffer.concat(
        given.map(([topic, payload], i) => {
          const frame = commandFrame('lookupTopic', { topic, requestId: i, authoritative: false });
          const whole = Buffer.concat([frame, payload]);
          whole.writeUInt32BE(whole.length - 4, 0);
          return whole;
        }),
      );
      const seen: [unknown, string][] = [];
      const reader = new FrameReader((command, payload) => {
        seen.push([decodeCommand(command)?.body, payload.toString('hex')]);
      });
      for (let offset = 0, i = 0; offset < stream.length; i++) {
        const cut = cuts[i % cuts.length] ?? 1;
        reader.push(Buffer.from(stream.subarray(offset, offset + cut)));
        offset += cut;
      }
      expect(seen).toMatchObject(
        given.map(([topic, payload], requestId) => [
          { topic: Buffer.from(topic).toString(), requestId, authoritative: false },
          Buffer.from(payload).toString('hex'),
        ]),
      );
    }),
    { numRuns: 200 },
  );
});

test('bytes that are no frame are refused, not waited for', () => {
  const reader = new FrameReader(() => undefined);
  expect(() => reader.push(Buffer.from('HTTP/1.1 400 Bad Request\r\n'))).toThrow(/frame of/);
});

test('one flipped bit behind the checksum is noticed', () => {
  const body = Buffer.from('000000020a00ffeedd', 'hex');
  const frame = Buffer.concat([Buffer.from('0e01', 'hex'), Buffer.alloc(4), body]);
  frame.writeUInt32BE(crc32c(body), 2);
  expect(splitPayload(frame)).toEqual({
    metadata: Buffer.from('0a00', 'hex'),
    payload: Buffer.from('ffeedd', 'hex'),
  });
  fc.assert(
    fc.property(fc.integer({ min: 6, max: frame.length - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
      const damaged = Buffer.from(frame);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      expect(() => splitPayload(damaged)).toThrow(/CRC-32C/);
    }),
  );
});

test('a receipt is read by hand as protobufjs writes it', () => {
  const id = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(id, id, id, (producerId, sequenceId, entryId) => {
      const messageId = { ledgerId: entryId, entryId };
      const frame = commandFrame('sendReceipt', { producerId, sequenceId, messageId });
      const command = frame.subarray(8);
      const receipt = { producerId: -1, sequenceId: -1, duplicate: true };
      expect(isReceipt(command)).toBe(true);
      readReceipt(command, receipt);
      expect(receipt).toEqual({ producerId, sequenceId, duplicate: false });
      expect(() => readReceipt(command.subarray(0, 5), receipt)).toThrow(/cut off/);
    }),
  );
  expect(isReceipt(commandFrame('success', { requestId: 7 }).subarray(8))).toBe(false);
});

test('a receipt is for a duplicate when its message id is −1:−1, and for no other id', () => {
  const duplicate = (messageId: { readonly ledgerId: number; readonly entryId: number }): boolean => {
    const receipt = { producerId: -1, sequenceId: -1, duplicate: false };
    readReceipt(
      commandFrame('sendReceipt', { producerId: 1, sequenceId: 2, messageId }).subarray(8),
      receipt,
    );
    return receipt.duplicate;
  };
  expect(duplicate(NOWHERE)).toBe(true);
  // As many bytes with their highest bit as a ledger can have, and more behind it.
  expect(duplicate({ ledgerId: 2 ** 53 - 1, entryId: 2 ** 64 })).toBe(false);
  expect(duplicate({ ledgerId: 0, entryId: 2 ** 64 })).toBe(false);
});

test('a command that names its kind and says nothing else is refused', () => {
  // BaseCommand { type: SEND_ERROR }.
  expect(() => decodeCommand(Buffer.from('0808', 'hex'))).toThrow('sendError without its fields');
});

test.each([
  ['no id', '0809' + '4a02' + '0801'],
  ['an id without its entry', '0809' + '4a06' + '0801' + '1202' + '0807'],
  ['an id beyond all numbers', '0809' + '4a11' + '0801' + '120d' + '0807' + '10ffffffffffffffffff01'],
])('a MESSAGE with %s is refused: it could never be acknowledged', (_what, hex) => {
  expect(() => readDelivery(Buffer.from(hex, 'hex'), newDelivery())).toThrow('without the id');
});
