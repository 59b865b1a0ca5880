import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../../src/cli/program';

interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

async function sinks(...args: string[]): Promise<CommandResult> {
  let stdout = '';
  let stderr = '';
  let code = 0;
  await runProgram(['sinks', 'localrun', ...args], {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    isTty: false,
    env: {},
    setExitCode: (given) => {
      code = given;
    },
  });
  return { stdout, stderr, code };
}

const CONFIGS = '{"awsKinesisStreamName":"exports","awsRegion":"eu-central-1"}';

/** Paths and codes of the problems a command line has. */
async function problemsOf(...args: string[]): Promise<string[]> {
  const { stderr, stdout, code } = await sinks(...args);
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
  return [...stderr.matchAll(/^ {2}(\S+): ([A-Z_]+): /gm)].map(([, path, problem]) => `${path} ${problem}`);
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sinks-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('help has the flags of pulsar-admin, and examples', async () => {
  const { stdout, code } = await sinks('--help');
  expect(code).toBe(0);
  for (const flag of [
    '--archive',
    '--auto-ack',
    '--broker-service-url',
    '--classname',
    '--cleanup-subscription',
    '--client-auth-params',
    '--client-auth-plugin',
    '--cpu',
    '--custom-runtime-options',
    '--custom-schema-inputs',
    '--custom-serde-inputs',
    '--dead-letter-topic',
    '--disk',
    '--input-specs',
    '--hostname-verification-enabled',
    '--inputs',
    '--log-topic',
    '--max-redeliver-count',
    '--name',
    '--namespace',
    '--negative-ack-redelivery-delay-ms',
    '--parallelism',
    '--processing-guarantees',
    '--ram',
    '--retain-key-ordering',
    '--retain-ordering',
    '--runtime-flags',
    '--secrets',
    '--sink-config',
    '--sink-config-file',
    '--sink-type',
    '--subs-name',
    '--subs-position',
    '--tenant',
    '--timeout-ms',
    '--tls-allow-insecure',
    '--tls-trust-cert-path',
    '--topics-pattern',
    '--transform-function',
    '--transform-function-classname',
    '--transform-function-config',
    '--use-tls',
  ]) {
    expect(stdout).toContain(`${flag} `);
  }
  expect(stdout).toContain('Examples:');
});

test('flags reach the fields they name, and every problem is told at once', async () => {
  const problems = await problemsOf(
    ...['--inputs', 'orders, orders', '--subs-position', 'First', '--timeout-ms', '0', '--cpu', 'many'],
    ...['--negative-ack-redelivery-delay-ms', 'soon', '--max-redeliver-count', '-1', '--parallelism', '0'],
    ...['--dead-letter-topic', 'orders', '--auto-ack', 'false', '--retain-ordering', '--retain-key-ordering'],
    ...['--input-specs', '{"orders":{"receiverQueueSize":0}}', '--custom-serde-inputs', '{"a":"b"}'],
    ...['--custom-schema-inputs', '{"orders":"x"}', '--topics-pattern', '.*', '--transform-function', 'f'],
    ...['--transform-function-classname', 'c', '--transform-function-config', '{}', '--sink-config', '{}'],
    ...['--processing-guarantees', 'MANUAL', '--cleanup-subscription', 'perhaps', '--sink-type', 'jdbc'],
    ...['--classname', 'x', '--broker-service-url', 'localhost'],
  );
  expect(problems.sort()).toEqual([
    'autoAck CONFIG_UNSUPPORTED',
    'className CONFIG_ENUM',
    'cleanupSubscription CONFIG_TYPE',
    'configs.awsKinesisStreamName CONFIG_MISSING',
    'configs.awsRegion CONFIG_CROSS_FIELD',
    'deadLetterTopic CONFIG_CROSS_FIELD',
    'inputSpecs.orders.receiverQueueSize CONFIG_RANGE',
    'inputs[1] CONFIG_CROSS_FIELD',
    'maxMessageRetries CONFIG_RANGE',
    'name CONFIG_MISSING',
    'negativeAckRedeliveryDelayMs CONFIG_TYPE',
    'parallelism CONFIG_RANGE',
    'processingGuarantees CONFIG_UNSUPPORTED',
    'pulsar.serviceUrl CONFIG_FORMAT',
    'resources.cpu CONFIG_TYPE',
    'retainKeyOrdering CONFIG_CROSS_FIELD',
    'sinkType CONFIG_ENUM',
    'sourceSubscriptionPosition CONFIG_ENUM',
    'timeoutMs CONFIG_RANGE',
    'topicToSchemaType.orders CONFIG_ENUM',
    'topicToSerdeClassName CONFIG_UNSUPPORTED',
    'transformFunction CONFIG_UNSUPPORTED',
    'transformFunctionClassName CONFIG_UNSUPPORTED',
    'transformFunctionConfig CONFIG_UNSUPPORTED',
  ]);
});

test('a flag goes before the same field of the file, the others stay', async () => {
  const file = join(folder, 'sink.yaml');
  writeFileSync(file, 'name: exports\ninputs: [a, a]\ntimeoutMs: 0\nconfigs: { awsRegion: eu-central-1 }\n');
  const args = ['--sink-config-file', file, '--sink-config', CONFIGS];
  expect(await problemsOf(...args)).toEqual(['timeoutMs CONFIG_RANGE', 'inputs[1] CONFIG_CROSS_FIELD']);
  expect(await problemsOf(...args, '--inputs', 'a,b')).toEqual(['timeoutMs CONFIG_RANGE']);
});

test('a SourceConfig is no sink', async () => {
  const file = join(folder, 'source.yaml');
  writeFileSync(file, `name: orders\ntopicName: orders\nconfigs: ${CONFIGS}\n`);
  expect(await problemsOf('--sink-config-file', file)).toEqual([
    'topicName CONFIG_UNKNOWN_KEY',
    'inputs CONFIG_MISSING',
  ]);
});

test('JSON that does not parse is refused without quoting it', async () => {
  const { stderr, code } = await sinks('--secrets', '{"key": "hush');
  expect(code).toBe(2);
  expect(stderr).toContain('--secrets');
  expect(stderr).not.toContain('hush');
});
