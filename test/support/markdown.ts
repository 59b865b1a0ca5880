import { readdirSync, readFileSync } from 'node:fs';

/** A block between fences, with the line in front of it that names it, if there is one. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** `connectors.yaml` in front of the block, in a line of its own, gives it that name. */
  readonly name: string | undefined;
}

/** Every page a reader may open, by its path from the root of the project. */
export function pages(): string[] {
  const inDocs = readdirSync('docs').filter((name) => name.endsWith('.md'));
  return ['README.md', ...inDocs.map((name) => `docs/${name}`)];
}

export const page = (path: string): string => readFileSync(path, 'utf8');

/** The text without what stands between fences: a `#` there is a comment of a shell. */
const prose = (text: string): string => text.replace(/^ *(`{3,})[^\n]*\n[\s\S]*?^ *\1$/gm, '');

/** Places of a page that a link can name: headings as GitHub names them, and `<a id="…">`. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of prose(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = slugOf(heading);
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) {
      anchor = `${slug}-${n}`;
    }
    anchors.add(anchor);
  }
  for (const [, id = ''] of prose(text).matchAll(/<a id="([^"]+)">/g)) {
    anchors.add(id);
  }
  return anchors;
}

/** Source of the rule: github/html-pipeline, TableOfContentsFilter. */
function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');
}

/** Targets of links and pictures, as they stand there. */
export function linksOf(text: string): string[] {
  const plain = prose(text).replace(/`[^`\n]*`/g, '');
  const inline = [...plain.matchAll(/\]\(([^()\s]+(?:\([^()\s]*\))?)\)/g)];
  const html = [...plain.matchAll(/\b(?:src|href)="([^"]+)"/g)];
  return [...inline, ...html].map(([, target = '']) => target);
}

export function codeBlocks(text: string): CodeBlock[] {
  const fenced = text.matchAll(/(?:^`([^`\n]+)`:?\n\n)?^( *)(`{3,})(\w*)\n([\s\S]*?)^\2\3$/gm);
  return [...fenced].map(([, name, indent = '', , language = '', block = '']) => ({
    name,
    language,
    text: block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** Cells of the rows of all tables, as they stand there; the lines under headings are left out. */
export function rowsOf(text: string): string[][] {
  return prose(text)
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[\s:|-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1)
        .replace(/\|\s*$/, '')
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );
}

/** The part of a page from one heading to the next of the same or a higher level. */
export function section(text: string, heading: string): string {
  const from = text.indexOf(`\n${heading}\n`);
  if (from < 0) {
    throw new Error(`no heading "${heading}"`);
  }
  const level = /^#+/.exec(heading)?.[0].length ?? 1;
  const rest = text.slice(from + heading.length + 1);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return end < 0 ? rest : rest.slice(0, end);
}
