/** Key and value of a message with a KEY_VALUE schema; undefined for none, which is not an empty one. */
export interface KeyValue {
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array | undefined;
}

/** Length of a part that is not there. */
const NONE = -1;

/**
 * What a record with a KEY_VALUE schema has as its `key`, `keyIsBase64` and `value`. SEPARATED: key and value in their
 * places, the key in base64. INLINE: each behind its length in the value, and no key; brokers and Key_Shared readers
 * see none.
 * Source: Pulsar `KeyValueSchemaImpl`, `org.apache.pulsar.common.schema.KeyValue.encode`.
 */
export function keyValueFields(
  { key, value }: KeyValue,
  encoding: 'INLINE' | 'SEPARATED',
): { readonly key: string | undefined; readonly keyIsBase64: boolean; readonly value: Uint8Array } {
  if (encoding === 'SEPARATED') {
    const base64 = key && Buffer.from(key.buffer, key.byteOffset, key.length).toString('base64');
    return { key: base64, keyIsBase64: key !== undefined, value: value ?? new Uint8Array() };
  }
  return { key: undefined, keyIsBase64: false, value: encodeParts(key, value) };
}

/** Each part behind its length in four bytes. */
export function encodeParts(...parts: readonly (Uint8Array | undefined)[]): Uint8Array {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(part?.length ?? NONE);
      return part === undefined ? [length] : [length, part];
    }),
  );
}
