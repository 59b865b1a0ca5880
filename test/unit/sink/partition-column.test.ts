import { createHash } from 'node:crypto';
import { Type } from 'avsc';
import type { PartitionColumn } from '../../../src/config';
import { createEntryMaker } from '../../../src/sink/entry-maker';
import { evenRanges, hashKeyOf } from '../../../src/stream/hash-key';
import { type Random, seededRandom, systemRandom } from '../../../src/util/random';
import {
  entryOf,
  failureOf,
  field,
  inlinePair,
  JSON_SCHEMA,
  keyValueSchema,
  type MadeEntry,
  type Message,
  message,
  schema,
  TOPIC,
} from './format-message';

const DEFAULT: PartitionColumn = { type: 'default' };
const KEY: PartitionColumn = { type: 'key' };

const made = (partitionColumn: PartitionColumn, of: Message): MadeEntry => entryOf({ partitionColumn }, of);
const json = (value: unknown): Message => ({
  schema: JSON_SCHEMA,
  value: typeof value === 'string' ? value : JSON.stringify(value),
});
const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

describe('an explicit partition column', () => {
  it.each<[string, PartitionColumn, Message, string]>([
    ['a field', field('id'), json({ id: 'c-1' }), 'c-1'],
    ['a nested field', field('customer', 'id'), json({ customer: { id: 'c-1' } }), 'c-1'],
    ['a field whose name holds a dot', field('a.b'), json({ 'a.b': 'c-1' }), 'c-1'],
    ['a number, every digit of it', field('id'), json('{"id":9007199254740993}'), '9007199254740993'],
    ['a fraction', field('id'), json('{"id":1.50}'), '1.5'],
    ['a boolean', field('id'), json({ id: false }), 'false'],
    ['an object, whatever its order', field('id'), json({ id: { b: 1, a: [null] } }), '{"a":[null],"b":1}'],
    ['a property', { type: 'property', name: 'tenant' }, { properties: { tenant: 't-1' } }, 't-1'],
    ['the key', KEY, { key: 'k-1' }, 'k-1'],
    ['a base64 key, as it stands', KEY, { key: 'a2V5', keyIsBase64: true }, 'a2V5'],
    ['the topic', { type: 'topic' }, {}, TOPIC],
    ['a field of JSON in bytes without a schema', field('id'), { value: ' {"id":"c-1"}' }, 'c-1'],
    ['a field of JSON in text', field('id'), { schema: schema('STRING'), value: '{"id":7}' }, '7'],
  ])('gives %s', (_, column, of, key) => {
    expect(made(column, of)).toMatchObject({ partitionKey: key, keyed: true, missing: 0 });
  });

  const order = {
    type: 'record',
    name: 'Order',
    fields: [
      { name: 'id', type: 'long' },
      {
        name: 'customer',
        type: ['null', { type: 'record', name: 'C', fields: [{ name: 'name', type: 'string' }] }],
      },
    ],
  };
  const avroType = Type.forSchema(order as never, { wrapUnions: 'always' });
  const avro = (value: unknown): Message => ({
    schema: schema('AVRO', order),
    value: avroType.toBuffer(value),
  });

  it('gives fields of Avro records', () => {
    const of = avro({ id: 12, customer: { C: { name: 'ada' } } });
    expect(made(field('id'), of).partitionKey).toBe('12');
    expect(made(field('customer', 'name'), of).partitionKey).toBe('ada');
  });

  it('gives both sides of a key-value pair, and JSON inside them', () => {
    const parts = keyValueSchema(schema('STRING'), schema('BYTES'), 'INLINE');
    const of = { schema: parts, value: inlinePair(Buffer.from('k-1'), Buffer.from('{"id":"v-1"}')) };
    expect(made(field('key'), of).partitionKey).toBe('k-1');
    expect(made(field('value', 'id'), of).partitionKey).toBe('v-1');
    expect(made(field('value'), { ...of, value: inlinePair(undefined, Buffer.from([1])) }).missing).toBe(1);
  });

  it.each<[string, PartitionColumn, Message]>([
    ['no such field', field('nobody'), json({ id: 1 })],
    ['nothing below a text', field('id', 'more'), json({ id: 'c-1' })],
    ['nothing below an array', field('id', '0'), json({ id: ['c-1'] })],
    ['a null field', field('id'), json({ id: null })],
    ['an empty field', field('id'), json({ id: '' })],
    ['a name that every object has', field('constructor'), json({})],
    ['a null value', field('id'), { schema: JSON_SCHEMA }],
    ['a null branch of Avro', field('customer', 'name'), avro({ id: 1, customer: null })],
    ['bytes that are not JSON', field('id'), { value: Buffer.from([0x7b, 0xff]) }],
    ['text that is not JSON', field('id'), { schema: schema('STRING'), value: '{id}' }],
    ['a payload that is a number', field('id'), { schema: schema('INT32'), value: Buffer.alloc(4) }],
    ['no such property', { type: 'property', name: 'toString' }, { properties: { a: '1' } }],
    ['an empty property', { type: 'property', name: 'a' }, { properties: { a: '' } }],
    ['no key', KEY, {}],
    ['an empty key', KEY, { key: '' }],
  ])('that finds %s gives a random key, and the miss is told', (_, column, of) => {
    const entry = made(column, of);
    expect(entry).toMatchObject({ keyed: false, missing: 1 });
    expect(entry.partitionKey).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each([
    ['JSON', JSON_SCHEMA, 'SINK_RECORD_INVALID'],
    ['AVRO', schema('AVRO', '"long"'), 'SINK_RECORD_INVALID'],
    ['PROTOBUF', schema('PROTOBUF'), 'SINK_SCHEMA_UNSUPPORTED'],
  ])('cannot be looked for in a payload that is not %s as its schema says', (_, of, code) => {
    const value = Buffer.from([0xff]);
    expect(failureOf(() => made(field('id'), { schema: of, value }))).toMatchObject({ code });
  });
});

describe('no partition column', () => {
  it.each<[string, Message, string]>([
    ['the message key', { ...json({ a: 'text' }), key: 'k-1' }, 'k-1'],
    ['the first text of a JSON object, in document order', json('{"n":1,"10":"b","2":"a"}'), 'b'],
    ['the first text that is not empty', json({ a: '', b: null, c: 'c-1' }), 'c-1'],
    ['the payload when the key is empty', { ...json({ a: 'text' }), key: '' }, 'text'],
  ])('takes %s', (_, of, key) => {
    expect(made(DEFAULT, of)).toMatchObject({ partitionKey: key, keyed: true, missing: 0 });
  });

  it('takes the first text of an Avro record, in schema order', () => {
    const type = {
      type: 'record',
      name: 'R',
      fields: [
        { name: 'n', type: 'int' },
        { name: 'z', type: ['null', 'string'] },
        { name: 'a', type: 'string' },
      ],
    };
    const value = Type.forSchema(type as never, { wrapUnions: 'always' }).toBuffer({
      n: 1,
      z: { string: 'zz' },
      a: 'aa',
    });
    expect(made(DEFAULT, { schema: schema('AVRO', type), value }).partitionKey).toBe('zz');
  });

  it.each([
    ['its key', Buffer.from('{"a":"k"}'), '{"a":"v"}', 'k'],
    ['its value when the key has no text', Buffer.from('{"a":1}'), '{"a":"v"}', 'v'],
    ['its value when there is no key', undefined, '{"a":"v"}', 'v'],
    ['a key that is no object', Buffer.from('17'), '{"a":"v"}', '17'],
  ])('takes of a key-value pair %s', (_, key, value, expected) => {
    const of = {
      schema: keyValueSchema(JSON_SCHEMA, JSON_SCHEMA, 'INLINE'),
      value: inlinePair(key, Buffer.from(value)),
    };
    expect(made(DEFAULT, of).partitionKey).toBe(expected);
  });

  it.each<[string, Message]>([
    ['a payload without text', json({ a: 1, b: { c: 'nested' } })],
    ['a payload that is no object', json('"text"')],
    ['a null value', { schema: JSON_SCHEMA }],
    ['text without a structure', { schema: schema('STRING'), value: '{"a":"text"}' }],
    ['bytes', { value: '{"a":"text"}' }],
    ['a payload against its schema: nobody asked for a column', json('{broken')],
    ['a schema that cannot be read', { schema: schema('PROTOBUF'), value: 'x' }],
  ])('gives %s a random key, which is no miss', (_, of) => {
    expect(made(DEFAULT, of)).toMatchObject({ keyed: false, missing: 0 });
  });
});

describe('a partition key', () => {
  it('of 256 characters stays, a longer one becomes its SHA-256', () => {
    const fits = 'ä'.repeat(256);
    expect(made(KEY, { key: fits }).partitionKey).toBe(fits);
    expect(made(KEY, { key: `${fits}x` })).toMatchObject({ partitionKey: sha256(`${fits}x`), keyed: true });
  });

  it('counts UTF-16 units, of which there are never fewer than characters', () => {
    const fits = '😀'.repeat(128);
    expect(made(KEY, { key: fits }).partitionKey).toBe(fits);
    expect(made(KEY, { key: `${fits}😀` }).partitionKey).toBe(sha256(`${fits}😀`));
  });

  it('with a lone surrogate, which UTF-8 cannot carry, becomes a hash; control characters stay', () => {
    expect(made(KEY, { key: 'a\ud800' }).partitionKey).toMatch(/^[0-9a-f]{64}$/);
    expect(made(KEY, { key: 'a\u0000\n\u007f' }).partitionKey).toBe('a\u0000\n\u007f');
  });

  it.each<[string, Random]>([
    ['a seeded generator', seededRandom(7)],
    ['the real one', systemRandom],
  ])('of unkeyed messages is spread evenly over shards, by chi-square, with %s', (_, random) => {
    const shards = evenRanges(64);
    const maker = createEntryMaker(
      {
        messageFormat: 'ONLY_RAW_PAYLOAD',
        jsonIncludeNonNulls: true,
        jsonFlatten: false,
        partitionColumn: DEFAULT,
      },
      random,
    );
    const records = 32_000;
    const counts = shards.map(() => 0);
    const keys = new Set<string>();
    for (let i = 0; i < records; i++) {
      const { partitionKey } = maker.make(message({ value: 'x' }));
      keys.add(partitionKey);
      const hash = hashKeyOf(partitionKey);
      const shard = shards.findIndex(({ start, end }) => hash >= start && hash <= end);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    const mean = records / shards.length;
    const chiSquare = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
    expect(keys.size).toBe(records);
    // 63 degrees of freedom: exceeded by an even spread once in 10^7 times.
    expect(chiSquare).toBeLessThan(142);
  });
});

describe('the explicit hash key', () => {
  const of = (hash: unknown): string | undefined =>
    entryOf({ explicitHashKeyColumn: field('hash') }, json(`{"hash":${JSON.stringify(hash)}}`))
      .explicitHashKey;
  const raw = (hash: string): string | undefined =>
    entryOf({ explicitHashKeyColumn: field('hash') }, json(`{"hash":${hash}}`)).explicitHashKey;
  const MAX = String(2n ** 128n - 1n);

  it('is a decimal number up to 2^128 − 1, as text or as a JSON number, every digit of it', () => {
    for (const hash of ['0', '7', MAX]) {
      expect(of(hash)).toBe(hash);
      expect(raw(hash)).toBe(hash);
    }
  });

  it.each([[String(2n ** 128n)], ['-1'], ['1.5'], ['1e3'], ['007'], ['ff'], [' 1'], ['9'.repeat(200)]])(
    'is never %s: the record is refused, and the topic named',
    (hash) => {
      expect(failureOf(() => of(hash))).toMatchObject({
        code: 'SINK_RECORD_INVALID',
        message: expect.stringContaining(TOPIC),
        expected: 'a decimal number from 0 to 2^128 − 1',
      });
    },
  );

  it.each(['null', '""'])('is absent when the column is %s, or not there', (hash) => {
    expect(raw(hash)).toBeUndefined();
    expect(entryOf({ explicitHashKeyColumn: field('other') }, json({})).explicitHashKey).toBeUndefined();
  });

  it('is fresh a record when it is random', () => {
    const maker = createEntryMaker(
      {
        messageFormat: 'ONLY_RAW_PAYLOAD',
        jsonIncludeNonNulls: true,
        jsonFlatten: false,
        partitionColumn: KEY,
        explicitHashKeyColumn: { type: 'random' },
      },
      seededRandom(1),
    );
    const keys = Array.from({ length: 100 }, () => maker.make(message({ key: 'k' })).explicitHashKey);
    expect(new Set(keys).size).toBe(100);
    expect(keys.every((key) => BigInt(key ?? -1) < 2n ** 128n)).toBe(true);
  });
});
