/** What the service calls a message: a MessageIdData in base64. */
export function messageIdOf(
  entry: number,
  batch?: { readonly index: number; readonly size: number },
): string {
  const place = batch === undefined ? [] : [0x20, ...varint(batch.index)];
  const bytes = [0x08, 0, 0x10, ...varint(entry), ...place, 0x30, ...varint(batch?.size ?? 0)];
  return Buffer.from(bytes).toString('base64');
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
