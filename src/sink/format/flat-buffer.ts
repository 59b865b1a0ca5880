import { Builder, type Offset } from 'flatbuffers';
import type { EncryptionContext, Properties, Record } from '../../io';
import type { SinkValue } from '../entry';
import { inJavaMapOrder } from './java-map-order';

/** ZSTD and SNAPPY have no number of their own in the schema: 0, as in the Java connector. */
const COMPRESSION = { NONE: 0, LZ4: 1, ZLIB: 2, ZSTD: 0, SNAPPY: 0 } as const;

/** A builder that once held a large message is not kept. */
const MAX_KEPT_BYTES = 1 << 20;

/**
 * FULL_MESSAGE_IN_FB: a buffer of the Java connector's KinesisMessageApi.fbs, root Message, no file identifier:
 *
 *     Message { encryptionCtx, properties: [KeyValue], payload: [byte] }      KeyValue { key, value }
 *     EncryptionCtx { keys: [EncryptionKey], param: [byte], algo, compressionType: byte, uncompressedMessageSize: int,
 *                     batchSize: int, isBatchMessage: bool }                  EncryptionKey { key, value, metadata }
 *
 * A buffer is laid out in the order in which its parts are added, so they are added as Java adds them (Utils,
 * serializeRecordToFlatBuffer): the bytes are then the same. A null value has no payload; Java fails at it.
 */
export function flatBufferFormat(): (record: Record<SinkValue>) => Uint8Array {
  let builder = new Builder();
  return ({ value, properties, encryption }) => {
    builder.clear();
    const propertiesAt = keyValues(builder, properties);
    const encryptionAt = encryption === undefined ? 0 : encryptionContext(builder, encryption);
    const payloadAt = value === undefined ? 0 : builder.createByteVector(value);
    builder.startObject(3);
    builder.addFieldOffset(2, payloadAt, 0);
    builder.addFieldOffset(0, encryptionAt, 0);
    builder.addFieldOffset(1, propertiesAt, 0);
    builder.finish(builder.endObject());
    // Copied, since the builder's buffer serves the next message too.
    const bytes = builder.asUint8Array().slice();
    if (bytes.length > MAX_KEPT_BYTES) {
      builder = new Builder();
    }
    return bytes;
  };
}

/** 0 when there are none. */
function keyValues(builder: Builder, map: Properties): Offset {
  const names = inJavaMapOrder(Object.keys(map));
  if (names.length === 0) {
    return 0;
  }
  return offsets(
    builder,
    names.map((name) => {
      const keyAt = builder.createString(name);
      const valueAt = builder.createString(map[name] ?? '');
      builder.startObject(2);
      builder.addFieldOffset(1, valueAt, 0);
      builder.addFieldOffset(0, keyAt, 0);
      return builder.endObject();
    }),
  );
}

function encryptionContext(builder: Builder, context: EncryptionContext): Offset {
  const keys = new Map(context.keys.map((key) => [key.name, key]));
  const keyOffsets = inJavaMapOrder([...keys.keys()]).flatMap((name) => {
    const key = keys.get(name);
    return key === undefined ? [] : [encryptionKey(builder, key)];
  });
  const keysAt = offsets(builder, keyOffsets);
  const paramAt = builder.createByteVector(context.param);
  const algorithmAt = builder.createString(context.algorithm);
  builder.startObject(7);
  builder.addFieldInt32(5, context.batchSize ?? 1, 0);
  builder.addFieldInt32(4, context.uncompressedMessageSize, 0);
  builder.addFieldOffset(2, algorithmAt, 0);
  builder.addFieldOffset(1, paramAt, 0);
  builder.addFieldOffset(0, keysAt, 0);
  builder.addFieldInt8(6, context.batchSize === undefined ? 0 : 1, 0);
  builder.addFieldInt8(3, COMPRESSION[context.compressionType], 0);
  return builder.endObject();
}

function encryptionKey(builder: Builder, key: EncryptionContext['keys'][number]): Offset {
  const nameAt = builder.createString(key.name);
  const valueAt = builder.createByteVector(key.value);
  const metadataAt = keyValues(builder, key.metadata);
  builder.startObject(3);
  builder.addFieldOffset(0, nameAt, 0);
  builder.addFieldOffset(1, valueAt, 0);
  builder.addFieldOffset(2, metadataAt, 0);
  return builder.endObject();
}

function offsets(builder: Builder, of: readonly Offset[]): Offset {
  builder.startVector(4, of.length, 4);
  for (const offset of of.toReversed()) {
    builder.addOffset(offset);
  }
  return builder.endVector();
}
