import fc from 'fast-check';
import { Lines } from '../../support/lines';

function read(chunks: readonly string[]): { readonly lines: string[]; readonly unfinished: number } {
  const lines: string[] = [];
  const reader = new Lines((line) => lines.push(line));
  for (const chunk of chunks) {
    reader.add(chunk);
  }
  return { lines, unfinished: reader.unfinished };
}

test('every line is read once, wherever the chunks are cut', () => {
  const line = fc.string({ maxLength: 12 }).filter((text) => !text.includes('\n'));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(100)), (written, cuts) => {
      const text = written.map((one) => `${one}\n`).join('');
      const places = cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b);
      const chunks = [...places, text.length].map((place, index) =>
        text.slice(places[index - 1] ?? 0, place),
      );
      expect(read(chunks)).toEqual({ lines: written, unfinished: 0 });
    }),
    { numRuns: 100 },
  );
});

test('a line that its writer could not end is never read', () => {
  expect(read(['{"a":1}\n{"a"', ':2'])).toEqual({ lines: ['{"a":1}'], unfinished: 6 });
});
