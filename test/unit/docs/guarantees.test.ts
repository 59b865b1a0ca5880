import { existsSync, readFileSync } from 'node:fs';
import { page, rowsOf, section } from '../../support/markdown';

const text = page('docs/guarantees.md');

/** Titles of tests in a file, as they are written there. */
function titlesIn(file: string): string[] {
  const calls = readFileSync(file, 'utf8').matchAll(/\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1\s*,/g);
  return [...calls].map(([, , title = '']) => title.replace(/\\(.)/g, '$1'));
}

const proofs = rowsOf(text).flatMap(([file = '', title = '']) =>
  /^`test\/.*`$/.test(file) ? [[file.replaceAll('`', ''), title] as const] : [],
);

test('every test that is named as a proof exists', () => {
  const missing = proofs.filter(([file, title]) => {
    const titles = existsSync(file) ? titlesIn(file) : [];
    return title.endsWith(' …')
      ? !titles.some((it) => it.startsWith(title.slice(0, -2)))
      : !titles.includes(title);
  });
  expect(missing.map(([file, title]) => `${file}: ${title}`)).toEqual([]);
});

test('each of the twelve has a section with limits and at least three proofs', () => {
  const headings = [...text.matchAll(/^## (G\d+) .*$/gm)].map(([heading, name]) => [name, heading] as const);
  expect(headings.map(([name]) => name)).toEqual(Array.from({ length: 12 }, (_, at) => `G${at + 1}`));
  for (const [name, heading] of headings) {
    const part = section(text, heading);
    const count = proofs.filter(([file, title]) => part.includes(`| \`${file}\` | ${title} |`)).length;
    expect([name, part.includes('| limit | |'), count >= 3]).toEqual([name, true, true]);
  }
});
