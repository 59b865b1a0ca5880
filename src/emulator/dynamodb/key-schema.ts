import { type AttributeValue, type Item, readItem, typeOf } from './attribute-value';
import { invalidParameter, validation } from './failure';

export interface KeyAttribute {
  readonly name: string;
  readonly type: 'S' | 'N' | 'B';
}

/** The key of a table or of an index. */
export interface KeySchema {
  readonly hash: KeyAttribute;
  readonly range: KeyAttribute | undefined;
}

/** Longest key values, bytes. Source: Developer Guide, "Service quotas". */
const MAX_HASH_BYTES = 2048;
const MAX_RANGE_BYTES = 1024;

export function keyAttributes({ hash, range }: KeySchema): readonly KeyAttribute[] {
  return range === undefined ? [hash] : [hash, range];
}

/** The key as the caller gave it. */
export function readKey(raw: unknown, schema: KeySchema): Item {
  const key = readItem(raw);
  const attributes = keyAttributes(schema);
  const fits =
    Object.keys(key).length === attributes.length &&
    attributes.every(({ name, type }) => hasType(key[name], type));
  if (!fits) {
    throw validation('The provided key element does not match the schema');
  }
  checkValues(key, schema);
  return key;
}

/** Refuses an item that lacks its key, or has it with the wrong type or empty. */
export function checkItemKey(item: Item, schema: KeySchema): void {
  for (const { name, type } of keyAttributes(schema)) {
    const value = item[name];
    if (value === undefined) {
      throw invalidParameter(`Missing the key ${name} in the item`);
    }
    if (!hasType(value, type)) {
      throw invalidParameter(`Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`);
    }
  }
  checkValues(item, schema);
}

/** An item may lack an index key (then it is not in the index), but not have it with a wrong type or empty. */
export function checkIndexKey(item: Item, schema: KeySchema, index: string): void {
  for (const { name, type } of keyAttributes(schema)) {
    const value = item[name];
    if (value === undefined) {
      continue;
    }
    if (!hasType(value, type)) {
      const actual = typeOf(value);
      throw invalidParameter(
        `Type mismatch for Index Key ${name} Expected: ${type} Actual: ${actual} IndexName: ${index}`,
      );
    }
    if (isEmpty(value)) {
      throw validation(
        'One or more parameter values are not valid. A value specified for a secondary index key is not supported. ' +
          `The AttributeValue for a key attribute cannot contain an empty ${kindOf(type)} value. ` +
          `IndexName: ${index}, IndexKey: ${name}`,
      );
    }
  }
}

/** Whether an item has the key of an index; what was there before the index was made may have it in another type. */
export function hasKey(item: Item, schema: KeySchema): boolean {
  return keyAttributes(schema).every(({ name, type }) => {
    const value = item[name];
    return value !== undefined && hasType(value, type) && !isEmpty(value);
  });
}

function hasType(value: AttributeValue | undefined, type: string): boolean {
  return value !== undefined && typeOf(value) === type;
}

const kindOf = (type: string): string => (type === 'S' ? 'string' : 'binary');

const isEmpty = (value: AttributeValue): boolean =>
  ('S' in value && value.S === '') || ('B' in value && value.B === '');

function checkValues(item: Item, schema: KeySchema): void {
  for (const { name, type } of keyAttributes(schema)) {
    const value = item[name];
    if (value !== undefined && isEmpty(value)) {
      throw validation(
        'One or more parameter values are not valid. ' +
          `The AttributeValue for a key attribute cannot contain an empty ${kindOf(type)} value. Key: ${name}`,
      );
    }
  }
  if (byteLength(item[schema.hash.name]) > MAX_HASH_BYTES) {
    throw invalidParameter(`Size of hashkey has exceeded the maximum size limit of${MAX_HASH_BYTES} bytes`);
  }
  if (schema.range !== undefined && byteLength(item[schema.range.name]) > MAX_RANGE_BYTES) {
    throw invalidParameter(
      `Aggregated size of all range keys has exceeded the size limit of ${MAX_RANGE_BYTES} bytes`,
    );
  }
}

function byteLength(value: AttributeValue | undefined): number {
  if (value === undefined) {
    return 0;
  }
  return 'S' in value ? Buffer.byteLength(value.S) : 'B' in value ? Buffer.byteLength(value.B, 'base64') : 0;
}
