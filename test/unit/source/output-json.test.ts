import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { jsonFault } from '../../../src/source/output-json';

const faultOf = (text: string): string | undefined => jsonFault(Buffer.from(text));

/** What Node says, which is no JSON beyond RFC 8259 and nothing less. */
function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString());
    return isUtf8(bytes);
  } catch {
    return false;
  }
}

const agrees = (bytes: Uint8Array): void => expect(jsonFault(bytes) === undefined).toBe(isJson(bytes));

describe('bytes checked to be JSON', () => {
  it('every JSON there is passes, with any white space', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 8 }),
        fc.constantFrom('', ' ', '\t', '\n', ' \r\n'),
        (value, space) => {
          const text = JSON.stringify(value, undefined, space.replace(/[^ \t]/g, ' '));
          expect(faultOf(space + text + space)).toBeUndefined();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('whatever is done to JSON, it is judged as JSON.parse judges it', () => {
    const damage = fc.record({
      at: fc.nat(),
      drop: fc.nat({ max: 3 }),
      put: fc.oneof(
        fc.constantFrom(...'{}[],:"\\/0-1.eE+ \nutf', 'null', '\u0001', 'é'),
        fc.string({ maxLength: 2 }),
      ),
    });
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(damage, { minLength: 1, maxLength: 3 }), (value, damages) => {
        let text = JSON.stringify(value);
        for (const { at, drop, put } of damages) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + put + text.slice(place + drop);
        }
        agrees(Buffer.from(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('texts of the marks of JSON in any order are judged as JSON.parse judges them', () => {
    const mark = fc.constantFrom(
      ...'{}[],:"\\-+.eE01 u',
      'true',
      'false',
      'null',
      '"a"',
      '"a":',
      '\\u00e9',
      '-0',
      '1e5',
    );
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 12 }), (marks) => agrees(Buffer.from(marks.join('')))),
      { numRuns: 3000 },
    );
  });

  it('bytes of any value are judged as JSON.parse judges them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        agrees(bytes);
        agrees(Buffer.concat([Buffer.from('"'), bytes, Buffer.from('"')]));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['', 'an end too soon'],
    ['   ', 'an end too soon'],
    ['{"a":', 'an end too soon'],
    ['"a', 'an end too soon'],
    ['"\\u12', 'an end too soon'],
    ['tru', 'an end too soon'],
    ['-', 'an end too soon'],
    ['[1,]', 'no JSON at byte 3'],
    ['{"a" 1}', 'no JSON at byte 5'],
    ['{a:1}', 'no JSON at byte 1'],
    ['01', 'no JSON at byte 1'],
    ['{} {}', 'no JSON at byte 3'],
    ['nul!', 'no JSON at byte 3'],
    ['\ufeff{}', 'no JSON at byte 0'],
    ['["a\nb"]', 'no JSON at byte 3'],
    ['[1}', 'no JSON at byte 2'],
  ])('%j is told as %s', (text, found) => {
    expect(faultOf(text)).toBe(found);
  });

  it('what is no UTF-8 is none, even within a string', () => {
    expect(jsonFault(Buffer.from('22c328a022', 'hex'))).toBe('bytes that are no UTF-8');
    // A surrogate, and a form longer than it need be: some parsers take them.
    expect(jsonFault(Buffer.from('22eda08022', 'hex'))).toBe('bytes that are no UTF-8');
    expect(jsonFault(Buffer.from('22c08022', 'hex'))).toBe('bytes that are no UTF-8');
  });

  it('a million levels cost no stack', () => {
    const depth = 1_000_000;
    expect(faultOf('['.repeat(depth) + ']'.repeat(depth))).toBeUndefined();
    expect(faultOf('{"a":['.repeat(depth / 2) + ']}'.repeat(depth / 2))).toBeUndefined();
    expect(faultOf(`${'['.repeat(depth)}}`)).toBe(`no JSON at byte ${depth}`);
  });
});
