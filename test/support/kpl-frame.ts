import { createHash } from 'node:crypto';

/** Protobuf by hand, well-formed or not. */
export const wire = {
  varint(value: number | bigint): Buffer {
    const bytes: number[] = [];
    let left = BigInt(value);
    for (; left > 0x7fn; left >>= 7n) {
      bytes.push(Number(left & 0x7fn) | 0x80);
    }
    return Buffer.from([...bytes, Number(left)]);
  },
  tag: (field: number, type: number): Buffer => wire.varint((BigInt(field) << 3n) | BigInt(type)),
  number: (field: number, value: number | bigint): Buffer =>
    Buffer.concat([wire.tag(field, 0), wire.varint(value)]),
  bytes: (field: number, value: Uint8Array | string): Buffer => {
    const content = Buffer.from(value as string);
    return Buffer.concat([wire.tag(field, 2), wire.varint(content.length), content]);
  },
};

/** A `Record` of a frame. */
export function subRecord(
  partitionKeyIndex: number | bigint,
  data: Uint8Array | string,
  explicitHashKeyIndex?: number | bigint,
): Buffer {
  return wire.bytes(
    3,
    Buffer.concat([
      wire.number(1, partitionKeyIndex),
      ...(explicitHashKeyIndex === undefined ? [] : [wire.number(2, explicitHashKeyIndex)]),
      wire.bytes(3, data),
    ]),
  );
}

/** A KPL frame around `parts` of protobuf, with the right MD5. */
export function frameOf(...parts: readonly Uint8Array[]): Buffer {
  const protobuf = Buffer.concat(parts);
  return Buffer.concat([
    Buffer.from('f3899ac2', 'hex'),
    protobuf,
    createHash('md5').update(protobuf).digest(),
  ]);
}

/** A frame of `payloads`, all of one partition key. */
export function frameOfKey(partitionKey: string, payloads: readonly string[]): Buffer {
  return frameOf(wire.bytes(1, partitionKey), ...payloads.map((payload) => subRecord(0, payload)));
}
