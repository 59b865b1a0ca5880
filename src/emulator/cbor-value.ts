import { cbor, tag, tagSymbol } from '@smithy/core/cbor';
import { ServiceError, type WireTypes } from './service-model';

const NO_TYPES: WireTypes = { blobs: new Set(), timestamps: new Set() };

/** Tag of an instant. AWS means milliseconds by it, RFC 8949 seconds. Source: aws-sdk-java-v2, SdkCborGenerator. */
const EPOCH = 1;

interface Tagged {
  readonly tag: unknown;
  readonly value: unknown;
}

/**
 * What JSON would say in the place of these bytes: byte strings become base64, instants seconds.
 * @throws ServiceError SerializationException when it is no CBOR, or a byte string or an instant stands where none belongs,
 * or anything else where one does.
 */
export function readCbor(bytes: Uint8Array, types = NO_TYPES): unknown {
  let value: unknown;
  try {
    value = cbor.deserialize(bytes);
  } catch {
    throw serialization('The body is no CBOR.');
  }
  return toJson(value, '', types);
}

/** The CBOR of a JSON value; members that are undefined are left out, as JSON.stringify does. */
export function writeCbor(value: unknown, types = NO_TYPES): Uint8Array {
  return cbor.serialize(fromJson(value, '', types));
}

/** @param name of the member that holds the value; a list passes its own on. */
function toJson(value: unknown, name: string, types: WireTypes): unknown {
  if (value === null || value === undefined) {
    return null;
  }
  const isBlob = value instanceof Uint8Array;
  const isInstant = isTagged(value) && value.tag === EPOCH && typeof value.value === 'number';
  if (isBlob !== types.blobs.has(name) || isInstant !== types.timestamps.has(name)) {
    throw serialization(`The value of ${name === '' ? 'the body' : name} is of another type.`);
  }
  if (isBlob) {
    return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
  }
  if (isInstant) {
    return Number(value.value) / 1000;
  }
  if (Array.isArray(value)) {
    return value.map((member) => toJson(member, name, types));
  }
  return typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toJson(member, key, types)]))
    : value;
}

function fromJson(value: unknown, name: string, types: WireTypes): unknown {
  if (Array.isArray(value)) {
    return value.map((member) => fromJson(member, name, types));
  }
  if (typeof value === 'object' && value !== null) {
    const members: { [name: string]: unknown } = {};
    for (const [key, member] of Object.entries(value)) {
      if (member !== undefined) {
        members[key] = fromJson(member, key, types);
      }
    }
    return members;
  }
  if (typeof value === 'string' && types.blobs.has(name)) {
    return Buffer.from(value, 'base64');
  }
  return typeof value === 'number' && types.timestamps.has(name)
    ? tag({ tag: EPOCH, value: Math.round(value * 1000) })
    : value;
}

const isTagged = (value: object | number | string | boolean | bigint | symbol): value is Tagged =>
  typeof value === 'object' && tagSymbol in value;

const serialization = (message: string): ServiceError => new ServiceError('SerializationException', message);
