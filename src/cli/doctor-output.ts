import type { CheckResult, Verdict } from '../doctor/check';
import type { DoctorReport } from '../doctor/report';
import { printable } from './terminal-text';

export interface TextStyle {
  /** Characters of a line. */
  readonly width: number;
  readonly colours: boolean;
}

/** Source: ECMA-48, SGR. */
const COLOURS: { readonly [verdict in Verdict]: number } = { ok: 32, warning: 33, failed: 31, skipped: 90 };
/** Width of the longest verdict. */
const VERDICT = 7;
/** A longer title pushes its own line only. */
const LONGEST_TITLE = 34;
const MARGIN = 2;

/** The report for people: a block a group, a line a check, and below it what to do. */
export function reportText({ file, groups, counts }: DoctorReport, style: TextStyle): string {
  const blocks = groups.map(({ name, results: found }) => {
    const results = found.map(shown);
    const longest = Math.max(...results.map(({ title }) => title.length));
    const column = Math.min(LONGEST_TITLE, longest);
    return `${bold(printable(name), style)}\n${results.map((result) => lines(result, column, style)).join('')}`;
  });
  const { ok, warning, failed, skipped } = counts;
  const warnings = `${warning} warning${warning === 1 ? '' : 's'}`;
  const verdict = `${file}: ${ok} ok, ${warnings}, ${failed} failed, ${skipped} skipped`;
  return `${blocks.join('\n')}\n${bold(verdict, style)}\n`;
}

/** Names of workers and certificates, and what services answer, are written by others. */
const shown = (result: CheckResult): CheckResult => ({
  ...result,
  title: printable(result.title),
  found: printable(result.found),
  ...(result.expected === undefined ? {} : { expected: printable(result.expected) }),
  ...(result.hint === undefined ? {} : { hint: printable(result.hint) }),
});

function lines(result: CheckResult, column: number, style: TextStyle): string {
  const { verdict, title, found, expected, hint, code } = result;
  const indent = MARGIN + VERDICT + 2 + column + 2;
  const room = Math.max(20, style.width - indent);
  const [first = '', ...more] = wrapped(found, room);
  const isBad = verdict === 'warning' || verdict === 'failed';
  const below = [
    ...more,
    ...(isBad && expected !== undefined ? wrapped(`expected ${expected}`, room) : []),
    ...(isBad && code !== undefined ? [code] : []),
    ...(isBad && hint !== undefined ? arrow(wrapped(hint, room - 2)) : []),
  ];
  const word = coloured(verdict.padEnd(VERDICT), COLOURS[verdict], style);
  const head = `${' '.repeat(MARGIN)}${word}  ${title.padEnd(column)}  `;
  const tight = title.length > column ? [head.trimEnd(), ' '.repeat(indent) + first] : [head + first];
  return [...tight, ...below.map((text) => ' '.repeat(indent) + text)].map((text) => `${text}\n`).join('');
}

const arrow = (texts: readonly string[]): string[] =>
  texts.map((text, index) => `${index === 0 ? '→' : ' '} ${text}`);

/** Lines of at most `width` characters, broken between words; a word that is longer stays whole. */
function wrapped(text: string, width: number): string[] {
  const found: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      found.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...found, line];
}

function coloured(text: string, code: number, { colours }: TextStyle): string {
  return colours ? `\u001b[${code}m${text}\u001b[0m` : text;
}

const bold = (text: string, style: TextStyle): string => coloured(text, 1, style);
