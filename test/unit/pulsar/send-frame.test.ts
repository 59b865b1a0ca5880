import fc from 'fast-check';
import { AcknowledgementTracker } from '../../../src/pulsar/protocol/acknowledgement-tracker';
import type { CompressionType } from '../../../src/pulsar/protocol/codec';
import { decodeCommand } from '../../../src/pulsar/protocol/command';
import { type Compressor, compressorOf } from '../../../src/pulsar/protocol/compression';
import { decompressionReady } from '../../../src/pulsar/protocol/decompression';
import { FrameReader } from '../../../src/pulsar/protocol/frame';
import { largePayload, metadataSize, type OutgoingMessage } from '../../../src/pulsar/protocol/message';
import { ReceivedEntry } from '../../../src/pulsar/protocol/received-entry';
import {
  type SendFrameHeader,
  sendFrameBound,
  writeSendFrame,
} from '../../../src/pulsar/protocol/send-frame';
import { chunksOf, type SendOperation } from '../../../src/pulsar/protocol/send-operation';
import { joinChunks, readMessages, type SentMessage } from '../../support/message-codec';
import { uncompressReady } from '../../support/uncompress';

const PUBLISH_TIME = 1_700_000_000_000;

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom('kinesis.sequence.number', '日'.repeat(128), 'a'.repeat(127), 'ü'.repeat(64)),
);

/** Bytes that nothing makes smaller, and bytes that compress. */
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.uint8Array({ maxLength }),
    fc
      .tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: maxLength / 20 }))
      .map(([part, times]) => Buffer.from(part.repeat(times)).subarray(0, maxLength)),
  );

const outgoing: fc.Arbitrary<OutgoingMessage> = fc.record({
  key: fc.option(text, { nil: undefined }),
  keyIsBase64: fc.option(fc.boolean(), { nil: undefined }),
  orderingKey: fc.option(text, { nil: undefined }),
  value: bytes(300),
  eventTime: fc.option(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), { nil: undefined }),
  properties: fc.dictionary(
    text.filter((name) => name !== '__proto__'),
    text,
    { maxKeys: 5 },
  ),
});

const TYPES: readonly CompressionType[] = ['NONE', 'LZ4', 'ZLIB', 'ZSTD', 'SNAPPY'];
let compressors: readonly (Compressor | undefined)[];
const compression = fc.nat(TYPES.length - 1);

beforeAll(async () => {
  await Promise.all([decompressionReady(), uncompressReady()]);
  compressors = await Promise.all(TYPES.map(compressorOf));
});

const headers = fc.record({
  producerId: fc.integer({ min: 0, max: 2 ** 40 }),
  producerName: text,
  schemaVersion: fc.option(fc.uint8Array({ minLength: 1, maxLength: 20 }), { nil: undefined }),
  sequenced: fc.boolean(),
  keyBased: fc.boolean(),
  compression,
});

function headerOf({ compression, ...fields }: { compression: number } & Omit<SendFrameHeader, 'compressor'>) {
  return { ...fields, compressor: compressors[compression] };
}

const utf8 = (value: string): string => Buffer.from(value).toString();

/** What every reader of `message` is to find. */
function expected({ key, keyIsBase64, value, eventTime, properties }: OutgoingMessage) {
  return {
    key: key === undefined ? undefined : utf8(key),
    keyIsBase64: key !== undefined && keyIsBase64 === true,
    value: Buffer.from(value).toString('hex'),
    // Pulsar's field has no sign, and 0 in it means none.
    eventTime: eventTime !== undefined && eventTime > 0 ? eventTime : undefined,
    properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [utf8(name), utf8(one)])),
  };
}

function seen({
  key,
  keyIsBase64,
  value = Buffer.alloc(0),
  eventTime,
  properties,
}: {
  readonly key: string | undefined;
  readonly keyIsBase64: boolean;
  readonly value: Buffer | undefined;
  readonly eventTime: number | undefined;
  readonly properties: { readonly [name: string]: string };
}) {
  return { key, keyIsBase64, value: value.toString('hex'), eventTime, properties };
}

function operationOf(
  messages: readonly OutgoingMessage[],
  sequenceId: number,
  highestSequenceId: number,
  chunks?: SendOperation['chunks'],
): SendOperation {
  return {
    sequenceId,
    highestSequenceId,
    count: messages.length,
    valueBytes: messages.reduce((sum, { value }) => sum + value.length, 0),
    metadataBytes: messages.reduce((sum, message) => sum + metadataSize(message), 0),
    confirmed: false,
    duplicate: false,
    alone: false,
    chunks,
  };
}

/** The frame of `operation`, behind some room that shows that offsets are kept apart from positions. */
function frameOf(messages: readonly OutgoingMessage[], operation: SendOperation, header: SendFrameHeader) {
  const bound = sendFrameBound(header, operation);
  const buffer = Buffer.alloc(bound + 10, 0xee);
  const end = writeSendFrame(buffer, 10, header, operation, messages, 0, PUBLISH_TIME);
  expect(end - 10).toBeLessThanOrEqual(bound);
  const frames: { readonly command: unknown; readonly payload: Buffer }[] = [];
  new FrameReader((command, payload) => {
    frames.push({ command: decodeCommand(command)?.body, payload });
  }).push(buffer.subarray(10, end));
  const [frame] = frames;
  if (frame === undefined || frames.length > 1) {
    throw new Error(`${frames.length} frames`);
  }
  return frame;
}

/** The messages of an entry as our own consumer reads them. */
function receive(payload: Buffer, count: number) {
  const tracker = new AcknowledgementTracker();
  const delivery = { ledgerId: 1, entryId: 1, redeliveryCount: 0 } as ConstructorParameters<
    typeof ReceivedEntry
  >[1];
  const entry = new ReceivedEntry('persistent://public/default/t', delivery, payload);
  const tracked = tracker.arrived(1, 1, count, undefined);
  return Array.from({ length: count }, () => {
    const message = entry.next(tracked);
    if (message === undefined) {
      throw new Error('a message is missing');
    }
    return message;
  });
}

test('what is sent is read as it was, by protobufjs and by the consumer, however it is compressed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(outgoing, fc.integer({ min: 1, max: 2 ** 40 })), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: 2 ** 52 - 2 ** 43 }),
      headers,
      (given, firstId, fields) => {
        const header = headerOf(fields);
        let id = firstId - 1;
        const messages = given.map(([message, step]) => {
          id += header.sequenced ? step : 1;
          return { ...message, recordSequence: id };
        });
        const first = messages[0]?.recordSequence ?? 0;
        const { command, payload } = frameOf(messages, operationOf(messages, first, id), header);
        const isBatch = messages.length > 1;
        const ids = messages.map(({ recordSequence }) => recordSequence);
        expect(command).toMatchObject({
          producerId: header.producerId,
          sequenceId: ids[0],
          numMessages: messages.length,
          highestSequenceId: isBatch ? id : 0,
        });

        const read = readMessages(payload);
        expect(read.map(seen)).toEqual(messages.map(expected));
        expect(read.map(({ sequenceId }) => sequenceId)).toEqual(ids);
        const orderingKeys = messages.map(({ orderingKey: key }) => (key === undefined ? key : utf8(key)));
        expect(read.map(({ orderingKey }) => orderingKey)).toEqual(orderingKeys);
        expect(read[0]).toMatchObject({
          producerName: utf8(header.producerName),
          publishTime: PUBLISH_TIME,
          schemaVersion: header.schemaVersion && Buffer.from(header.schemaVersion).toString('hex'),
          entryKey: isBatch && !header.keyBased ? undefined : read[0]?.key,
        });
        expect(receive(payload, messages.length).map(seen)).toEqual(messages.map(expected));
      },
    ),
    { numRuns: 500 },
  );
});

test('the chunks of a message are what it is compressed to, in order, each within the limit and with all it has', () => {
  fc.assert(
    fc.property(
      outgoing,
      bytes(6000).filter(({ length }) => length > 0),
      fc.integer({ min: 400, max: 3000 }),
      headers,
      (fields, value, limit, headerFields) => {
        const header = headerOf(headerFields);
        const { schemaVersion, producerName } = header;
        const message = { ...fields, value };
        const large = attempt(() => largePayload(message, limit, header, true));
        if (large === 'too-large') {
          expect(metadataSize(message) * 3 + 6 * producerName.length + 200).toBeGreaterThan(limit / 2);
          return;
        }
        const chunks = large && chunksOf(large);
        if (chunks !== undefined) {
          chunks.begunAt = 1_700_000_000_000;
        }
        const operation = operationOf([message], 7, 7, chunks);
        const isChunk = (chunks?.count ?? 1) > 1;
        const read: SentMessage[] = [];
        for (let sent = 0; sent < (chunks?.count ?? 1); sent++) {
          const { command, payload } = frameOf([message], operation, header);
          expect(command).toMatchObject({ sequenceId: 7, numMessages: 1, isChunk });
          if (isChunk) {
            expect(payload.length - 6 - 4 - (schemaVersion?.length ?? 0)).toBeLessThanOrEqual(limit);
          }
          read.push(...readMessages(payload));
          if (chunks !== undefined) {
            chunks.sent++;
          }
        }
        const whole = joinChunks(read);
        expect(whole.map(seen)).toEqual([expected(message)]);
        const wanted = {
          ...expected(message),
          sequenceId: 7,
          schemaVersion: schemaVersion && Buffer.from(schemaVersion).toString('hex'),
        };
        for (const [id, chunk] of read.entries()) {
          expect(chunk).toMatchObject({ ...wanted, value: chunk.value });
          if (isChunk) {
            expect(chunk.chunk).toMatchObject({
              uuid: `${utf8(producerName)}-7-${chunks?.begunAt}`,
              id,
              count: read.length,
            });
            // A broker takes the id of a chunk that names its producer for that of a whole message.
            expect(chunk.producerName).toBe(id === read.length - 1 ? utf8(producerName) : 'chunk');
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

function attempt<T>(work: () => T): T | 'too-large' {
  try {
    return work();
  } catch (error) {
    expect(error).toMatchObject({ kind: 'too-large' });
    return 'too-large';
  }
}

describe.each([true, false])('with chunks %s', (chunked) => {
  const plain = { key: 'k', eventTime: undefined, properties: {} };
  const large = (message: OutgoingMessage, type: CompressionType = 'NONE') =>
    largePayload(
      message,
      100_000,
      { producerName: 'p', compressor: compressors[TYPES.indexOf(type)] },
      chunked,
    );

  test('what fits into a frame goes as it is', () => {
    expect(large({ ...plain, value: Buffer.alloc(100_000) })).toBeUndefined();
  });

  test('what fits once it is compressed goes in one frame', () => {
    const value = Buffer.alloc(1_000_000, 'flights');
    const found = large({ ...plain, value }, 'LZ4');
    expect(found).toMatchObject({ compression: 1, partSize: found?.bytes.length });
    expect(found?.partSize).toBeLessThan(100_000);
  });

  test('metadata that leave no room for the value are refused', () => {
    const message = { ...plain, value: Buffer.alloc(1), properties: { much: 'x'.repeat(120_000) } };
    expect(() => large(message)).toThrow(expect.objectContaining({ kind: 'too-large' }));
    expect(() => large(message, 'ZSTD')).toThrow('the broker takes 100000 bytes');
  });
});

test('what compression does not make smaller goes as it is', () => {
  const [, lz4] = compressors;
  expect(lz4?.compress(Buffer.from('abc'))).toBeUndefined();
  expect(lz4?.compress(Buffer.alloc(100))?.length).toBeLessThan(100);
});
