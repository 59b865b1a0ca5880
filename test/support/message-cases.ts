import { Type } from 'avsc';
import type { Schema } from '../../src/io';
import { randomInt, seededRandom } from '../../src/util/random';

/** Lower than Pulsar's own, so that chunks need not be large. */
export const MAX_MESSAGE_BYTES = 128 * 1024;

export type Compression = 'NONE' | 'LZ4' | 'ZLIB' | 'ZSTD' | 'SNAPPY';
export type Batching = 'none' | 'default' | 'key-based';
export type SchemaKind = 'BYTES' | 'STRING' | 'JSON' | 'AVRO' | 'KEY_VALUE INLINE' | 'KEY_VALUE SEPARATED';

export interface CaseMessage {
  readonly key?: string;
  readonly keyIsBase64?: boolean;
  readonly orderingKey?: string;
  readonly eventTime?: number;
  /** `number` is its place in the case. */
  readonly properties: { readonly [name: string]: string };
  /** As it lies in the topic; none: a null value. */
  readonly value?: Buffer;
  /** What the value says, where a schema says how. */
  readonly fields?: Flight;
}

interface Flight {
  readonly number: number;
  readonly origin: string;
}

/** Messages that one producer sends to one topic. */
export interface MessageCase {
  readonly name: string;
  readonly compression: Compression;
  readonly batching: Batching;
  readonly chunked: boolean;
  readonly schema: SchemaKind;
  readonly messages: readonly CaseMessage[];
}

const COMPRESSIONS: readonly Compression[] = ['NONE', 'LZ4', 'ZLIB', 'ZSTD', 'SNAPPY'];
const BATCHINGS: readonly Batching[] = ['none', 'default', 'key-based'];
const SCHEMAS: readonly SchemaKind[] = ['STRING', 'JSON', 'AVRO', 'KEY_VALUE INLINE', 'KEY_VALUE SEPARATED'];

/** What Pulsar's Java client makes of a class with these two fields. */
const FLIGHT = {
  type: 'record' as const,
  name: 'Flight',
  fields: [
    { name: 'number', type: 'int' },
    { name: 'origin', type: ['null', 'string'], default: null },
  ],
};

/** Every compression with every batching and in chunks, and every schema. */
export function messageCases(): MessageCase[] {
  return [
    ...COMPRESSIONS.flatMap((compression) =>
      BATCHINGS.map((batching) => bytesCase(compression, batching, keyedMessages())),
    ),
    ...COMPRESSIONS.map((compression) => ({
      ...bytesCase(compression, 'none', largeMessages()),
      name: `${compression}, chunks`,
      chunked: true,
    })),
    ...SCHEMAS.map((schema) => ({
      ...bytesCase('NONE', 'default', flightMessages(schema)),
      name: schema,
      schema,
    })),
  ];
}

function bytesCase(
  compression: Compression,
  batching: Batching,
  messages: readonly CaseMessage[],
): MessageCase {
  const name = `${compression}, batching ${batching}`;
  return { name, compression, batching, chunked: false, schema: 'BYTES', messages };
}

/** The schema as a producer of ours is told it. */
export function schemaOfKind(kind: SchemaKind): Schema {
  const structured = (type: 'JSON' | 'AVRO'): Schema => ({
    type,
    name: 'Flight',
    definition: JSON.stringify(FLIGHT),
  });
  switch (kind) {
    case 'BYTES':
      return { type: 'BYTES', name: 'bytes', definition: '' };
    case 'STRING':
      return STRING;
    case 'JSON':
    case 'AVRO':
      return structured(kind);
    case 'KEY_VALUE INLINE':
    case 'KEY_VALUE SEPARATED': {
      const encoding = kind === 'KEY_VALUE INLINE' ? 'INLINE' : 'SEPARATED';
      const keyValue = { key: STRING, value: structured('AVRO'), encoding } as const;
      return { type: 'KEY_VALUE', name: 'KeyValue', definition: '', keyValue };
    }
  }
}

const STRING: Schema = { type: 'STRING', name: 'String', definition: '' };

/** Every kind of key, of bytes and of field there is, some keys more than once. */
function keyedMessages(): CaseMessage[] {
  const random = seededRandom(11);
  const text = Buffer.from('ATL → SFO, 日本, 🛫; '.repeat(800));
  const noise = Buffer.from(Array.from({ length: 3000 }, () => randomInt(random, 256)));
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const binaryKey = Buffer.from('00ff80fe', 'hex').toString('base64');
  const messages: Omit<CaseMessage, 'properties'>[] = [
    { value: text },
    { key: 'customer-1', value: everyByte, eventTime: 1_700_000_000_123 },
    { key: 'ключ 日本 🛫', value: noise },
    { key: binaryKey, keyIsBase64: true, value: text },
    { key: 'customer-1', orderingKey: 'order-ü', value: Buffer.alloc(0) },
    { key: '', value: Buffer.of(0) },
    { orderingKey: 'order-ü', value: Buffer.from('of no key'), eventTime: 1 },
    { key: 'customer-1', value: text, eventTime: 4_102_444_800_000 },
    { key: 'ключ 日本 🛫' },
    { key: binaryKey, keyIsBase64: true, value: everyByte },
    { key: 'k'.repeat(256), value: Buffer.from('k') },
  ];
  const properties = { 'kinesis.partition.key': 'customer-1', 'имя 🛫': '日本', empty: '' };
  return messages.map((message, i) => numbered(message, i, i % 2 === 0 ? properties : {}));
}

/** Four times what the broker takes; half of it cannot be compressed. */
function largeMessages(): CaseMessage[] {
  const random = seededRandom(12);
  return [0, 1, 2].map((i) => {
    const value = Buffer.alloc(4 * MAX_MESSAGE_BYTES + i, 'flights ');
    for (let at = 0; at < value.length / 2; at += 4) {
      value.writeUInt32LE(randomInt(random, 2 ** 32), at);
    }
    return numbered({ key: `customer-${i}`, value, eventTime: 1_700_000_000_000 + i }, i, { i: String(i) });
  });
}

function flightMessages(kind: SchemaKind): CaseMessage[] {
  // Jackson writes characters beyond the first plane as escapes: other bytes for the same text.
  return ['ATL', 'SFO', 'Zürich', '日本'].map((origin, number) => {
    const fields = { number, origin };
    const separated = kind === 'KEY_VALUE SEPARATED';
    const key = separated
      ? { key: Buffer.from(origin).toString('base64'), keyIsBase64: true }
      : { key: origin };
    const inline = kind === 'KEY_VALUE INLINE';
    return numbered({ ...(inline ? {} : key), value: encoded(kind, fields), fields }, number, {});
  });
}

function numbered(
  message: Omit<CaseMessage, 'properties'>,
  number: number,
  properties: CaseMessage['properties'],
): CaseMessage {
  return { ...message, properties: { ...properties, number: String(number) } };
}

const AVRO = Type.forSchema(FLIGHT as Parameters<typeof Type.forSchema>[0]);

/** Source: Pulsar `JSONSchema`, `AvroSchema`, `KeyValue.encode`. */
function encoded(kind: SchemaKind, fields: Flight): Buffer {
  switch (kind) {
    case 'STRING':
      return Buffer.from(fields.origin);
    case 'JSON':
      return Buffer.from(JSON.stringify(fields));
    case 'KEY_VALUE INLINE':
      return Buffer.concat([Buffer.from(fields.origin), AVRO.toBuffer(fields)].flatMap(withLength));
    default:
      return AVRO.toBuffer(fields);
  }
}

function withLength(part: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return [length, part];
}
