import fc from 'fast-check';
import { ackFrame } from '../../../src/pulsar/protocol/ack-frame';
import { decodeCommand, encodeCommand } from '../../../src/pulsar/protocol/command';
import { acknowledgedOf, isDelivery, newDelivery, readDelivery } from '../../../src/pulsar/protocol/delivery';
import { FrameReader } from '../../../src/pulsar/protocol/frame';
import {
  ENTRY_PROPERTIES,
  newSingleMetadata,
  readEntryMetadata,
  readProperties,
  readSingleMetadata,
  SINGLE_PROPERTIES,
} from '../../../src/pulsar/protocol/message-metadata';
import { encodeMetadata, encodeSingleMetadata } from '../../support/message-codec';

const id = fc.integer({ min: 0, max: 2 ** 52 });
const ids = fc.record({ ledgerId: id, entryId: id });
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const properties = fc.dictionary(fc.oneof(text, fc.constant('__proto__')), text, {
  maxKeys: 5,
  noNullPrototype: true,
});
const pairs = (values: object) => Object.entries(values).map(([key, value]) => ({ key, value }));

test('an ACK written by hand is what protobufjs reads', () => {
  fc.assert(
    fc.property(
      id,
      id,
      fc.array(ids, { minLength: 1, maxLength: 40 }),
      (consumerId, requestId, messageIds) => {
        const commands: Buffer[] = [];
        new FrameReader((command) => commands.push(command)).push(
          ackFrame(consumerId, requestId, messageIds),
        );
        expect(commands.map(decodeCommand)).toMatchObject([
          { name: 'ack', body: { consumerId, requestId, ackType: 0, messageId: messageIds } },
        ]);
      },
    ),
  );
});

test('a MESSAGE written by protobufjs is read by hand, the acknowledged part of its batch too', () => {
  const word = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(
      id,
      ids,
      fc.nat(),
      fc.array(word, { maxLength: 3 }),
      (consumerId, messageId, count, words) => {
        const ackSet = words.map(String) as unknown as number[];
        const partition = { ...messageId, partition: -1 };
        const body = { consumerId, messageId: partition, redeliveryCount: count, ackSet };
        const command = Buffer.from(encodeCommand('message', body));
        expect(isDelivery(command)).toBe(true);
        const delivery = newDelivery();
        readDelivery(command, delivery);
        expect(delivery).toMatchObject({ consumerId, ...messageId, redeliveryCount: count });
        const bits = words.map((one) => BigInt.asUintN(64, one).toString(2).replaceAll('0', '').length);
        const left = bits.reduce((sum, one) => sum + one, 0);
        expect(acknowledgedOf(delivery.ackSet, 64 * words.length)).toBe(
          words.length === 0 ? 0 : 64 * words.length - left,
        );
      },
    ),
  );
});

test('a command that is cut off is an error, not a wrong number', () => {
  const body = { consumerId: 300, messageId: { ledgerId: 2 ** 40, entryId: 7 }, redeliveryCount: 9 };
  const command = Buffer.from(encodeCommand('message', body));
  for (let length = 5; length < command.length; length++) {
    expect(() => readDelivery(command.subarray(0, length), newDelivery())).toThrow('cut off');
  }
});

const own = fc.record(
  {
    partitionKey: text,
    eventTime: id,
    partitionKeyB64Encoded: fc.boolean(),
    nullValue: fc.boolean(),
    nullPartitionKey: fc.boolean(),
  },
  { requiredKeys: [] },
);

function expected(fields: {
  partitionKey?: string;
  eventTime?: number;
  partitionKeyB64Encoded?: boolean;
  nullValue?: boolean;
  nullPartitionKey?: boolean;
}): object {
  return {
    key: fields.nullPartitionKey
      ? undefined
      : fields.partitionKey && Buffer.from(fields.partitionKey).toString(),
    keyIsBase64: fields.partitionKeyB64Encoded ?? false,
    eventTime: fields.eventTime || undefined,
    nullValue: fields.nullValue ?? false,
  };
}

const utf8 = (values: object): object =>
  Object.fromEntries(
    pairs(values).map(({ key, value }) => [key, value].map((one) => Buffer.from(one).toString())),
  );

test('metadata of an entry and of a message in a batch are read by hand as protobufjs wrote them', () => {
  const entryFields = fc.record(
    {
      numMessagesInBatch: fc.nat(),
      compression: fc.nat(4),
      uncompressedSize: fc.nat(),
      numChunksFromMsg: fc.nat(),
      schemaVersion: fc.uint8Array({ maxLength: 8 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(own, entryFields, properties, id, (fields, more, values, publishTime) => {
      const bytes = encodeMetadata({ ...fields, ...more, publishTime, properties: pairs(values) });
      expect(readEntryMetadata(bytes)).toMatchObject({
        ...expected(fields),
        publishTime,
        batchSize: more.numMessagesInBatch,
        compression: more.compression ?? 0,
        uncompressedSize: more.uncompressedSize ?? 0,
        chunks: more.numChunksFromMsg ?? 1,
        schemaVersion: more.schemaVersion && Buffer.from(more.schemaVersion),
        hasProperties: Object.keys(values).length > 0,
        encryption: undefined,
      });
      expect(readProperties(bytes, 0, bytes.length, ENTRY_PROPERTIES)).toEqual(utf8(values));

      const inner = encodeSingleMetadata({ ...fields, payloadSize: 77, properties: pairs(values) });
      const padded = Buffer.concat([Buffer.alloc(3, 0xff), inner, Buffer.alloc(3, 0xff)]);
      const single = newSingleMetadata();
      readSingleMetadata(padded, 3, padded.length - 3, single);
      expect(single).toMatchObject({ ...expected(fields), payloadSize: 77, compactedOut: false });
      expect(readProperties(padded, 3, padded.length - 3, SINGLE_PROPERTIES)).toEqual(utf8(values));
    }),
  );
});

test('a number longer than any is an error, not one that is none', () => {
  // Read on, its place value grows beyond all bounds, and nothing times that is no number.
  const endless = Buffer.concat([Buffer.from([0x58]), Buffer.alloc(200, 0x80), Buffer.from([0])]);
  expect(() => readEntryMetadata(endless)).toThrow('a number of more than');
  const words = Buffer.concat([
    Buffer.from([8, 9, 0x4a, 202, 1, 0x20]),
    Buffer.alloc(200, 0x80),
    Buffer.from([0]),
  ]);
  expect(() => readDelivery(words, newDelivery())).toThrow('a number of more than');
  const negative = Buffer.from([0x58, ...Array(9).fill(0xff), 0x01]);
  expect(readEntryMetadata(negative).batchSize).toBe(2 ** 64);
});

test('whatever the bytes, reading metadata ends, and what it let pass has readable properties', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), own, properties, (noise, fields, values) => {
      const bytes = Buffer.concat([encodeMetadata({ ...fields, properties: pairs(values) }), noise]);
      try {
        readEntryMetadata(bytes);
      } catch {
        return;
      }
      expect(() => readProperties(bytes, 0, bytes.length, ENTRY_PROPERTIES)).not.toThrow();
    }),
    { numRuns: 500 },
  );
});
