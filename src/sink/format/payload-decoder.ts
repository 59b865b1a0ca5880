import type { Schema } from '../../io';
import { avroDecoder } from './avro-decoder';
import { parseJson } from './json-parser';
import type { JsonObject, JsonValue } from './json-value';
import { PayloadError, SchemaError } from './payload-error';
import { primitiveDecoder } from './primitive-decoder';

/** What a decoder may need of a message beside its value. */
export interface MessageKey {
  readonly key?: string | undefined;
  readonly keyIsBase64?: boolean;
}

/** @throws PayloadError when the bytes do not follow the schema */
export type PayloadDecoder = (bytes: Buffer, message: MessageKey) => JsonValue;

/** Compiling an Avro schema costs more than decoding a message; consumers hand out one object a schema version. */
const compiled = new WeakMap<Schema, PayloadDecoder>();

/** @throws SchemaError when no value of this schema can be written as JSON */
export function payloadDecoder(schema: Schema): PayloadDecoder {
  let decoder = compiled.get(schema);
  if (decoder === undefined) {
    decoder = compile(schema);
    compiled.set(schema, decoder);
  }
  return decoder;
}

function compile(schema: Schema): PayloadDecoder {
  if (schema.type === 'JSON') {
    return parseJson;
  }
  if (schema.type === 'AVRO') {
    return avroDecoder(schema.definition);
  }
  if (schema.type === 'KEY_VALUE' && schema.keyValue !== undefined) {
    return keyValueDecoder(schema.keyValue);
  }
  const primitive = primitiveDecoder(schema.type);
  if (primitive === undefined) {
    throw new SchemaError(schema.type);
  }
  return primitive;
}

/** `{value, key}`, in this order: it is the one of the HashMap that the Java connector writes. */
function keyValueDecoder({ key, value, encoding }: NonNullable<Schema['keyValue']>): PayloadDecoder {
  const decodeKey = partDecoder(key);
  const decodeValue = partDecoder(value);
  const pair = (keyBytes: Buffer | undefined, valueBytes: Buffer | undefined): JsonObject => {
    const object: JsonObject = new Map();
    set(object, 'value', decodeValue(valueBytes));
    set(object, 'key', decodeKey(keyBytes));
    return object;
  };
  return encoding === 'SEPARATED'
    ? (bytes, message) => pair(keyBytes(message), bytes)
    : (bytes) => pair(...inlineParts(bytes));
}

function set(object: JsonObject, name: string, value: JsonValue | undefined): void {
  if (value !== undefined) {
    object.set(name, value);
  }
}

/** Clients write a null part as length −1 or, where no value is empty, as length 0. */
function partDecoder(schema: Schema): (bytes: Buffer | undefined) => JsonValue | undefined {
  const decode = payloadDecoder(schema);
  const emptyIsValue = schema.type === 'BYTES' || schema.type === 'STRING' || schema.type === 'AVRO';
  return (bytes) =>
    bytes === undefined || (bytes.length === 0 && !emptyIsValue) ? undefined : decode(bytes, {});
}

function keyBytes({ key, keyIsBase64 }: MessageKey): Buffer | undefined {
  if (key === undefined || keyIsBase64 === false) {
    return key === undefined ? undefined : Buffer.from(key, 'utf8');
  }
  const bytes = Buffer.from(key, 'base64');
  if (bytes.toString('base64') !== key) {
    throw new PayloadError('a message key in base64', 'other text');
  }
  return bytes;
}

/** Source: Pulsar, org.apache.pulsar.common.schema.KeyValue: 32-bit length and bytes of the key, then of the value. */
function inlineParts(bytes: Buffer): [key: Buffer | undefined, value: Buffer | undefined] {
  let at = 0;
  const part = (name: string): Buffer | undefined => {
    if (bytes.length - at < 4) {
      throw new PayloadError(`KEY_VALUE, here the length of the ${name}`, `the end at byte ${bytes.length}`);
    }
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length === -1) {
      return undefined;
    }
    if (length < 0 || length > bytes.length - at) {
      throw new PayloadError(`KEY_VALUE, here a ${name} of ${length} bytes`, `${bytes.length - at} bytes`);
    }
    at += length;
    return bytes.subarray(at - length, at);
  };
  const parts: [Buffer | undefined, Buffer | undefined] = [part('key'), part('value')];
  if (at < bytes.length) {
    throw new PayloadError('KEY_VALUE, here the end', `${bytes.length - at} more bytes at byte ${at}`);
  }
  return parts;
}
