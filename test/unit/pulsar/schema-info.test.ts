import fc from 'fast-check';
import { keyValueFields, type Schema } from '../../../src/io';
import { schemaDataOf, schemaOf } from '../../../src/pulsar/schema-info';
import { payloadDecoder } from '../../../src/sink/format/payload-decoder';

const sized = (text: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
};
const pairs = (values: object) => Object.entries(values).map(([key, value]) => ({ key, value }));

test.each([
  [0, 'BYTES'],
  [1, 'STRING'],
  [2, 'JSON'],
  [3, 'PROTOBUF'],
  [4, 'AVRO'],
  [5, 'BOOLEAN'],
  [9, 'INT64'],
  [14, 'TIMESTAMP'],
  [16, 'INSTANT'],
  [19, 'LOCAL_DATE_TIME'],
  [20, 'PROTOBUF_NATIVE'],
])('number %d on the wire is %s', (type, name) => {
  expect(schemaOf({ name: 's', schemaData: Buffer.from('{}'), type })).toEqual({
    type: name,
    name: 's',
    definition: '{}',
  });
});

test('a key-value schema is told with both its parts and how they travel', () => {
  const schema = schemaOf({
    name: 'kv',
    type: 15,
    schemaData: Buffer.concat([sized(''), sized('{"type":"record"}')]),
    properties: pairs({
      'key.schema.name': 'String',
      'key.schema.type': 'STRING',
      'key.schema.properties': '{}',
      'value.schema.name': 'Flight',
      'value.schema.type': 'AVRO',
      'value.schema.properties': '{}',
      'kv.encoding.type': 'SEPARATED',
    }),
  });
  expect(schema).toEqual({
    type: 'KEY_VALUE',
    name: 'kv',
    definition: '',
    keyValue: {
      key: { type: 'STRING', name: 'String', definition: '' },
      value: { type: 'AVRO', name: 'Flight', definition: '{"type":"record"}' },
      encoding: 'SEPARATED',
    },
  });
});

test('its parts without a type are bytes, inline unless it says otherwise', () => {
  const none = Buffer.alloc(4);
  none.writeInt32BE(-1);
  const { keyValue } = schemaOf({ name: 'kv', type: 15, schemaData: Buffer.concat([none, sized('')]) });
  expect(keyValue).toMatchObject({ key: { type: 'BYTES' }, value: { type: 'BYTES' }, encoding: 'INLINE' });
});

test('one that is cut off is an error', () => {
  expect(() => schemaOf({ name: 'kv', type: 15, schemaData: sized('abc').subarray(0, 6) })).toThrow(
    'cut off',
  );
});

const simple: fc.Arbitrary<Schema> = fc.record({
  type: fc.constantFrom('STRING', 'JSON', 'AVRO', 'INT32', 'PROTOBUF_NATIVE'),
  name: fc.string(),
  definition: fc.oneof(fc.constant(''), fc.json()),
});

test('what a broker is told of a schema is what it tells others', () => {
  const keyValue: fc.Arbitrary<Schema> = fc.record({
    type: fc.constant('KEY_VALUE'),
    name: fc.string(),
    definition: fc.constant(''),
    keyValue: fc.record({ key: simple, value: simple, encoding: fc.constantFrom('INLINE', 'SEPARATED') }),
  });
  fc.assert(
    fc.property(fc.oneof(simple, keyValue), (schema) => {
      const data = schemaDataOf(schema);
      expect(data && schemaOf(data)).toEqual(schema);
    }),
  );
});

test('bytes are no schema, and a key-value schema without its parts is none either', () => {
  expect(schemaDataOf({ type: 'BYTES', name: 'bytes', definition: '' })).toBeUndefined();
  expect(() => schemaDataOf({ type: 'KEY_VALUE', name: 'kv', definition: '' })).toThrow(
    expect.objectContaining({ code: 'PULSAR_SCHEMA_REFUSED' }),
  );
});

test('a key-value schema of no definitions lies in the bytes that Java has for it', () => {
  const string: Schema = { type: 'STRING', name: 'String', definition: '' };
  const schema: Schema = {
    type: 'KEY_VALUE',
    name: 'KeyValue',
    definition: '',
    keyValue: { key: string, value: string, encoding: 'INLINE' },
  };
  expect(schemaDataOf(schema)).toEqual({
    name: 'KeyValue',
    type: 15,
    schemaData: Buffer.alloc(8),
    properties: pairs({
      'key.schema.name': 'String',
      'key.schema.type': 'STRING',
      'key.schema.properties': '{}',
      'value.schema.name': 'String',
      'value.schema.type': 'STRING',
      'value.schema.properties': '{}',
      'kv.encoding.type': 'INLINE',
    }),
  });
});

test.each(['INLINE', 'SEPARATED'] as const)(
  'a sink reads the key and the value of an %s record',
  (encoding) => {
    const string: Schema = { type: 'STRING', name: 'String', definition: '' };
    const decode = payloadDecoder({
      type: 'KEY_VALUE',
      name: 'KeyValue',
      definition: '',
      keyValue: { key: string, value: string, encoding },
    });
    const text = fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined });
    fc.assert(
      fc.property(text, text, (key, value) => {
        const bytes = (part: string | undefined) => (part === undefined ? undefined : Buffer.from(part));
        const fields = keyValueFields({ key: bytes(key), value: bytes(value) }, encoding);
        const wanted: [string, string][] = [];
        if (value !== undefined || encoding === 'SEPARATED') {
          wanted.push(['value', value ?? '']);
        }
        if (key !== undefined) {
          wanted.push(['key', key]);
        }
        expect([...(decode(Buffer.from(fields.value), fields) as Map<string, unknown>)]).toEqual(wanted);
        expect(fields.key === undefined).toBe(encoding === 'INLINE' || key === undefined);
      }),
    );
  },
);
