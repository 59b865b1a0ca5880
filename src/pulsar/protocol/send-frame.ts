import { crc32c } from '@node-rs/crc32';
import { CHECKSUM_MAGIC } from './frame';
import type { OutgoingMessage } from './message';
import type { Chunks, SendOperation } from './send-queue';
import { closeLength, writeStringField, writeVarint, writeVarintField } from './wire';

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
export interface SendFrameHeader {
  readonly producerId: number;
  readonly producerName: string;
  /** Of the schema that all messages follow. */
  readonly schemaVersion: Uint8Array | undefined;
}

/** The messages of an operation, by index. */
export interface MessageSequence {
  at(index: number): OutgoingMessage | undefined;
}

const FIXED_OVERHEAD = 256;

/** Bytes the frame of `operation`, or of one of its parts, takes, at most. */
export function sendFrameBound(header: SendFrameHeader, operation: SendOperation): number {
  const { producerName, schemaVersion } = header;
  const valueBytes = operation.chunks?.size ?? operation.valueBytes;
  const text = 6 * producerName.length + 3 * operation.metadataBytes;
  return FIXED_OVERHEAD + (schemaVersion?.length ?? 0) + text + valueBytes;
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
  const checksum = writeSendCommand(buffer, offset + 4, header, operation) + 2;
  buffer.writeUInt16BE(CHECKSUM_MAGIC, checksum - 2);
  const metadata = checksum + 8;
  let end = writeMetadata(buffer, metadata, header, operation, publishTime);
  if (operation.count === 1) {
    const message = messages.at(first) as OutgoingMessage;
    end = writeSingle(buffer, end, message);
    let { value } = message;
    if (operation.chunks !== undefined) {
      const { sent, size } = operation.chunks;
      end = writeChunk(buffer, end, header, operation, operation.chunks);
      value = value.subarray(sent * size, (sent + 1) * size);
    }
    buffer.writeUInt32BE(end - metadata, checksum + 4);
    buffer.set(value, end);
    end += value.length;
  } else {
    buffer.writeUInt32BE(end - metadata, checksum + 4);
    for (let i = 0; i < operation.count; i++) {
      end = writeBatched(buffer, end, messages.at(first + i) as OutgoingMessage, operation.sequenceId + i);
    }
  }
  buffer.writeUInt32BE(crc32c(buffer.subarray(checksum + 4, end)), checksum);
  buffer.writeUInt32BE(end - offset - 4, offset);
  return end;
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
    end = writeVarintField(buffer, end, 0x30, operation.sequenceId + operation.count - 1);
  }
  if (operation.chunks !== undefined) {
    end = writeVarintField(buffer, end, 0x38, 1);
  }
  // Four varints of at most ten bytes and their tags: the length always fits one byte.
  buffer[start + 3] = end - body;
  buffer.writeUInt32BE(end - start, offset);
  return end;
}

/**
 * MessageMetadata, up to the fields that a plain message has of its own. A batch carries no key of its own: its
 * messages have several, and a Key_Shared subscription that believed the first one would split the others' order.
 */
function writeMetadata(
  buffer: Buffer,
  offset: number,
  header: SendFrameHeader,
  operation: SendOperation,
  publishTime: number,
): number {
  let end = writeStringField(buffer, offset, 0x0a, header.producerName);
  end = writeVarintField(buffer, end, 0x10, operation.sequenceId);
  end = writeVarintField(buffer, end, 0x18, publishTime);
  if (operation.count > 1) {
    end = writeVarintField(buffer, end, 0x58, operation.count);
    // Without it a broker with deduplication remembers the lowest id of the batch only.
    end = writeVarintField(buffer, end, 0xc0, operation.sequenceId + operation.count - 1);
  }
  if (header.schemaVersion !== undefined) {
    end = writeVarintField(buffer, end, 0x82, header.schemaVersion.length);
    buffer.set(header.schemaVersion, end);
    end += header.schemaVersion.length;
  }
  return end;
}

/**
 * Fields 26 to 29 of MessageMetadata: which part of which message this is. Sent again, a message keeps its uuid, and
 * consumers begin anew at its first chunk. Source: Pulsar `ProducerImpl.serializeAndSendMessage`.
 */
function writeChunk(
  buffer: Buffer,
  offset: number,
  { producerName }: SendFrameHeader,
  { sequenceId, valueBytes }: SendOperation,
  { sent, count }: Chunks,
): number {
  let end = writeStringField(buffer, offset, 0xd2, `${producerName}-${sequenceId}`);
  end = writeVarintField(buffer, end, 0xd8, count);
  end = writeVarintField(buffer, end, 0xe0, valueBytes);
  return writeVarintField(buffer, end, 0xe8, sent);
}

/** Fields 4, 6 and 12 of MessageMetadata. */
function writeSingle(buffer: Buffer, offset: number, message: OutgoingMessage): number {
  let end = writeProperties(buffer, offset, 0x22, message.properties);
  if (message.key !== undefined) {
    end = writeStringField(buffer, end, 0x32, message.key);
  }
  if (message.eventTime !== undefined && message.eventTime > 0) {
    end = writeVarintField(buffer, end, 0x60, message.eventTime);
  }
  return end;
}

function writeBatched(buffer: Buffer, offset: number, message: OutgoingMessage, sequenceId: number): number {
  const start = offset + 4;
  let end = writeProperties(buffer, start, 0x0a, message.properties);
  if (message.key !== undefined) {
    end = writeStringField(buffer, end, 0x12, message.key);
  }
  end = writeVarintField(buffer, end, 0x18, message.value.length);
  if (message.eventTime !== undefined && message.eventTime > 0) {
    end = writeVarintField(buffer, end, 0x28, message.eventTime);
  }
  end = writeVarintField(buffer, end, 0x40, sequenceId);
  buffer.writeUInt32BE(end - start, offset);
  buffer.set(message.value, end);
  return end + message.value.length;
}

/** KeyValue messages under `tag`. */
function writeProperties(
  buffer: Buffer,
  offset: number,
  tag: number,
  properties: OutgoingMessage['properties'],
): number {
  let end = offset;
  for (const name in properties) {
    const value = properties[name] as string;
    buffer[end++] = tag;
    const start = writeVarint(buffer, end, name.length + value.length + 4);
    const bodyEnd = writeStringField(buffer, writeStringField(buffer, start, 0x0a, name), 0x12, value);
    end = closeLength(buffer, end, start, bodyEnd);
  }
  return end;
}
