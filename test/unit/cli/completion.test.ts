import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../../src/cli/program';

async function output(...args: string[]): Promise<string> {
  const out: string[] = [];
  await runProgram(args, {
    stdout: (text) => out.push(text),
    stderr: () => undefined,
    isTty: false,
    env: {},
    setExitCode: () => undefined,
  });
  return out.join('');
}

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'completion-'));
  writeFileSync(join(folder, 'script'), await output('completion', 'bash'));
  writeFileSync(join(folder, 'connectors.yaml'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a real bash offers once `line` is typed; the last word may be begun, or empty. */
function offered(line: string): string[] {
  const words = line.split(' ');
  const program = [
    '. ./script',
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${words.length - 1}`,
    '_pulsar_io_kinesis',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  const text = execFileSync('bash', ['--norc', '-c', program], { cwd: folder, encoding: 'utf8' });
  return text.split('\n').filter(Boolean).sort();
}

test.each([
  ['pulsar-io-kinesis off', ['offsets']],
  ['pulsar-io-kinesis offsets re', ['reset']],
  ['pulsar-io-kinesis offsets reset --d', ['--dry-run']],
  ['pulsar-io-kinesis offsets get -c ', ['connectors.yaml', 'script']],
  ['pulsar-io-kinesis offsets get --config conn', ['connectors.yaml']],
  ['pulsar-io-kinesis config schema s', ['sink', 'source']],
  ['pulsar-io-kinesis config schema source --e', ['--editor']],
  ['pulsar-io-kinesis offsets import --from ', ['file', 'kcl']],
  ['pulsar-io-kinesis offsets get -c offsets --j', ['--json']],
  ['pulsar-io-kinesis run --service-url ', []],
  ['pulsar-io-kinesis completion ', ['--help', 'bash', 'fish', 'zsh']],
])('%s is completed', (line, words) => {
  expect(offered(line)).toEqual([...words].sort());
});

test('every command is offered, by every shell', async () => {
  const commands = offered('pulsar-io-kinesis ').filter((word) => !word.startsWith('-'));
  expect(commands).toEqual(
    expect.arrayContaining(['run', 'quickstart', 'status', 'completion', 'connectors']),
  );
  for (const shell of ['zsh', 'fish']) {
    const script = await output('completion', shell);
    expect(commands.filter((command) => !script.includes(`'${command}`))).toEqual([]);
  }
});
