import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { anchorsOf, linksOf, page, pages } from '../../support/markdown';

/** Why a link of a page leads nowhere; undefined when it does not. */
function fault(from: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/.test(target)) {
    return undefined;
  }
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from : posix.join(posix.dirname(from), path);
  if (!existsSync(file)) {
    return `${from}: there is no ${file}`;
  }
  const there = anchor === undefined || anchorsOf(page(file)).has(anchor);
  return there ? undefined : `${from}: ${file} has no #${anchor}`;
}

it('every link in README.md and docs/ leads to a file that is there, and to a place in it', () => {
  const links = pages().flatMap((from) => linksOf(page(from)).map((target) => [from, target] as const));
  expect(links.length).toBeGreaterThan(60);
  expect(links.map(([from, target]) => fault(from, target)).filter((it) => it !== undefined)).toEqual([]);
});

it('every page in docs/ can be reached from README.md', () => {
  const seen = new Set(['README.md']);
  for (const from of seen) {
    for (const target of linksOf(page(from))) {
      const file = posix.join(posix.dirname(from), target.split('#')[0] ?? '');
      if (file.endsWith('.md') && existsSync(file)) {
        seen.add(file);
      }
    }
  }
  expect(pages().filter((path) => !seen.has(path))).toEqual([]);
});

it.each([
  ['## What it does with a stream', 'what-it-does-with-a-stream'],
  ['### `apiVersion`, and "other" things (2.x)', 'apiversion-and-other-things-2x'],
  ['## From KCL – and back', 'from-kcl--and-back'],
  ['## [A link](there.md) in it', 'a-link-in-it'],
])('a heading is named as GitHub names it: %s', (heading, anchor) => {
  expect([...anchorsOf(heading)]).toEqual([anchor]);
});

it('what is code is no link and no heading', () => {
  const text = '# One\n\n`[a](b.md)`\n\n```\n# Two\n[c](d.md)\n```\n\n[e](f.md#g) ![h](i.png)\n';
  expect([...anchorsOf(text)]).toEqual(['one']);
  expect(linksOf(text)).toEqual(['f.md#g', 'i.png']);
});
