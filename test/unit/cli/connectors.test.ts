import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../../src/cli/program';

async function list(...args: string[]): Promise<string> {
  const out: string[] = [];
  await runProgram(['connectors', 'list', ...args], {
    stdout: (text) => out.push(text),
    stderr: (text) => out.push(text),
    isTty: false,
    env: {},
    setExitCode: () => undefined,
  });
  return out.join('');
}

test('the connectors that are built in are listed', async () => {
  expect(JSON.parse(await list('--json'))).toMatchObject([
    { kind: 'source', name: 'kinesis' },
    { kind: 'sink', name: 'kinesis' },
  ]);
});

test('the connectors of a file are listed, with where they read and write', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'connectors-'));
  const file = join(folder, 'connectors.json');
  const configs = { awsKinesisStreamName: 'orders', awsRegion: 'eu-central-1' };
  const source = { name: 'in', topicName: 'orders', parallelism: 2, configs };
  const sink = { name: 'out', inputs: ['exports'], configs: { ...configs, awsKinesisStreamName: 'exports' } };
  writeFileSync(file, JSON.stringify({ sources: [source], sinks: [sink] }));
  try {
    expect((await list('-c', file)).split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(/^KIND +NAME +CLASS +INSTANCES +FROM +TO$/),
      expect.stringMatching(/^source +public\/default\/in +kinesis +2 +orders +\S*orders$/),
      expect.stringMatching(/^sink +public\/default\/out +kinesis +1 +\S*exports +exports$/),
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
