import { crc32c } from '@node-rs/crc32';
import { parse } from 'protobufjs';
import { splitPayload } from '../../src/pulsar/protocol/frame';
import { PULSAR_API } from '../../src/pulsar/protocol/pulsar-api';
import { uncompress } from './uncompress';

/**
 * Messages as they lie behind a SEND or MESSAGE command, read and written by protobufjs: nothing of the hand-written
 * code of src has a part in it.
 */
const { root } = parse(PULSAR_API);
const METADATA = root.lookupType('pulsar.proto.MessageMetadata');
const SINGLE = root.lookupType('pulsar.proto.SingleMessageMetadata');

interface Pair {
  readonly key: string;
  readonly value: string;
}

/** Fields of either kind of metadata, as protobufjs names them. */
interface Fields {
  readonly producerName?: string;
  readonly sequenceId?: number;
  readonly publishTime?: number;
  readonly properties?: readonly Pair[];
  readonly partitionKey?: string;
  readonly partitionKeyB64Encoded?: boolean;
  readonly orderingKey?: Uint8Array;
  readonly compression?: number;
  readonly uncompressedSize?: number;
  readonly eventTime?: number;
  readonly numMessagesInBatch?: number;
  readonly payloadSize?: number;
  readonly schemaVersion?: Uint8Array;
  readonly uuid?: string;
  readonly numChunksFromMsg?: number;
  readonly totalChunkMsgSize?: number;
  readonly chunkId?: number;
}

export interface SentMessage {
  readonly value: Buffer;
  readonly key: string | undefined;
  readonly keyIsBase64: boolean;
  readonly orderingKey: string | undefined;
  /** Key of its entry: of the whole batch, when it is one. */
  readonly entryKey: string | undefined;
  /** Number of the kind on the wire; 0: none. */
  readonly compression: number;
  /** Of the whole message, when it is a chunk. */
  readonly uncompressedSize: number;
  readonly eventTime: number | undefined;
  readonly publishTime: number;
  readonly properties: { readonly [name: string]: string };
  readonly producerName: string;
  readonly sequenceId: number;
  readonly schemaVersion: string | undefined;
  /** Which part of a message this is, when it is one. */
  readonly chunk: Chunk | undefined;
}

export interface Chunk {
  readonly uuid: string;
  readonly id: number;
  readonly count: number;
  readonly totalBytes: number;
}

/**
 * Messages as consumers see them: chunks put together, unless one is missing or they are out of order. Source: Pulsar
 * `ConsumerImpl.processMessageChunk`, which begins anew at a chunk 0.
 */
export class ChunkJoiner {
  readonly #begun = new Map<string, Buffer[]>();

  join(messages: readonly SentMessage[]): SentMessage[] {
    return messages.flatMap((message) => {
      const { chunk, value } = message;
      if (chunk === undefined) {
        return [message];
      }
      const parts = chunk.id === 0 ? [] : (this.#begun.get(chunk.uuid) ?? []);
      this.#begun.set(chunk.uuid, parts);
      if (parts.length !== chunk.id) {
        return [];
      }
      parts.push(value);
      const whole = Buffer.concat(parts);
      const { compression, uncompressedSize } = message;
      return parts.length === chunk.count && whole.length === chunk.totalBytes
        ? [{ ...message, value: uncompress(whole, compression, uncompressedSize) }]
        : [];
    });
  }
}

export function joinChunks(messages: readonly SentMessage[]): SentMessage[] {
  return new ChunkJoiner().join(messages);
}

/** The messages of an entry that is not encrypted. A chunk stays as it is. */
export function readMessages(frame: Buffer): SentMessage[] {
  const { metadata, payload: stored } = splitPayload(frame);
  const entry = METADATA.toObject(METADATA.decode(metadata), { longs: Number }) as Fields;
  const { compression = 0, uncompressedSize = 0, uuid } = entry;
  const payload = uuid === undefined ? uncompress(stored, compression, uncompressedSize) : stored;
  if (entry.numMessagesInBatch === undefined) {
    return [sent(entry, entry, payload, 0)];
  }
  const messages: SentMessage[] = [];
  for (let offset = 0, i = 0; i < entry.numMessagesInBatch; i++) {
    const start = offset + 4;
    const end = start + payload.readUInt32BE(offset);
    const own = SINGLE.toObject(SINGLE.decode(payload.subarray(start, end)), { longs: Number }) as Fields;
    offset = end + (own.payloadSize ?? 0);
    messages.push(sent(entry, own, payload.subarray(end, offset), i));
  }
  return messages;
}

function sent(entry: Fields, own: Fields, value: Buffer, index: number): SentMessage {
  return {
    value,
    key: own.partitionKey,
    keyIsBase64: own.partitionKeyB64Encoded ?? false,
    orderingKey: own.orderingKey && Buffer.from(own.orderingKey).toString(),
    entryKey: entry.partitionKey,
    compression: entry.compression ?? 0,
    uncompressedSize: entry.uncompressedSize ?? 0,
    eventTime: own.eventTime || undefined,
    publishTime: entry.publishTime ?? 0,
    properties: Object.fromEntries((own.properties ?? []).map((pair) => [pair.key, pair.value])),
    producerName: entry.producerName ?? '',
    sequenceId: own.sequenceId ?? (entry.sequenceId ?? 0) + index,
    schemaVersion: entry.schemaVersion && Buffer.from(entry.schemaVersion).toString('hex'),
    chunk:
      entry.uuid === undefined
        ? undefined
        : {
            uuid: entry.uuid,
            id: entry.chunkId ?? -1,
            count: entry.numChunksFromMsg ?? -1,
            totalBytes: entry.totalChunkMsgSize ?? -1,
          },
  };
}

/** What a test puts into a message; what is left out is as a plain producer would have it. */
export interface EncodedMessage {
  readonly key?: string | undefined;
  readonly keyIsBase64?: boolean;
  /** Undefined for a null value. */
  readonly value: Uint8Array | undefined;
  readonly eventTime?: number | undefined;
  readonly properties?: { readonly [name: string]: string };
  readonly compactedOut?: boolean;
}

/** Fields of MessageMetadata that a test sets by their names in protobufjs, and how the payload is compressed. */
export interface EntryFields {
  readonly [field: string]: unknown;
  readonly compress?: (payload: Buffer) => Uint8Array;
}

const ownFields = ({ key, keyIsBase64, value, eventTime, properties = {} }: EncodedMessage) => ({
  properties: Object.entries(properties).map(([name, text]) => ({ key: name, value: text })),
  ...(key === undefined ? {} : { partitionKey: key }),
  ...(keyIsBase64 === undefined ? {} : { partitionKeyB64Encoded: keyIsBase64 }),
  ...(eventTime === undefined ? {} : { eventTime }),
  ...(value === undefined ? { nullValue: true } : {}),
});

const HEAD = { producerName: 'a-producer', sequenceId: 1, publishTime: 1_700_000_000_000 };

/** An entry of one message, as it follows a SEND or MESSAGE command. */
export function encodeSingle(message: EncodedMessage, extra: EntryFields = {}): Buffer {
  return frame({ ...ownFields(message), ...extra }, Buffer.from(message.value ?? []));
}

/** An entry that is a batch. */
export function encodeBatch(messages: readonly EncodedMessage[], extra: EntryFields = {}): Buffer {
  const payload = messages.map((message) => {
    const value = Buffer.from(message.value ?? []);
    const { compactedOut = false } = message;
    const fields = { ...ownFields(message), payloadSize: value.length, compactedOut };
    const single = SINGLE.encode(SINGLE.fromObject(fields)).finish();
    const size = Buffer.alloc(4);
    size.writeUInt32BE(single.length);
    return Buffer.concat([size, single, value]);
  });
  return frame({ numMessagesInBatch: messages.length, ...extra }, Buffer.concat(payload));
}

function frame({ compress, ...fields }: EntryFields, payload: Buffer): Buffer {
  const metadata = METADATA.encode(
    METADATA.fromObject({ ...HEAD, uncompressedSize: payload.length, ...fields }),
  ).finish();
  const size = Buffer.alloc(4);
  size.writeUInt32BE(metadata.length);
  const checksummed = Buffer.concat([size, metadata, compress?.(payload) ?? payload]);
  const head = Buffer.alloc(6);
  head.writeUInt16BE(0x0e01);
  head.writeUInt32BE(crc32c(checksummed), 2);
  return Buffer.concat([head, checksummed]);
}

/** MessageMetadata of those fields, in bytes. */
export function encodeMetadata(fields: EntryFields): Buffer {
  return Buffer.from(METADATA.encode(METADATA.fromObject({ ...HEAD, ...fields })).finish());
}

/** SingleMessageMetadata of those fields, in bytes. */
export function encodeSingleMetadata(fields: EntryFields): Buffer {
  return Buffer.from(SINGLE.encode(SINGLE.fromObject({ payloadSize: 0, ...fields })).finish());
}
