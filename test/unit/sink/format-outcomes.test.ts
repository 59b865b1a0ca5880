import fc from 'fast-check';
import { isConnectorError } from '../../../src/errors';
import type { EncryptionContext, SchemaType } from '../../../src/io';
import type { EntryMakerConfig } from '../../../src/sink/entry-maker';
import {
  entryOf,
  expandedPayload,
  failureOf,
  field,
  inlinePair,
  JSON_SCHEMA,
  keyValueSchema,
  type Message,
  schema,
  TOPIC,
} from './format-message';

const FORMATS = [
  'ONLY_RAW_PAYLOAD',
  'FULL_MESSAGE_IN_JSON',
  'FULL_MESSAGE_IN_FB',
  'FULL_MESSAGE_IN_JSON_EXPAND_VALUE',
] as const;

const ENCRYPTION: EncryptionContext = {
  keys: [{ name: 'k', value: Buffer.from('sealed'), metadata: {} }],
  param: Buffer.alloc(12),
  algorithm: 'RSA',
  compressionType: 'NONE',
  uncompressedMessageSize: 4,
  batchSize: undefined,
};

describe('ONLY_RAW_PAYLOAD', () => {
  it('hands on the very bytes, without a copy', () => {
    const value = Buffer.from([0, 0xff, 0x80]);
    expect(entryOf({}, { value }).data).toBe(value);
  });

  it('stores an empty record for a null value, and for an empty one', () => {
    expect(entryOf({}, {}).data).toHaveLength(0);
    expect(entryOf({}, { value: '' }).data).toHaveLength(0);
  });

  it('never decodes when no column needs it: a payload against its schema passes', () => {
    const value = Buffer.from('not JSON');
    for (const partitionColumn of [{ type: 'key' }, { type: 'topic' }, { type: 'default' }] as const) {
      expect(entryOf({ partitionColumn }, { value, key: 'k', schema: JSON_SCHEMA }).data).toBe(value);
    }
  });
});

describe('an encrypted message', () => {
  it.each(['FULL_MESSAGE_IN_JSON', 'FULL_MESSAGE_IN_FB'] as const)(
    'keeps its keys in %s',
    (messageFormat) => {
      expect(entryOf({ messageFormat }, { value: 'x', encryption: ENCRYPTION }).text).toContain('RSA');
    },
  );

  it.each(['ONLY_RAW_PAYLOAD', 'FULL_MESSAGE_IN_JSON_EXPAND_VALUE'] as const)(
    'is refused by %s, which nobody could read, with the formats that could',
    (messageFormat) => {
      expect(
        failureOf(() => entryOf({ messageFormat }, { value: 'x', encryption: ENCRYPTION })),
      ).toMatchObject({
        code: 'SINK_RECORD_INVALID',
        message: expect.stringContaining(TOPIC),
        hint: expect.stringContaining('FULL_MESSAGE_IN_JSON or FULL_MESSAGE_IN_FB'),
      });
    },
  );

  it('has no columns: it gets a random key', () => {
    const config = { messageFormat: 'FULL_MESSAGE_IN_JSON', partitionColumn: field('id') } as const;
    const made = entryOf(config, { value: '{"id":1}', schema: JSON_SCHEMA, encryption: ENCRYPTION });
    expect(made).toMatchObject({ keyed: false, missing: 1 });
  });
});

describe('FULL_MESSAGE_IN_JSON_EXPAND_VALUE', () => {
  it.each<[SchemaType, number, string]>([
    ['BOOLEAN', 1, '2 bytes'],
    ['INT8', 1, '2 bytes'],
    ['INT16', 2, '3 bytes'],
    ['INT32', 4, '5 bytes'],
    ['INT64', 8, '9 bytes'],
    ['FLOAT', 4, '5 bytes'],
    ['DOUBLE', 8, '9 bytes'],
    ['DATE', 8, '9 bytes'],
    ['TIME', 8, '9 bytes'],
    ['TIMESTAMP', 8, '9 bytes'],
    ['INSTANT', 12, '13 bytes'],
    ['LOCAL_DATE', 8, '9 bytes'],
    ['LOCAL_TIME', 8, '9 bytes'],
    ['LOCAL_DATE_TIME', 16, '17 bytes'],
  ])('takes %s of exactly %d bytes', (type, length, found) => {
    const of = (size: number): string => expandedPayload({ schema: schema(type), value: Buffer.alloc(size) });
    expect(() => JSON.parse(of(length))).not.toThrow();
    expect(failureOf(() => of(length + 1))).toMatchObject({ code: 'SINK_RECORD_INVALID', found });
    expect(failureOf(() => of(0))).toMatchObject({ code: 'SINK_RECORD_INVALID', found: '0 bytes' });
  });

  it.each<[SchemaType, string, string]>([
    ['INSTANT', 'ffffffffffffffff3b9ac9ff', '"1969-12-31T23:59:59.999999999Z"'],
    ['INSTANT', '00000000000000000000000a', '"1970-01-01T00:00:00.000000010Z"'],
    ['LOCAL_TIME', '00000000000f4240', '"00:00:00.001"'],
    ['LOCAL_DATE', 'fffffffffff50c60', '"0004-12-05"'],
    ['TIME', 'ffffffffffffffff', '"23:59:59"'],
  ])('writes %s %s as %s', (type, hex, written) => {
    expect(expandedPayload({ schema: schema(type), value: Buffer.from(hex, 'hex') })).toBe(written);
  });

  it.each<[SchemaType, string, string]>([
    ['INSTANT', '00000000000000003b9aca00', 'nanoseconds of a second'],
    ['LOCAL_TIME', 'ffffffffffffffff', 'nanoseconds of a day'],
    ['LOCAL_DATE', '7fffffffffffffff', 'a day within'],
    ['STRING', 'ff', 'STRING in UTF-8'],
  ])('refuses %s %s: it is no such value', (type, hex, expected) => {
    const value = Buffer.from(hex, 'hex');
    expect(failureOf(() => expandedPayload({ schema: schema(type), value }))).toMatchObject({
      code: 'SINK_RECORD_INVALID',
      expected: expect.stringContaining(expected),
    });
  });

  it.each<SchemaType>(['PROTOBUF', 'PROTOBUF_NATIVE'])(
    'cannot write %s, and says so with the topic',
    (type) => {
      expect(failureOf(() => expandedPayload({ schema: schema(type), value: 'x' }))).toMatchObject({
        code: 'SINK_SCHEMA_UNSUPPORTED',
        message: expect.stringContaining(TOPIC),
        found: expect.stringContaining(type),
      });
    },
  );

  it('says where a payload stops being JSON', () => {
    expect(failureOf(() => expandedPayload({ schema: JSON_SCHEMA, value: '{"a":1,}' }))).toMatchObject({
      code: 'SINK_RECORD_INVALID',
      message: expect.stringContaining(TOPIC),
      expected: 'JSON, here a member name',
      found: '"}" at character 7',
    });
  });

  it.each([
    ['', 'JSON, here a value'],
    ['{} {}', 'JSON, here the end'],
    ['\ufeff{}', 'JSON, here a value'],
  ])('refuses %j as JSON', (value, expected) => {
    expect(failureOf(() => expandedPayload({ schema: JSON_SCHEMA, value }))).toMatchObject({ expected });
  });
});

describe('KEY_VALUE payloads', () => {
  const text = schema('STRING');
  const inline = keyValueSchema(JSON_SCHEMA, text, 'INLINE');
  const separated = keyValueSchema(text, JSON_SCHEMA, 'SEPARATED');
  const pair = (key: string | undefined, value: string | undefined): Buffer =>
    inlinePair(
      key === undefined ? undefined : Buffer.from(key),
      value === undefined ? undefined : Buffer.from(value),
    );

  it('leave out a part that is null, of length −1 or, where nothing is that short, 0', () => {
    expect(expandedPayload({ schema: inline, value: pair(undefined, 'v') })).toBe('{"value":"v"}');
    expect(expandedPayload({ schema: inline, value: pair('', '') })).toBe('{"value":""}');
    expect(expandedPayload({ schema: inline, value: pair('1', undefined) })).toBe('{"key":1}');
  });

  it('take a separate key from the message key: base64 as Java sends it, or the text itself', () => {
    const written = (rest: Message): string =>
      entryOf(EXPANDED, { schema: separated, value: '{}', ...rest }).text;
    expect(written({ key: 'YWJj', keyIsBase64: true })).toContain('"payload":{"value":{},"key":"abc"}');
    expect(written({ key: 'YWJj' })).toContain('"key":"abc"}');
    expect(written({ key: 'YWJj', keyIsBase64: false })).toContain('"payload":{"value":{},"key":"YWJj"}');
    expect(written({})).toContain('"payload":{"value":{}}');
    expect(failureOf(() => written({ key: 'no base64' }))).toMatchObject({ code: 'SINK_RECORD_INVALID' });
  });

  it.each([
    ['00000005', 'KEY_VALUE, here a key of 5 bytes'],
    ['fffffffe', 'KEY_VALUE, here a key of -2 bytes'],
    ['0000', 'KEY_VALUE, here the length of the key'],
    ['00000000', 'KEY_VALUE, here the length of the value'],
    ['000000000000000000', 'KEY_VALUE, here the end'],
  ])('of bytes %s are refused', (hex, expected) => {
    const value = Buffer.from(hex, 'hex');
    expect(failureOf(() => expandedPayload({ schema: inline, value }))).toMatchObject({ expected });
  });
});

const EXPANDED = { messageFormat: 'FULL_MESSAGE_IN_JSON_EXPAND_VALUE' } as const;

describe('any message at all', () => {
  const AVRO = schema('AVRO', {
    type: 'record',
    name: 'Node',
    fields: [
      { name: 'id', type: ['null', 'string', 'long', 'double'] },
      { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
      { name: 'children', type: { type: 'array', items: 'Node' } },
      { name: 'tags', type: { type: 'map', values: 'boolean' } },
    ],
  });
  const primitives: SchemaType[] = [
    'BYTES',
    'STRING',
    'INT32',
    'DOUBLE',
    'TIME',
    'INSTANT',
    'LOCAL_DATE_TIME',
  ];
  const schemas = [
    ...primitives.map((type) => schema(type)),
    ...[JSON_SCHEMA, AVRO, schema('PROTOBUF'), schema('KEY_VALUE'), schema('AVRO', 'broken')],
    keyValueSchema(AVRO, JSON_SCHEMA, 'INLINE'),
    keyValueSchema(schema('BYTES'), schema('STRING'), 'SEPARATED'),
  ];
  // Lone surrogates and controls included.
  const text = fc.string({ unit: 'binary', maxLength: 300 }).map((any) => `${any}${any.charAt(0)}`);
  const configs: fc.Arbitrary<Partial<EntryMakerConfig>> = fc.record({
    messageFormat: fc.constantFrom(...FORMATS),
    jsonFlatten: fc.boolean(),
    jsonIncludeNonNulls: fc.boolean(),
    partitionColumn: fc.constantFrom<EntryMakerConfig['partitionColumn'][]>(
      field('id'),
      field('value', 'id'),
      { type: 'default' },
      { type: 'key' },
      { type: 'property', name: 'p' },
    ),
    explicitHashKeyColumn: fc.constantFrom(field('id'), { type: 'random' } as const),
  });
  const messages: fc.Arbitrary<Message> = fc.record(
    {
      schema: fc.constantFrom(...schemas),
      value: fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        fc.json(),
        fc.json().map((json) => `{"id":${json}}`),
        fc.array(fc.constantFrom(0, 1, 2, 3, 4, 255), { maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      ),
      key: text,
      keyIsBase64: fc.boolean(),
      properties: fc.dictionary(text, text, { maxKeys: 4 }),
      eventTime: fc.nat(),
      encryption: fc.constant(ENCRYPTION),
    },
    { requiredKeys: ['schema'] },
  );

  it('becomes an entry that Kinesis takes, or a ConnectorError of that record; nothing else is thrown', () => {
    fc.assert(
      fc.property(configs, messages, (config, of) => {
        try {
          const { partitionKey, explicitHashKey } = entryOf(config, of);
          expect(partitionKey.length).toBeGreaterThan(0);
          expect(partitionKey.length).toBeLessThanOrEqual(256);
          expect(Buffer.from(partitionKey, 'utf8').toString('utf8')).toBe(partitionKey);
          expect(BigInt(explicitHashKey ?? 0) < 2n ** 128n).toBe(true);
        } catch (error) {
          if (!isConnectorError(error, 'SINK_RECORD_INVALID', 'SINK_SCHEMA_UNSUPPORTED')) {
            throw error;
          }
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
