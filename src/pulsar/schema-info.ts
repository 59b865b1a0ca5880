import { ConnectorError } from '../errors';
import { BYTES_SCHEMA, type Schema, type SchemaType } from '../io';
import type { SchemaData } from './protocol';

/** By their number on the wire. Source: enum Schema.Type of PulsarApi.proto. */
const TYPES: readonly SchemaType[] = [
  'BYTES',
  'STRING',
  'JSON',
  'PROTOBUF',
  'AVRO',
  'BOOLEAN',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FLOAT',
  'DOUBLE',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'KEY_VALUE',
  'INSTANT',
  'LOCAL_DATE',
  'LOCAL_TIME',
  'LOCAL_DATE_TIME',
  'PROTOBUF_NATIVE',
];

/**
 * A schema as a broker gives it.
 * @throws Error when it is a KEY_VALUE whose parts cannot be told apart.
 */
export function schemaOf({ name, schemaData, type, properties }: SchemaData): Schema {
  const kind = TYPES[type] ?? 'BYTES';
  const data = Buffer.from(schemaData.buffer, schemaData.byteOffset, schemaData.byteLength);
  if (kind !== 'KEY_VALUE') {
    return named(kind, name, data);
  }
  const of = new Map(properties?.map(({ key, value }) => [key, value]));
  const [keyData, valueData] = parts(data);
  return {
    type: kind,
    name,
    definition: '',
    keyValue: {
      key: part(of, 'key', keyData),
      value: part(of, 'value', valueData),
      encoding: of.get('kv.encoding.type') === 'SEPARATED' ? 'SEPARATED' : 'INLINE',
    },
  };
}

/**
 * A schema as a broker is told it; undefined for BYTES, which is no schema at all.
 * @throws ConnectorError NOT_AVAILABLE_YET for a KEY_VALUE.
 */
export function schemaDataOf({ type, name, definition }: Schema): SchemaData | undefined {
  if (type === 'KEY_VALUE') {
    throw new ConnectorError('NOT_AVAILABLE_YET', 'a producer cannot have a KEY_VALUE schema', {
      expected: 'a schema of the value alone',
      found: name,
    });
  }
  return type === 'BYTES'
    ? undefined
    : { name, schemaData: Buffer.from(definition), type: TYPES.indexOf(type), properties: [] };
}

function named(type: SchemaType, name: string, data: Buffer): Schema {
  return type === 'BYTES' && data.length === 0 ? BYTES_SCHEMA : { type, name, definition: data.toString() };
}

function part(properties: ReadonlyMap<string, string>, which: 'key' | 'value', data: Buffer): Schema {
  const type = properties.get(`${which}.schema.type`) as SchemaType;
  const name = properties.get(`${which}.schema.name`) ?? '';
  return TYPES.includes(type) ? named(type, name, data) : BYTES_SCHEMA;
}

/** Each part behind its length, negative for none. Source: Pulsar `KeyValueSchemaInfo.encodeKeyValueSchemaInfo`. */
function parts(data: Buffer): [Buffer, Buffer] {
  let at = 0;
  const next = (): Buffer => {
    const length = Math.max(0, data.readInt32BE(at));
    const start = at + 4;
    at = start + length;
    if (at > data.length) {
      throw new Error('the definition of a KEY_VALUE schema is cut off');
    }
    return data.subarray(start, at);
  };
  return [next(), next()];
}
