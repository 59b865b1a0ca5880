import fc from 'fast-check';
import { decodeCommand } from '../../../src/pulsar/protocol/command';
import { FrameReader } from '../../../src/pulsar/protocol/frame';
import type { OutgoingMessage } from '../../../src/pulsar/protocol/message';
import { chunkSize, metadataSize } from '../../../src/pulsar/protocol/message';
import { sendFrameBound, writeSendFrame } from '../../../src/pulsar/protocol/send-frame';
import { SendQueue } from '../../../src/pulsar/protocol/send-queue';
import { readMessages, type SentMessage } from '../../support/message-codec';

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom('kinesis.sequence.number', '日'.repeat(128), 'a'.repeat(127), 'ü'.repeat(64)),
);

const outgoing: fc.Arbitrary<OutgoingMessage> = fc.record({
  key: fc.option(text, { nil: undefined }),
  value: fc.uint8Array({ maxLength: 300 }),
  eventTime: fc.option(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), { nil: undefined }),
  properties: fc.dictionary(
    text.filter((name) => name !== '__proto__'),
    text,
    { maxKeys: 5 },
  ),
});

test('the chunks of a message are its value in order, each within the limit and with all the message has', () => {
  fc.assert(
    fc.property(
      outgoing,
      fc.uint8Array({ minLength: 1, maxLength: 3000 }),
      fc.integer({ min: 400, max: 3000 }),
      text,
      fc.option(fc.uint8Array({ minLength: 1, maxLength: 20 }), { nil: undefined }),
      (fields, value, limit, producerName, schemaVersion) => {
        const message = { ...fields, value };
        const size = chunkSize(message, limit, { producerName });
        if (size === undefined) {
          expect(metadataSize(message) * 3 + 6 * producerName.length + 200).toBeGreaterThan(limit / 2);
          return;
        }
        const queue = new SendQueue<OutgoingMessage>({ maxMessages: 100, maxBytes: 1 }, 7);
        queue.append(message, metadataSize(message), size);
        const header = { producerId: 1, producerName, schemaVersion };
        const chunks: SentMessage[] = [];
        for (let operation = queue.peek(); operation !== undefined; operation = queue.peek()) {
          const bound = sendFrameBound(header, operation);
          const buffer = Buffer.alloc(bound);
          const end = writeSendFrame(buffer, 0, header, operation, queue.messages, 0, 1);
          new FrameReader((command, payload) => {
            expect(decodeCommand(command)?.body).toMatchObject({
              sequenceId: 7,
              numMessages: 1,
              isChunk: true,
            });
            expect(payload.length - 6 - 4 - (schemaVersion?.length ?? 0)).toBeLessThanOrEqual(limit);
            chunks.push(...readMessages(payload));
          }).push(buffer.subarray(0, end));
          queue.sent();
        }
        expect(chunks).toHaveLength(Math.ceil(value.length / size));
        expect(Buffer.concat(chunks.map((chunk) => chunk.value)).equals(value)).toBe(true);
        for (const [id, chunk] of chunks.entries()) {
          expect(chunk).toMatchObject({
            sequenceId: 7,
            key: fields.key === undefined ? undefined : utf8(fields.key),
            schemaVersion: schemaVersion && Buffer.from(schemaVersion).toString('hex'),
            chunk: {
              uuid: `${utf8(producerName)}-7`,
              id,
              count: chunks.length,
              totalBytes: value.length,
            },
          });
          expect(Object.keys(chunk.properties)).toHaveLength(Object.keys(fields.properties).length);
        }
      },
    ),
    { numRuns: 300 },
  );
});

const utf8 = (value: string): string => Buffer.from(value).toString();

test('whatever is encoded by hand is decoded by protobufjs as it was, within its bound', () => {
  fc.assert(
    fc.property(
      fc.array(outgoing, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: 2 ** 52 }),
      fc.integer({ min: 0, max: 2 ** 40 }),
      text,
      (messages, firstSequenceId, producerId, producerName) => {
        const queue = new SendQueue<OutgoingMessage>({ maxMessages: 100, maxBytes: 1e9 }, firstSequenceId);
        for (const message of messages) {
          queue.append(message, metadataSize(message));
        }
        queue.closeBatch();
        const operation = queue.peek();
        if (operation === undefined) {
          throw new Error('nothing to send');
        }
        const header = { producerId, producerName, schemaVersion: undefined };
        const bound = sendFrameBound(header, operation);
        // Room in front shows that offsets are kept apart from positions.
        const buffer = Buffer.alloc(bound + 10, 0xee);
        const end = writeSendFrame(buffer, 10, header, operation, queue.messages, 0, 1_700_000_000_000);
        expect(end - 10).toBeLessThanOrEqual(bound);

        const frames: [Buffer, Buffer][] = [];
        new FrameReader((command, payload) => frames.push([command, payload])).push(buffer.subarray(10, end));
        expect(frames).toHaveLength(1);
        const [command = Buffer.alloc(0), payload = Buffer.alloc(0)] = frames[0] ?? [];
        const last = firstSequenceId + messages.length - 1;
        expect(decodeCommand(command)).toMatchObject({
          name: 'send',
          body: {
            producerId,
            sequenceId: firstSequenceId,
            numMessages: messages.length,
            highestSequenceId: messages.length > 1 ? last : 0,
          },
        });
        const read = readMessages(payload);
        expect(
          read.map(({ key, value, eventTime, properties, sequenceId }) => ({
            key,
            value: value.toString('hex'),
            eventTime,
            properties,
            sequenceId,
          })),
        ).toEqual(
          messages.map(({ key, value, eventTime, properties }, i) => ({
            key: key === undefined ? undefined : utf8(key),
            value: Buffer.from(value).toString('hex'),
            // Pulsar's field has no sign, and 0 in it means none.
            eventTime: eventTime !== undefined && eventTime > 0 ? eventTime : undefined,
            properties: Object.fromEntries(
              Object.entries(properties).map(([name, one]) => [utf8(name), utf8(one)]),
            ),
            sequenceId: firstSequenceId + i,
          })),
        );
        expect(read[0]).toMatchObject({
          producerName: utf8(producerName),
          publishTime: 1_700_000_000_000,
        });
        expect(read).toHaveLength(messages.length);
      },
    ),
    { numRuns: 500 },
  );
});
