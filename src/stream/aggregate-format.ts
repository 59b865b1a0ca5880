import { createHash, hash } from 'node:crypto';
import { tagOf, WIRE_BYTES, WIRE_VARINT } from './wire-reader';

/** First bytes of a KPL frame. Source: KPL aggregation format; its protobuf and an MD5 of that follow. */
export const MAGIC = Uint8Array.of(0xf3, 0x89, 0x9a, 0xc2);

/** Bytes of the MD5 behind the protobuf. */
export const DIGEST_BYTES = 16;

/** Fields of `AggregatedRecord`. */
export const FRAME = {
  partitionKey: tagOf(1, WIRE_BYTES),
  explicitHashKey: tagOf(2, WIRE_BYTES),
  record: tagOf(3, WIRE_BYTES),
} as const;

/** Fields of `Record`. */
export const RECORD = {
  partitionKeyIndex: tagOf(1, WIRE_VARINT),
  explicitHashKeyIndex: tagOf(2, WIRE_VARINT),
  data: tagOf(3, WIRE_BYTES),
  tag: tagOf(4, WIRE_BYTES),
} as const;

/** Field of `Tag`: names of users' own; nobody is known to write them. */
export const TAG_KEY = tagOf(1, WIRE_BYTES);

/** Whether `data` begins like a frame and is long enough for one. Source: KCL `AggregatorUtil.deaggregate`. */
export function beginsLikeFrame(data: Uint8Array): boolean {
  return (
    data[0] === MAGIC[0] &&
    data[1] === MAGIC[1] &&
    data[2] === MAGIC[2] &&
    data[3] === MAGIC[3] &&
    data.length > MAGIC.length + DIGEST_BYTES
  );
}

export const digestOf: (bytes: Uint8Array) => Buffer =
  // From Node 20.12 on.
  typeof hash === 'function'
    ? (bytes) => hash('md5', bytes, 'buffer')
    : (bytes) => createHash('md5').update(bytes).digest();
