import fc from 'fast-check';
import { flatten } from '../../../src/sink/format/flatten';
import { inJavaMapOrder } from '../../../src/sink/format/java-map-order';
import { MAX_DEPTH, parseJson } from '../../../src/sink/format/json-parser';
import { JsonNumber, type JsonValue } from '../../../src/sink/format/json-value';
import {
  gsonString,
  jacksonString,
  writeCanonicalJson,
  writeJson,
} from '../../../src/sink/format/json-writer';
import { expandedPayload, failureOf, JSON_SCHEMA } from './format-message';

const parse = (text: string): JsonValue => parseJson(Buffer.from(text, 'utf8'));

/** Documents whose numbers a double holds exactly. */
const document = fc.json({ maxDepth: 5, noUnicodeString: false });

describe('JSON payloads', () => {
  it('say after a round trip what they said before', () => {
    fc.assert(
      fc.property(document, (text) => {
        expect(JSON.parse(writeJson(parse(text)))).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  it('change no more when they are written a second time', () => {
    fc.assert(
      fc.property(document, (text) => {
        const once = writeJson(parse(text));
        expect(writeJson(parse(once))).toBe(once);
      }),
      { numRuns: 200 },
    );
  });

  it('are refused exactly when JSON.parse refuses them', () => {
    const pieces = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"', '"a"', '1', '-', '0', '01', '.5', '1e', '1E+2', 'true', 'nul'],
      ...['null', ' ', '\n', '\\', '"\\u00"', '"\\x"', '"\t"', '\ufeff', 'NaN', "'", '/**/', ''],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        if (valid) {
          expect(() => parse(text)).not.toThrow();
        } else {
          expect(failureOf(() => parse(text))).toMatchObject({ expected: expect.stringMatching(/^JSON/) });
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('keep the order of members whose names look like numbers, and names that objects treat specially', () => {
    const text = '{"10":1,"b":2,"2":3,"__proto__":{"x":1},"constructor":4}';
    expect(expandedPayload({ schema: JSON_SCHEMA, value: text })).toBe(text);
  });

  it.each([
    ['9007199254740993', '9007199254740993'],
    ['-123456789012345678901234567890', '-123456789012345678901234567890'],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['1.10', '1.1'],
    ['100.0', '1E+2'],
    ['1e400', '1E+400'],
    ['0.0000001', '1E-7'],
    ['0.000001', '0.000001'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['1e99999999999', '1e99999999999'],
  ])('write the number %s as %s: no digit is lost', (given, written) => {
    expect(expandedPayload({ schema: JSON_SCHEMA, value: `[${given}]` })).toBe(`[${written}]`);
  });

  it('may be nested a thousand deep and no deeper', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(writeJson(parse(nested(MAX_DEPTH)))).toBe(nested(MAX_DEPTH));
    expect(failureOf(() => parse(nested(MAX_DEPTH + 1)))).toMatchObject({ found: 'more at character 1000' });
    expect(failureOf(() => parse(nested(1_000_000)))).toMatchObject({ found: 'more at character 1000' });
  });

  it('must be UTF-8', () => {
    expect(failureOf(() => parseJson(Buffer.from([0x22, 0xff, 0x22])))).toMatchObject({
      found: 'bytes that are not UTF-8',
    });
  });
});

describe('JSON texts', () => {
  it.each(['"\\', '\u0000\u001f\n\t\b\f\r', '\u007f\u2028/<>', '😀é', '\ud800x\udfff', '\\u001f', ''])(
    'read back as what was written: %j',
    (text) => {
      expect(JSON.parse(jacksonString(text))).toBe(text);
      expect(JSON.parse(gsonString(text))).toBe(text);
    },
  );

  it('have the case of hex digits that Jackson and Gson use', () => {
    expect(jacksonString('\u001f\\u001f\u2028')).toBe('"\\u001F\\\\u001f\u2028"');
    expect(gsonString('\u001f\u2028')).toBe('"\\u001f\\u2028"');
  });

  it('are canonical when equal values have equal texts', () => {
    expect(writeCanonicalJson(parse('{"b":[{"z":1,"y":1.0}],"a":null}'))).toBe(
      '{"a":null,"b":[{"y":1,"z":1}]}',
    );
  });
});

describe('flattening', () => {
  it('keeps every leaf under the way to it', () => {
    const flat = flatten(
      new Map<string, JsonValue>([
        ['a', parse('{"b":{"c":1,"d.e":[true,{"f":null}]},"g":{},"h":[]}')],
        ['n', new JsonNumber('1E+5')],
      ]),
    );
    expect(writeJson(flat)).toBe(
      '{"a.b.c":1,"a.b[\\"d.e\\"][0]":true,"a.b[\\"d.e\\"][1].f":null,"a.g":{},"a.h":[],"n":100000}',
    );
  });

  it('refuses a small payload that would become a huge one', () => {
    const name = 'n'.repeat(500);
    const deep = `${`{"${name}":`.repeat(400)}[${'1,'.repeat(50_000)}1]${'}'.repeat(400)}`;
    expect(
      failureOf(() => expandedPayload({ schema: JSON_SCHEMA, value: deep }, { jsonFlatten: true })),
    ).toMatchObject({
      code: 'SINK_RECORD_INVALID',
      expected: expect.stringContaining('when flattened'),
    });
  });

  it('never writes more than a thousand digits of a number', () => {
    expect(writeJson(flatten(new Map([['n', new JsonNumber('1E+1000000')]])))).toBe('{"n":1E+1000000}');
  });
});

describe('the order of a Java map', () => {
  it('is that of its buckets, whatever the order given', () => {
    // Hash codes of one letter are its code: of 16 buckets, a is in 1, p in 0, q in 1.
    expect(inJavaMapOrder(['q', 'a', 'p', 'b'])).toEqual(['p', 'q', 'a', 'b']);
    expect(inJavaMapOrder(['value', 'key'])).toEqual(['value', 'key']);
    expect(inJavaMapOrder(['key', 'value'])).toEqual(['value', 'key']);
  });
});
