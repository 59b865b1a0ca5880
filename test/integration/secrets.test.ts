import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliIo } from '../../src/cli/cli-io';
import { loadCliConfig } from '../../src/cli/load-config';
import { runProgram } from '../../src/cli/program';
import { ConfigError } from '../../src/config';
import { type Emulator, startEmulator } from '../../src/emulator';
import { runConnectors } from '../../src/index';
import { silentLogger } from '../../src/util/logger';

const ALL = (action: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] as const,
});

let emulator: Emulator;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  emulator = await startEmulator({ settleMs: 0 });
  emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
  emulator.iam.attach('AKIDREADER', [ALL('secretsmanager:GetSecretValue')] as never);
  emulator.iam.attach('AKIDSOURCE', [ALL('*')] as never);
});
afterEach(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true });
});

const keys = (id: string) => ({ type: 'static', accessKeyId: id, secretAccessKey: 'secret' });

/** A source that reads the stream with the keys of a secret, while the file has keys that read secrets only. */
function file(more: object = {}, endpoint = emulator.kinesisEndpoint): string {
  const raw = {
    aws: {
      region: 'us-east-1',
      credentials: keys('AKIDREADER'),
      endpoints: {
        kinesis: endpoint,
        dynamodb: endpoint,
        cloudwatch: endpoint,
        sts: endpoint,
        secretsManager: endpoint,
      },
    },
    pulsar: { serviceUrl: 'memory://secrets' },
    sources: [
      {
        name: 'orders',
        topicName: 'orders',
        configs: {
          awsKinesisStreamName: 'orders',
          initialPositionInStream: 'TRIM_HORIZON',
          useEnhancedFanOut: false,
          cloudwatchMetricsLevel: 'NONE',
          aws: {
            credentials: {
              type: 'static',
              accessKeyId: `\${secret:keys#id}`,
              secretAccessKey: `\${secret:keys#key}`,
            },
          },
        },
      },
    ],
    ...more,
  };
  const path = join(folder, 'connectors.json');
  writeFileSync(path, JSON.stringify(raw));
  return path;
}

const signal = new AbortController().signal;

function console() {
  const printed = { out: '', code: 0 };
  const io: CliIo = {
    stdout: (text) => {
      printed.out += text;
    },
    stderr: () => undefined,
    isTty: false,
    env: {},
    setExitCode: (code) => {
      printed.code = code;
    },
  };
  return { io, printed };
}

async function problemsOf(path: string): Promise<object> {
  const error: unknown = await loadCliConfig(path, console().io, signal).catch((thrown: unknown) => thrown);
  const problems = error instanceof ConfigError ? error.problems : [];
  return Object.fromEntries(problems.map(({ path: at, code, hint }) => [at, `${code} ${hint}`]));
}

const AT = 'sources[0].configs.aws.credentials';

it('a running source takes the new keys once the old ones are refused', async () => {
  emulator.secrets.put('keys', JSON.stringify({ id: 'AKIDUNKNOWN', key: 'old' }));
  const config = await loadCliConfig(file(), console().io, signal);
  emulator.secrets.put('keys', JSON.stringify({ id: 'AKIDSOURCE', key: 'new' }));
  const outcome = await runConnectors({ config, signal, untilCaughtUp: true, logger: silentLogger });
  expect(outcome).toBe('drained');
  const keysUsed = emulator.iam.used().filter(({ action }) => action === 'kinesis:GetRecords');
  expect(keysUsed.map(({ accessKeyId }) => accessKeyId)).toEqual(['AKIDSOURCE']);
});

it('a secret that is not there, not allowed, or not to be reached has a code of its own, and says what to do', async () => {
  expect(await problemsOf(file())).toEqual({
    [`${AT}.accessKeyId`]: expect.stringMatching(/^CONFIG_SECRET_NOT_FOUND .*region/),
    [`${AT}.secretAccessKey`]: expect.stringMatching(/^CONFIG_SECRET_NOT_FOUND/),
  });
  emulator.secrets.put('keys', 'no JSON');
  expect(await problemsOf(file())).toMatchObject({
    [`${AT}.accessKeyId`]: expect.stringMatching(/^CONFIG_SECRET_UNUSABLE/),
  });
  emulator.iam.attach('AKIDREADER', [ALL('kinesis:*')] as never);
  expect(await problemsOf(file())).toMatchObject({
    [`${AT}.accessKeyId`]: expect.stringMatching(/^CONFIG_SECRET_DENIED .*secretsmanager:GetSecretValue/),
  });
  expect(await problemsOf(file({}, 'http://127.0.0.1:1'))).toMatchObject({
    [`${AT}.accessKeyId`]: expect.stringMatching(/^CONFIG_SECRET_UNREACHABLE/),
  });
});

it('a version that is named is the one that is read', async () => {
  emulator.secrets.put('name', 'one');
  emulator.secrets.put('name', 'two');
  const raw = { awsKinesisStreamName: 'orders', applicationName: `\${secret:name?stage=AWSPREVIOUS}` };
  const sources = [{ name: 'orders', topicName: `\${secret:name}`, configs: raw }];
  const { sources: loaded } = await loadCliConfig(file({ sources }), console().io, signal);
  expect(loaded[0]).toMatchObject({ topicName: 'two', configs: { applicationName: 'one' } });
});

it('validation needs no network, says what it has not looked at, and looks when asked to', async () => {
  const path = file({}, 'http://127.0.0.1:1');
  const [without, looking] = [console(), console()];
  await runProgram(['config', 'validate', path], without.io);
  expect(without.printed).toEqual({ code: 0, out: expect.stringContaining('was not looked up') });
  await runProgram(['config', 'validate', '--secrets', path], looking.io);
  expect(looking.printed).toEqual({ code: 2, out: expect.stringContaining('CONFIG_SECRET_UNREACHABLE') });
});
