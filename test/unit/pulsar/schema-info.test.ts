import { schemaOf } from '../../../src/pulsar/schema-info';

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
