import { Type } from 'avsc';
import fc from 'fast-check';
import { avroDecoder } from '../../../src/sink/format/avro-decoder';
import { javaDouble, javaFloat } from '../../../src/sink/format/java-number';
import { JsonNumber, type JsonValue } from '../../../src/sink/format/json-value';
import { expandedPayload, failureOf, schema } from './format-message';

interface Sample {
  readonly schema: unknown;
  /** As avsc takes it. */
  readonly value: unknown;
  /** As we decode it. */
  readonly decoded: JsonValue;
}

let names = 0;
const fresh = (prefix: string): string => `${prefix}${names++}`;

const sample = (of: unknown, value: unknown, decoded: JsonValue): Sample => ({ schema: of, value, decoded });

const text = fc.string({ unit: 'grapheme', maxLength: 10 });
const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.constant(sample('null', null, null)),
  fc.boolean().map((value) => sample('boolean', value, value)),
  fc.integer().map((value) => sample('int', value, new JsonNumber(String(value)))),
  // avsc itself loses the last bit beyond 2^52; the exact ends are below.
  fc
    .integer({ min: -(2 ** 51), max: 2 ** 51 })
    .map((value) => sample('long', value, new JsonNumber(String(value)))),
  fc
    .float({ noNaN: true, noDefaultInfinity: true })
    .map((value) => sample('float', value, new JsonNumber(javaFloat(value), javaDouble(value)))),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => sample('double', value, new JsonNumber(javaDouble(value)))),
  text.map((value) => sample('string', value, value)),
  fc.uint8Array({ maxLength: 9 }).map((value) => {
    const bytes = Buffer.from(value);
    return sample('bytes', bytes, bytes.toString('base64'));
  }),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((value) => {
    const bytes = Buffer.from(value);
    return sample({ type: 'fixed', name: fresh('F'), size: 4 }, bytes, bytes.toString('base64'));
  }),
  fc
    .constantFrom('A', 'B', 'C')
    .map((symbol) => sample({ type: 'enum', name: fresh('E'), symbols: ['A', 'B', 'C'] }, symbol, symbol)),
);

const { value: anySample } = fc.letrec<{ value: Sample }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('value').chain((item) =>
      fc.nat({ max: 3 }).map((count) => {
        const repeat = <T>(of: T): T[] => Array.from({ length: count }, () => of);
        return sample({ type: 'array', items: item.schema }, repeat(item.value), repeat(item.decoded));
      }),
    ),
    tie('value').chain((item) =>
      fc
        .uniqueArray(fc.stringMatching(/^[a-z]{1,5}$/), { maxLength: 3 })
        .map((keys) =>
          sample(
            { type: 'map', values: item.schema },
            Object.fromEntries(keys.map((key) => [key, item.value])),
            new Map(keys.map((key) => [key, item.decoded])),
          ),
        ),
    ),
    fc.array(tie('value'), { maxLength: 4 }).map((fields) => {
      const named = fields.map((field, index) => ({ ...field, name: `f${index}` }));
      return sample(
        { type: 'record', name: fresh('R'), fields: named.map((f) => ({ name: f.name, type: f.schema })) },
        Object.fromEntries(named.map((f) => [f.name, f.value])),
        new Map(named.map((f) => [f.name, f.decoded])),
      );
    }),
  ),
}));

/** In a union with null and, where that is no clash, a string in front, written as avsc wraps branches. */
const inUnion = anySample
  .filter(({ schema: of }) => of !== 'null' && of !== 'string' && !Array.isArray(of))
  .map(({ schema: of, value, decoded }) => {
    const branch = Type.forSchema(of as never).branchName ?? '';
    return sample(['null', 'string', of], { [branch]: value }, decoded);
  });

const encode = ({ schema: of, value }: Sample): Buffer =>
  Type.forSchema(of as never, { wrapUnions: 'always' }).toBuffer(value);

describe('AVRO payloads', () => {
  it('decode to what avsc encoded, for any schema and value', () => {
    fc.assert(
      fc.property(fc.oneof(anySample, inUnion), (any) => {
        expect(avroDecoder(JSON.stringify(any.schema))(encode(any))).toEqual(any.decoded);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused, never misread, when the end is missing or something follows it', () => {
    fc.assert(
      fc.property(anySample, fc.nat(), (any, cut) => {
        const bytes = encode(any);
        const decode = avroDecoder(JSON.stringify(any.schema));
        expect(failureOf(() => decode(Buffer.concat([bytes, Buffer.of(0)])))).toMatchObject({
          found: `1 more bytes at byte ${bytes.length}`,
        });
        if (bytes.length > 0) {
          expect(failureOf(() => decode(bytes.subarray(0, cut % bytes.length)))).toMatchObject({
            expected: expect.stringMatching(/^Avro, here /),
          });
        }
      }),
      { numRuns: 200 },
    );
  });

  const decodeOne = (type: unknown, hex: string): string =>
    expandedPayload({ schema: schema('AVRO', JSON.stringify(type)), value: Buffer.from(hex, 'hex') });

  it.each([
    ['the largest long', 'feffffffffffffffff01', '9223372036854775807'],
    ['the smallest long', 'ffffffffffffffffff01', '-9223372036854775808'],
    ['2^53 + 1', '8280808080808020', '9007199254740993'],
    ['−2^48', 'ffffffffffff7f', '-281474976710656'],
    ['−1', '01', '-1'],
  ])('keep every digit of %s', (_, hex, written) => {
    expect(decodeOne('long', hex)).toBe(written);
  });

  const decimal = { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 2 };
  const uuid = { type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' };

  it.each([
    ['a decimal, exactly', decimal, '120123456789abcdef01', '209882954794206451.21'],
    ['a negative decimal', decimal, '02ff', '-0.01'],
    ['a decimal of no bytes', decimal, '00', '0.00'],
    ['a decimal with a scale that is none as its bytes', { ...decimal, scale: -1 }, '02ff', '"/w=="'],
    ['a date as days', { type: 'int', logicalType: 'date' }, '02', '1'],
    ['a local timestamp as its number', { type: 'long', logicalType: 'local-timestamp-micros' }, '02', '1'],
    ['a UUID of text', { type: 'string', logicalType: 'uuid' }, '0461', null],
    ['a UUID of bytes', uuid, '123e4567e89b12d3a456426614174000', '"123e4567-e89b-12d3-a456-426614174000"'],
    ['NaN as text', 'double', '000000000000f87f', '"NaN"'],
    ['minus infinity as text', 'float', '000080ff', '"-Infinity"'],
    ['a map as it was encoded', { type: 'map', values: 'int' }, '0402620202610400', '{"b":1,"a":2}'],
    ['a block with its size', { type: 'array', items: 'int' }, '0304020400', '[1,2]'],
  ])('write %s', (_, type, hex, written) => {
    if (written === null) {
      expect(() => decodeOne(type, hex)).toThrow('The payload cannot be read by its schema');
    } else {
      expect(decodeOne(type, hex)).toBe(written);
    }
  });

  it('are read with schemas whose defaults do not fit, which Pulsar takes', () => {
    const type = {
      type: 'record',
      name: 'R',
      fields: [{ name: 'a', type: ['string', 'null'], default: null }],
    };
    expect(decodeOne(type, '000261')).toBe('{"a":"a"}');
  });

  it.each([
    ['text that is not UTF-8', 'string', '02ff', 'other bytes at byte 2'],
    ['a boolean of 2', 'boolean', '02', 'the byte 2 at byte 1'],
    ['an int of 33 bits', 'int', '8080808020', 'the number 4294967296 at byte 5'],
    ['a long of eleven bytes', 'long', 'ffffffffffffffffffff01', 'more than ten bytes at byte 10'],
    ['a branch that is not there', ['null', 'int'], '04', '2 at byte 1'],
    ['a negative length', 'bytes', '01', 'the number -1 at byte 1'],
    ['more bytes than there are', 'bytes', '08ff', '1 bytes and the end at byte 1'],
    ['items out of nothing', { type: 'array', items: 'null' }, 'feffffff0f', '2147483647 items at byte 5'],
  ])('are refused for %s, with the place', (_, type, hex, found) => {
    expect(failureOf(() => decodeOne(type, hex))).toMatchObject({ code: 'SINK_RECORD_INVALID', found });
  });

  it('may be recursive a thousand deep and no deeper', () => {
    const list = { type: 'record', name: 'L', fields: [{ name: 'n', type: ['null', 'L'] }] };
    const decode = avroDecoder(JSON.stringify(list));
    const nested = (depth: number): Buffer => Buffer.concat([Buffer.alloc(depth - 1, 2), Buffer.of(0)]);
    expect(decode(nested(1_000))).toBeInstanceOf(Map);
    expect(failureOf(() => decode(nested(1_001)))).toMatchObject({ found: 'more at byte 1000' });
    expect(failureOf(() => decode(nested(1_000_000)))).toMatchObject({ found: 'more at byte 1000' });
  });

  it.each([
    ['no JSON', '{'],
    ['an unknown type', '"Nobody"'],
    ['no type', '{"type":"record"}'],
  ])('need a schema: %s is unsupported, and the topic is named', (_, definition) => {
    const error = failureOf(() => expandedPayload({ schema: schema('AVRO', definition), value: 'x' }));
    expect(error).toMatchObject({
      code: 'SINK_SCHEMA_UNSUPPORTED',
      message: expect.stringContaining('/orders'),
    });
  });
});
