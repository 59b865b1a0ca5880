import fc from 'fast-check';
import { decode } from '../../../src/explore/decode-text';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

describe('a payload in characters', () => {
  it.each([
    ['text', bytes('grüße 世界'), { text: 'grüße 世界', as: 'utf8', valid: true }],
    [
      'an object, on one line',
      bytes('{\n  "a b": [1, 2]\n}'),
      { text: '{"a b":[1,2]}', as: 'json', valid: true },
    ],
    ['a word that is JSON, too: text', bytes(' true'), { text: ' true', as: 'utf8', valid: true }],
    ['a byte order mark, which stays', bytes('\ufeff{}'), { text: '\ufeff{}', as: 'utf8', valid: true }],
    ['bytes that are no text', Uint8Array.of(0xff, 0), { text: 'ff00', as: 'hex', valid: true }],
    ['nothing', new Uint8Array(), { text: '', as: 'utf8', valid: true }],
  ])('is by itself what it looks like: %s', (_, data, expected) => {
    expect(decode(data, 'auto')).toEqual(expected);
  });

  it('says when it is not what was asked for, and is shown all the same', () => {
    expect(decode(bytes('{"a":'), 'json')).toEqual({ text: '{"a":', as: 'utf8', valid: false });
    expect(decode(Uint8Array.of(0xc3), 'utf8')).toEqual({ text: 'c3', as: 'hex', valid: false });
    expect(decode(Uint8Array.of(0xc3), 'json', 'base64')).toEqual({
      text: 'ww==',
      as: 'base64',
      valid: false,
    });
  });

  it('keeps the numbers, names and strings of JSON as they are spelled', () => {
    const json = '{ "n": 12345678901234567890, "n": 1.10, "s": "a \\" b\\\\", "u": "\\u0041" }';
    expect(decode(bytes(json), 'json').text).toBe(
      '{"n":12345678901234567890,"n":1.10,"s":"a \\" b\\\\","u":"\\u0041"}',
    );
  });

  it('takes JSON of any size and depth that can be read', () => {
    const long = JSON.stringify({ text: 'x\\"'.repeat(1_000_000) });
    expect(decode(bytes(long), 'json').text).toBe(long);
    const deep = '['.repeat(500_000);
    expect(decode(bytes(deep), 'json')).toMatchObject({ as: 'utf8', valid: false });
  });

  it('means the same JSON without the space between its tokens', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 1, '\t'), (json, space) => {
        const { text } = decode(bytes(JSON.stringify(JSON.parse(json), null, space)), 'json');
        expect(JSON.parse(text)).toEqual(JSON.parse(json));
        expect(text).toBe(JSON.stringify(JSON.parse(json)));
      }),
      { numRuns: 100 },
    );
  });

  it('loses no byte, whatever is asked for', () => {
    const back = { hex: 'hex', base64: 'base64', utf8: 'utf8', json: 'utf8' } as const;
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' }).map(bytes)),
        fc.constantFrom('utf8', 'hex', 'base64'),
        (data, as) => {
          const decoded = decode(data, as);
          expect(Buffer.from(decoded.text, back[decoded.as])).toEqual(Buffer.from(data));
          expect(decoded.valid).toBe(as !== 'utf8' || isUtf8(data));
        },
      ),
      { numRuns: 200 },
    );
  });
});

function isUtf8(data: Uint8Array): boolean {
  try {
    utf8.decode(data);
    return true;
  } catch {
    return false;
  }
}
