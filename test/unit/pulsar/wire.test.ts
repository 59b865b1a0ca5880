import fc from 'fast-check';
import { Reader } from 'protobufjs';
import {
  varintSize,
  writeStringField,
  writeVarint,
  writeVarintField,
} from '../../../src/pulsar/protocol/wire';

const integer = fc.oneof(
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.integer({ min: 0, max: 53 }).map((bits) => 2 ** bits - 1),
  fc.integer({ min: 0, max: 52 }).map((bits) => 2 ** bits),
);

test('every integer up to 2^53 is written as a varint that protobufjs reads back', () => {
  fc.assert(
    fc.property(integer, (value) => {
      const buffer = Buffer.alloc(16);
      const end = writeVarint(buffer, 0, value);
      expect(end).toBe(varintSize(value));
      expect(Number(Reader.create(buffer.subarray(0, end)).uint64())).toBe(value);
    }),
    { numRuns: 2000 },
  );
});

test('a varint of the protobuf documentation: 150 is 96 01', () => {
  const buffer = Buffer.alloc(3);
  expect(buffer.subarray(0, writeVarintField(buffer, 0, 0x08, 150)).toString('hex')).toBe('089601');
});

test('any text is written as a string field that protobufjs reads back', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 100 }),
    // Lengths around the border where a length takes another byte, ASCII or not.
    fc.tuple(fc.integer({ min: 40, max: 130 }), fc.constantFrom('a', 'ü', '日')).map(([n, c]) => c.repeat(n)),
  );
  fc.assert(
    fc.property(text, (value) => {
      const buffer = Buffer.alloc(16 + 3 * value.length);
      const end = writeStringField(buffer, 3, 0x12, value);
      const reader = Reader.create(buffer.subarray(3, end));
      expect(reader.uint32()).toBe(0x12);
      expect(reader.string()).toBe(Buffer.from(value).toString());
      expect(reader.pos).toBe(reader.len);
    }),
    { numRuns: 1000 },
  );
});
