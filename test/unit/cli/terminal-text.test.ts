import fc from 'fast-check';
import { bytesInWords, shardInWords, spanInWords } from '../../../src/cli/humane';
import { cut, fill, printable, safeJson } from '../../../src/cli/terminal-text';

/** Whatever a terminal obeys, or what changes what is seen behind it. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());

describe('text on a terminal', () => {
  it.each([
    ['\x1b[2J\x9b31m', '\\x1b[2J\\x9b31m'],
    ['a\r\nb\tc\0', 'a\\r\\nb\\tc\\x00'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['\ud800', '\\u{d800}'],
    ['grüße 世界 👍', 'grüße 世界 👍'],
  ])('commands nothing and hides nothing: %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('commands nothing, whatever it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(printable(text)).not.toMatch(UNSAFE);
      }),
      { numRuns: 200 },
    );
  });

  it('means the same as JSON when it is made safe', () => {
    fc.assert(
      fc.property(fc.array(anyText), (texts) => {
        const safe = safeJson(JSON.stringify(texts));
        expect(JSON.parse(safe)).toEqual(texts);
        expect(safe).not.toMatch(UNSAFE);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdefg', 6, 'abcde…'],
    ['世界世界', 8, '世界世界'],
    ['世界世界', 7, '世界世…'],
    ['世界世界', 6, '世界…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['', 1, ''],
  ])('is cut where the columns end: %j in %d', (text, columns, shown) => {
    expect(cut(text, columns)).toBe(shown);
  });

  it('fills its columns, wide characters counted twice', () => {
    expect(fill('世界', 6)).toBe('世界  ');
    expect(fill('世界世界', 6)).toBe('世界… ');
  });
});

describe('figures for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [300_000, '293 KiB'],
    [10 * 1024 * 1024, '10 MiB'],
  ])('are sizes in their largest unit: %d', (bytes, words) => {
    expect(bytesInWords(bytes)).toBe(words);
  });

  it.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [7_200_000, '2 h'],
    [200_000_000, '2 d'],
  ])('are spans of time in their largest unit: %d', (ms, words) => {
    expect(spanInWords(ms)).toBe(words);
  });

  it.each([
    ['shardId-000000000000', '0'],
    ['shardId-000000000120', '120'],
    ['shard', 'shard'],
  ])('are numbers of shards: %s', (id, words) => {
    expect(shardInWords(id)).toBe(words);
  });
});
