import { isUtf8 } from 'node:buffer';
import type { SchemaType } from '../../io';
import { doubleValue, floatValue, JsonNumber, type JsonValue } from './json-value';
import { PayloadError } from './payload-error';

const MS_PER_DAY = 86_400_000;
const NANOS_PER_DAY = 86_400_000_000_000n;
/** Days of java.time.LocalDate that Date can show: ±100,000,000. */
const MAX_DAY = 100_000_000n;

interface Layout {
  /** Bytes of a value; any number when absent. */
  readonly length?: number;
  readonly decode: (bytes: Buffer) => JsonValue;
}

const number = (value: number | bigint): JsonNumber => new JsonNumber(String(value));

/**
 * Primitive types of Pulsar: big-endian, fixed length. Source: Pulsar, org.apache.pulsar.client.impl.schema.
 * What the Java connector writes: numbers; DATE and TIMESTAMP as epoch milliseconds; TIME as hh:mm:ss (in the zone of
 * its JVM; UTC here). It fails at the other four, which are ISO-8601 text here.
 */
const LAYOUTS: { readonly [type in SchemaType]?: Layout } = {
  BYTES: { decode: (bytes) => bytes.toString('base64') },
  STRING: { decode: utf8 },
  BOOLEAN: { length: 1, decode: (bytes) => bytes[0] !== 0 },
  INT8: { length: 1, decode: (bytes) => number(bytes.readInt8()) },
  INT16: { length: 2, decode: (bytes) => number(bytes.readInt16BE()) },
  INT32: { length: 4, decode: (bytes) => number(bytes.readInt32BE()) },
  INT64: { length: 8, decode: (bytes) => number(bytes.readBigInt64BE()) },
  FLOAT: { length: 4, decode: (bytes) => floatValue(bytes.readFloatBE()) },
  DOUBLE: { length: 8, decode: (bytes) => doubleValue(bytes.readDoubleBE()) },
  DATE: { length: 8, decode: (bytes) => number(bytes.readBigInt64BE()) },
  TIMESTAMP: { length: 8, decode: (bytes) => number(bytes.readBigInt64BE()) },
  TIME: {
    length: 8,
    decode: (bytes) => clockTime(modulo(bytes.readBigInt64BE(), BigInt(MS_PER_DAY)) / 1_000n),
  },
  INSTANT: { length: 12, decode: (bytes) => instant(bytes.readBigInt64BE(), bytes.readInt32BE(8)) },
  LOCAL_DATE: { length: 8, decode: (bytes) => isoDate(bytes.readBigInt64BE()) },
  LOCAL_TIME: { length: 8, decode: (bytes) => isoTime(bytes.readBigInt64BE()) },
  LOCAL_DATE_TIME: {
    length: 16,
    decode: (bytes) => `${isoDate(bytes.readBigInt64BE())}T${isoTime(bytes.readBigInt64BE(8))}`,
  },
};

/** The decoder of a primitive type, undefined for other types. It throws PayloadError. */
export function primitiveDecoder(type: SchemaType): ((bytes: Buffer) => JsonValue) | undefined {
  const layout = LAYOUTS[type];
  if (layout?.length === undefined) {
    return layout?.decode;
  }
  const { length, decode } = layout;
  return (bytes) => {
    if (bytes.length !== length) {
      throw new PayloadError(`${type}, ${length} bytes`, `${bytes.length} bytes`);
    }
    return decode(bytes);
  };
}

function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    throw new PayloadError('STRING in UTF-8', 'other bytes');
  }
  return bytes.toString('utf8');
}

/** Layout of java.time.LocalDate.toString for the years 0 to 9999; a sign and six digits beyond. */
function isoDate(day: bigint): string {
  if (day > MAX_DAY || day < -MAX_DAY) {
    throw new PayloadError(`a day within ±${MAX_DAY} of 1970`, String(day));
  }
  return new Date(Number(day) * MS_PER_DAY).toISOString().replace(/T.*/, '');
}

/** Layout of java.time.LocalTime.toString, but always with seconds; a fraction only when there is one. */
function isoTime(nanos: bigint): string {
  if (nanos < 0n || nanos >= NANOS_PER_DAY) {
    throw new PayloadError('nanoseconds of a day', String(nanos));
  }
  const fraction = String(nanos % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/(000){1,3}$/, '');
  return `${clockTime(nanos / 1_000_000_000n)}${fraction && `.${fraction}`}`;
}

function instant(seconds: bigint, nanos: number): string {
  if (nanos < 0 || nanos > 999_999_999) {
    throw new PayloadError('nanoseconds of a second', String(nanos));
  }
  const ofDay = modulo(seconds, 86_400n);
  const day = (seconds - ofDay) / 86_400n;
  return `${isoDate(day)}T${isoTime(ofDay * 1_000_000_000n + BigInt(nanos))}Z`;
}

function clockTime(seconds: bigint): string {
  const [h, m, s] = [seconds / 3_600n, (seconds / 60n) % 60n, seconds % 60n];
  return [h, m, s].map((part) => String(part).padStart(2, '0')).join(':');
}

function modulo(value: bigint, divisor: bigint): bigint {
  const rest = value % divisor;
  return rest < 0n ? rest + divisor : rest;
}
