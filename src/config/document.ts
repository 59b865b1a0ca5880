import { readFile } from 'node:fs/promises';
import { type ErrorCode, LineCounter, parseDocument } from 'yaml';
import type { ProblemCode, ProblemList } from './problems';
import { isObject, type JsonObject } from './tree';

/** What the parser found, in words of our own: its messages quote the file, and the file may hold secrets. */
const SYNTAX: { readonly [code in ErrorCode]?: string } = {
  BAD_INDENT: 'wrong indentation',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping on one line inside of another',
  DUPLICATE_KEY: 'the same key twice in one mapping',
  KEY_OVER_1024_CHARS: 'a key of more than 1024 characters',
  MISSING_CHAR: 'a missing bracket, quote, colon or comma',
  MULTIPLE_DOCS: 'a second document',
  TAB_AS_INDENT: 'a tab in the indentation',
  UNEXPECTED_TOKEN: 'something that is neither key nor value',
};

/** The mapping in `file`, YAML or JSON by its content; undefined when a problem was reported. */
export async function readDocument(file: string, problems: ProblemList): Promise<JsonObject | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error';
    report(problems, 'CONFIG_UNREADABLE', code, 'a readable file', 'Check name and permissions of the file.');
    return undefined;
  }
  return parseText(text, problems);
}

/** The mapping in `text`; JSON is read by the YAML parser as well, which also sees keys given twice. */
export function parseText(text: string, problems: ProblemList): JsonObject | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, version: '1.2' });
  const mistakes = document.errors.map(({ code, pos: [start] }) => {
    const { line, col } = lines.linePos(start);
    return `${SYNTAX[code] ?? 'bad syntax'} (line ${line}, column ${col})`;
  });
  if (mistakes.length > 0) {
    const hint = 'Mend the first place; the others may follow from it.';
    report(problems, 'CONFIG_SYNTAX', mistakes.join('; '), 'YAML or JSON', hint);
    return undefined;
  }
  let root: unknown;
  try {
    root = document.toJS({ maxAliasCount: 100 });
  } catch {
    const found = 'an alias that cannot be resolved';
    report(problems, 'CONFIG_SYNTAX', found, 'YAML or JSON', 'Check the anchors and aliases.');
    return undefined;
  }
  if (!isObject(root)) {
    const found =
      root === null || root === undefined ? 'nothing' : `a ${Array.isArray(root) ? 'list' : typeof root}`;
    const hint = 'Give a SourceConfig, a SinkConfig, or a mapping with sources and sinks.';
    report(problems, 'CONFIG_TYPE', found, 'a mapping', hint);
    return undefined;
  }
  return root;
}

function report(
  problems: ProblemList,
  code: ProblemCode,
  found: string,
  expected: string,
  hint: string,
): void {
  problems.add(code, '', { found, expected, hint });
}
