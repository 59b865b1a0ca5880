import { ConnectorError } from '../errors';
import { BYTES_SCHEMA, type Schema, type SchemaType } from '../io';
import { encodeParts } from '../io/key-value';
import type { SchemaData } from './protocol';

type KeyValueSchema = NonNullable<Schema['keyValue']>;

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
 * @throws ConnectorError PULSAR_SCHEMA_REFUSED for a KEY_VALUE without its parts.
 */
export function schemaDataOf(schema: Schema): SchemaData | undefined {
  const { type, name, definition, keyValue } = schema;
  if (type === 'BYTES') {
    return undefined;
  }
  if (type === 'KEY_VALUE' && keyValue === undefined) {
    throw new ConnectorError(
      'PULSAR_SCHEMA_REFUSED',
      `the KEY_VALUE schema ${name} names no schemas of key and value`,
    );
  }
  return {
    name,
    type: TYPES.indexOf(type),
    ...(keyValue === undefined
      ? { schemaData: Buffer.from(definition), properties: [] }
      : keyValueData(keyValue)),
  };
}

/** Source: Pulsar `KeyValueSchemaInfo.encodeKeyValueSchemaInfo`. */
function keyValueData({
  key,
  value,
  encoding,
}: KeyValueSchema): Pick<SchemaData, 'schemaData' | 'properties'> {
  return {
    schemaData: encodeParts(Buffer.from(key.definition), Buffer.from(value.definition)),
    properties: [
      ...partProperties('key', key),
      ...partProperties('value', value),
      { key: 'kv.encoding.type', value: encoding },
    ],
  };
}

function partProperties(which: 'key' | 'value', { type, name }: Schema) {
  return [
    { key: `${which}.schema.name`, value: name },
    { key: `${which}.schema.type`, value: type },
    { key: `${which}.schema.properties`, value: '{}' },
  ];
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
