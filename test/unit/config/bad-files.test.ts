import { readdirSync, readFileSync } from 'node:fs';
import { FIXTURES, runConfig } from './support';

/** Per file: path, code, and (where the hint matters) what it says. */
type Expected = { readonly [file: string]: readonly (readonly [string, string, string?])[] };

const expected: Expected = JSON.parse(readFileSync(`${FIXTURES}/bad.table.json`, 'utf8'));
const files = readdirSync(`${FIXTURES}/bad`).sort();

interface Verdict {
  readonly file: string;
  readonly ok: boolean;
  readonly problems: readonly { readonly [field: string]: string }[];
}

test('the table names every one of the 56 bad files', () => {
  expect(Object.keys(expected).sort()).toEqual(files);
  expect(files).toHaveLength(56);
});

test.each(files)('%s: every problem at once, with its path and code, and exit code 2', async (file) => {
  const { stdout, exitCode } = await runConfig(['validate', '--json', `${FIXTURES}/bad/${file}`]);
  const [verdict] = JSON.parse(stdout) as Verdict[];
  const wanted = expected[file] ?? [];
  expect(exitCode).toBe(2);
  expect(verdict?.ok).toBe(false);
  const found = (verdict?.problems ?? []).map(({ path, code }) => `${path} ${code}`);
  expect(found.sort()).toEqual(wanted.map(([path, code]) => `${path} ${code}`).sort());
  for (const [path, , hint] of wanted) {
    const problem = verdict?.problems.find((it) => it.path === path);
    expect(Object.keys(problem ?? {}).sort()).toEqual(['code', 'expected', 'found', 'hint', 'path']);
    expect(problem?.hint).toContain(hint ?? '');
    expect(Object.values(problem ?? {}).slice(2)).not.toContain('');
  }
});

test('validate on the directory prints each file with its problems, and ends with exit code 2', async () => {
  const { stdout, exitCode } = await runConfig(['validate', `${FIXTURES}/bad`]);
  expect(exitCode).toBe(2);
  for (const [file, problems] of Object.entries(expected)) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    expect(stdout).toContain(`${file}: ${count}\n`);
  }
  expect(stdout).toContain('    hint      Did you mean "awsRegion"?');
});

test('validate on good and bad files together says which is which', async () => {
  const paths = [
    `${FIXTURES}/good/java-minimal.json`,
    `${FIXTURES}/bad/06-no-region.json`,
    'no-such-file.yaml',
  ];
  const { stdout, exitCode } = await runConfig(['validate', '--json', ...paths]);
  const verdicts = JSON.parse(stdout) as Verdict[];
  expect(exitCode).toBe(2);
  expect(verdicts.map(({ file, ok }) => [file, ok])).toEqual(paths.map((path, i) => [path, i === 0]));
  expect(verdicts[2]?.problems[0]?.code).toBe('CONFIG_UNREADABLE');
});
