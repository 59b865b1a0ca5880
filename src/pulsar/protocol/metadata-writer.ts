import type { OutgoingMessage } from './message';
import { closeLength, writeStringField, writeVarint, writeVarintField } from './wire';

/** What the metadata of an entry say of it as a whole. */
export interface EntryHead {
  readonly producerName: string;
  /** Of the schema that all messages follow. */
  readonly schemaVersion: Uint8Array | undefined;
}

/**
 * MessageMetadata by hand, up to the fields that a plain message has of its own: no object, closure or copy a message,
 * like all here.
 * @param lastId of a batch of `count` messages; without it a broker that deduplicates (4.0.8) remembers the first only.
 */
export function writeEntryHead(
  buffer: Buffer,
  offset: number,
  { producerName, schemaVersion }: EntryHead,
  sequenceId: number,
  publishTime: number,
  count: number,
  lastId: number,
): number {
  let end = writeStringField(buffer, offset, 0x0a, producerName);
  end = writeVarintField(buffer, end, 0x10, sequenceId);
  end = writeVarintField(buffer, end, 0x18, publishTime);
  if (count > 1) {
    end = writeVarintField(buffer, end, 0x58, count);
    end = writeVarintField(buffer, end, 0xc0, lastId);
  }
  if (schemaVersion !== undefined) {
    end = writeVarintField(buffer, end, 0x82, schemaVersion.length);
    buffer.set(schemaVersion, end);
    end += schemaVersion.length;
  }
  return end;
}

/** Fields 4, 6, 12, 17 and 18 of MessageMetadata: what a plain message has of its own. */
export function writeOwnFields(buffer: Buffer, offset: number, message: OutgoingMessage): number {
  let end = writeProperties(buffer, offset, 0x22, message.properties);
  if (message.eventTime !== undefined && message.eventTime > 0) {
    end = writeVarintField(buffer, end, 0x60, message.eventTime);
  }
  return writeEntryKeys(buffer, end, message);
}

/** Fields 6, 17 and 18 of MessageMetadata. */
export function writeEntryKeys(buffer: Buffer, offset: number, message: OutgoingMessage): number {
  return writeKeys(buffer, offset, message, 0x32, 0x88, 0x92);
}

/** A message of a batch: size, SingleMessageMetadata, value. */
export function writeBatched(
  buffer: Buffer,
  offset: number,
  message: OutgoingMessage,
  sequenceId: number,
): number {
  const start = offset + 4;
  let end = writeProperties(buffer, start, 0x0a, message.properties);
  end = writeKeys(buffer, end, message, 0x12, 0x30, 0x3a);
  end = writeVarintField(buffer, end, 0x18, message.value.length);
  if (message.eventTime !== undefined && message.eventTime > 0) {
    end = writeVarintField(buffer, end, 0x28, message.eventTime);
  }
  end = writeVarintField(buffer, end, 0x40, sequenceId);
  buffer.writeUInt32BE(end - start, offset);
  buffer.set(message.value, end);
  return end + message.value.length;
}

/** partition_key, partition_key_b64_encoded and ordering_key under their tags. */
function writeKeys(
  buffer: Buffer,
  offset: number,
  { key, keyIsBase64, orderingKey }: OutgoingMessage,
  keyTag: number,
  base64Tag: number,
  orderingTag: number,
): number {
  let end = offset;
  if (key !== undefined) {
    end = writeStringField(buffer, end, keyTag, key);
    if (keyIsBase64) {
      end = writeVarintField(buffer, end, base64Tag, 1);
    }
  }
  return orderingKey === undefined ? end : writeStringField(buffer, end, orderingTag, orderingKey);
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
