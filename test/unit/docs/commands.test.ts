import { commandTree } from '../../../src/cli/command-tree';
import { createProgram } from '../../../src/cli/program';
import { codeBlocks, page, pages } from '../../support/markdown';

const ignore = (): void => undefined;
const io = { stdout: ignore, stderr: ignore, isTty: false, env: {}, setExitCode: ignore };

/** Options of each command, by its words. */
const commands = new Map(
  commandTree(createProgram(io)).map(({ path, commands: below, options }) => [
    path.join(' '),
    { group: below.length > 0, options: options.flatMap(({ long, short }) => [long, short]) },
  ]),
);

/** What is wrong with a command line as a page has it; undefined when nothing is. */
function fault(line: string): string | undefined {
  const words = line.replace(/[[\]…]/g, '').split(/\s+/);
  let path = '';
  while (commands.get(path)?.group) {
    const next = `${path} ${words.shift() ?? ''}`.trim();
    if (!commands.has(next)) {
      return path === '' || words.length > 0 ? `no command "${next}"` : undefined;
    }
    path = next;
  }
  const known = ['--help', ...(commands.get(path)?.options ?? [])];
  const flags = words
    .filter((word) => /^-{1,2}[a-z]/.test(word))
    .map((word) => word.replace(/[=,;:].*$/, ''));
  const unknown = flags.filter((flag) => !known.includes(flag));
  return unknown.length === 0 ? undefined : `${path}: no option ${unknown.join(', ')}`;
}

/** Command lines in blocks of code, and in the text where they are written with their options. */
function linesOf(text: string): string[] {
  const inBlocks = codeBlocks(text).flatMap(
    (block) => block.text.match(/^(\$ |npx |sudo )*pulsar-io-kinesis .*/gm) ?? [],
  );
  const names = [...commands.keys()].filter((path) => path !== '' && !path.includes(' '));
  const inline = [...text.matchAll(/`([a-z]+ [^`\n]+)`/g)].map(([, line = '']) => line);
  return [
    ...inBlocks.map((line) => line.replace(/^.*?pulsar-io-kinesis /, '').replace(/ (#|&&|>|\||<).*$/, '')),
    ...inline.filter((line) => names.includes(line.split(' ', 1)[0] ?? '')),
  ];
}

test.each(pages())('every command and option that %s shows is one', (path) => {
  expect(
    linesOf(page(path))
      .map(fault)
      .filter((it) => it !== undefined),
  ).toEqual([]);
});

test('commands are found where pages show them', () => {
  expect(linesOf(page('docs/newcomers-hour.md')).length).toBeGreaterThan(15);
  expect(fault('offsets reset --too NOW')).toBe('offsets reset: no option --too');
  expect(fault('stream peek orders')).toBe('no command "stream"');
});
