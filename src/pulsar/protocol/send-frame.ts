import { crc32c } from '@node-rs/crc32';
import type { Compressor } from './compression';
import { CHECKSUM_MAGIC } from './frame';
import type { OutgoingMessage } from './message';
import {
  type EntryHead,
  writeBatched,
  writeEntryHead,
  writeEntryKeys,
  writeOwnFields,
} from './metadata-writer';
import type { Chunks, SendOperation } from './send-operation';
import { writeStringField, writeVarintField } from './wire';

/**
 * SEND frames. This is the path every message takes: no object, closure or copy a message beyond the bytes.
 *
 *   [total u32][command size u32][BaseCommand][magic u16][CRC-32C u32][metadata size u32][MessageMetadata][payload]
 *                                                        `------------ checksummed ------------------------------´
 * A batch's payload is, for each message: [metadata size u32][SingleMessageMetadata][value]. A chunk is a plain message
 * whose payload is a part of the value.
 * Source: Pulsar "Binary protocol specification", https://pulsar.apache.org/docs/developing-binary-protocol/
 */

/** What is the same for all messages of one producer at one connection. */
export interface SendFrameHeader extends EntryHead {
  readonly producerId: number;
  readonly compressor: Compressor | undefined;
  /** Whether messages bring their sequence ids; otherwise those of an operation follow its own one by one. */
  readonly sequenced: boolean;
  /** Whether the messages of a batch have one key, which the batch carries for Key_Shared readers. */
  readonly keyBased: boolean;
}

/** The messages of an operation, by index. */
export interface MessageSequence {
  at(index: number): OutgoingMessage | undefined;
}

/** Bytes of everything in front of a payload but its text, at most. */
const FIXED_OVERHEAD = 256;

/** Characters of text that is not ASCII take up to three bytes. */
const BYTES_PER_CHARACTER = 3;

/** Bytes in front of the payload, at most; where a batch is written that is to be compressed. */
function headBound(
  { producerName, schemaVersion, keyBased }: SendFrameHeader,
  { count, metadataBytes }: SendOperation,
): number {
  // A chunk's uuid has the name once more. The text of a batch is in its payload, but for its key.
  const text = 2 * producerName.length + (count === 1 || keyBased ? metadataBytes : 0);
  return FIXED_OVERHEAD + (schemaVersion?.length ?? 0) + BYTES_PER_CHARACTER * text;
}

/** Bytes the frame of `operation`, or of one of its parts, takes, at most. */
export function sendFrameBound(header: SendFrameHeader, operation: SendOperation): number {
  const { count, valueBytes, metadataBytes, chunks } = operation;
  const value = chunks === undefined ? valueBytes : chunks.payload.partSize;
  return headBound(header, operation) + value + (count === 1 ? 0 : BYTES_PER_CHARACTER * metadataBytes);
}

/**
 * Writes the SEND frame of `operation`, whose messages begin at `first` of `messages`, at `offset`.
 * An operation of one message goes as a plain message, or as its next chunk; others as a batch.
 * @param publishTime milliseconds since the epoch.
 * @returns the offset behind it.
 */
export function writeSendFrame(
  buffer: Buffer,
  offset: number,
  header: SendFrameHeader,
  operation: SendOperation,
  messages: MessageSequence,
  first: number,
  publishTime: number,
): number {
  const { count, sequenceId, highestSequenceId } = operation;
  const checksum = writeSendCommand(buffer, offset + 4, header, operation) + 2;
  buffer.writeUInt16BE(CHECKSUM_MAGIC, checksum - 2);
  const metadata = checksum + 8;
  const head = isFollowedByParts(operation) ? { ...header, producerName: PART_NAME } : header;
  let end = writeEntryHead(buffer, metadata, head, sequenceId, publishTime, count, highestSequenceId);
  const message = messages.at(first) as OutgoingMessage;
  if (count > 1) {
    // A Key_Shared subscription that believed the first key of several would split the others' order.
    end = header.keyBased ? writeEntryKeys(buffer, end, message) : end;
    const from = header.compressor === undefined ? end : offset + headBound(header, operation);
    const to = writeMessages(buffer, from, header, operation, messages, first);
    end = writePayload(buffer, metadata, end, header.compressor, buffer.subarray(from, to));
  } else {
    end = writeOwnFields(buffer, end, message);
    end =
      operation.chunks === undefined
        ? writePayload(buffer, metadata, end, header.compressor, message.value)
        : writeChunk(buffer, metadata, end, header, operation, operation.chunks);
  }
  buffer.writeUInt32BE(crc32c(buffer.subarray(checksum + 4, end)), checksum);
  buffer.writeUInt32BE(end - offset - 4, offset);
  return end;
}

/**
 * Producer in the metadata of every chunk but the last. A broker that loads a topic learns the ids of its names anew
 * from what is stored, chunks alike (4.0.8, `MessageDeduplication.replayCursor`): a message of which it has the first
 * chunk only would pass for stored and be dropped, and the chunks of a copy would make it forget all that came behind
 * the first of the two. Under another name they say nothing. Consumers join chunks by uuid and take the last one's name.
 */
const PART_NAME = 'chunk';

function isFollowedByParts({ chunks }: SendOperation): boolean {
  return chunks !== undefined && chunks.sent < chunks.count - 1;
}

/** Size and BaseCommand { type: SEND, send: CommandSend }. */
function writeSendCommand(
  buffer: Buffer,
  offset: number,
  header: SendFrameHeader,
  operation: SendOperation,
): number {
  const start = offset + 4;
  buffer[start] = 0x08;
  buffer[start + 1] = 6;
  buffer[start + 2] = 0x32;
  const body = start + 4;
  let end = writeVarintField(buffer, body, 0x08, header.producerId);
  end = writeVarintField(buffer, end, 0x10, operation.sequenceId);
  if (operation.count > 1) {
    end = writeVarintField(buffer, end, 0x18, operation.count);
    end = writeVarintField(buffer, end, 0x30, operation.highestSequenceId);
  }
  if (operation.chunks !== undefined && operation.chunks.count > 1) {
    end = writeVarintField(buffer, end, 0x38, 1);
  }
  // Four varints of at most ten bytes and their tags: the length always fits one byte.
  buffer[start + 3] = end - body;
  buffer.writeUInt32BE(end - start, offset);
  return end;
}

/**
 * Closes the metadata that begin at `metadata` and end at `offset`, and writes `payload` behind them: compressed, if
 * that makes it smaller. What is not says so in its metadata: readers go by these, entry by entry.
 */
function writePayload(
  buffer: Buffer,
  metadata: number,
  offset: number,
  compressor: Compressor | undefined,
  payload: Uint8Array,
): number {
  const compressed = compressor?.compress(asBuffer(payload));
  return compressor === undefined || compressed === undefined
    ? closeMetadata(buffer, metadata, offset, payload)
    : closeMetadata(
        buffer,
        metadata,
        writeCompression(buffer, offset, compressor.type, payload.length),
        compressed,
      );
}

/** Fields 8 and 9 of MessageMetadata. */
function writeCompression(buffer: Buffer, offset: number, type: number, uncompressedSize: number): number {
  return writeVarintField(buffer, writeVarintField(buffer, offset, 0x40, type), 0x48, uncompressedSize);
}

function closeMetadata(buffer: Buffer, metadata: number, end: number, payload: Uint8Array): number {
  buffer.writeUInt32BE(end - metadata, metadata - 4);
  // A batch may be there already, or behind where it belongs.
  if (payload.byteOffset !== buffer.byteOffset + end || payload.buffer !== buffer.buffer) {
    buffer.set(payload, end);
  }
  return end + payload.length;
}

/**
 * The next part of a large payload; with fields 26 to 29 of MessageMetadata when it is one of several: which part of
 * which message it is. Sent again, a message has another uuid: of one that begins anew under the same, the Java consumer
 * counts both and, when it has too many, drops the one that is on its way for the one that never ends (4.0.8,
 * `ConsumerImpl.removeOldestPendingChunkedMessage`).
 * Source: Pulsar `ProducerImpl.serializeAndSendMessage`.
 */
function writeChunk(
  buffer: Buffer,
  metadata: number,
  offset: number,
  { producerName }: SendFrameHeader,
  { sequenceId, valueBytes }: SendOperation,
  { sent, count, payload, begunAt }: Chunks,
): number {
  const { bytes, compression, partSize } = payload;
  let end = offset;
  if (compression !== 0) {
    end = writeCompression(buffer, end, compression, valueBytes);
  }
  if (count > 1) {
    end = writeStringField(buffer, end, 0xd2, `${producerName}-${sequenceId}-${begunAt}`);
    end = writeVarintField(buffer, end, 0xd8, count);
    end = writeVarintField(buffer, end, 0xe0, bytes.length);
    end = writeVarintField(buffer, end, 0xe8, sent);
  }
  return closeMetadata(buffer, metadata, end, bytes.subarray(sent * partSize, (sent + 1) * partSize));
}

/** The payload of a batch. */
function writeMessages(
  buffer: Buffer,
  offset: number,
  { sequenced }: SendFrameHeader,
  { count, sequenceId }: SendOperation,
  messages: MessageSequence,
  first: number,
): number {
  let end = offset;
  for (let i = 0; i < count; i++) {
    const message = messages.at(first + i) as OutgoingMessage;
    const id = sequenced ? (message.recordSequence as number) : sequenceId + i;
    end = writeBatched(buffer, end, message, id);
  }
  return end;
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
