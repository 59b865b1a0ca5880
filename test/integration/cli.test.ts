import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../src/cli/program';
import { type Emulator, startEmulator } from '../../src/emulator';

const BAD = join(__dirname, '../fixtures/config/bad');

interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

async function cli(...args: string[]): Promise<CommandResult> {
  const out: string[] = [];
  const err: string[] = [];
  let code = 0;
  await runProgram(args, {
    stdout: (text) => out.push(text),
    stderr: (text) => err.push(text),
    isTty: false,
    env: {},
    setExitCode: (given) => {
      code = given;
    },
  });
  return { stdout: out.join(''), stderr: err.join(''), code };
}

describe('command line', () => {
  it.each([
    [['frobnicate']],
    [['run']],
    [['run', '--frobnicate']],
    [['emulator', '--kinesis-port', 'x']],
    [['quickstart', '--records', '0']],
  ])('wrong usage is explained on standard error and ends with 2: %j', async (args) => {
    const { stdout, stderr, code } = await cli(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: /);
    expect(stdout).toBe('');
  });

  it.each([['run'], ['quickstart'], ['emulator'], ['sources localrun'], ['config']])(
    'help of %s goes to standard output and ends with 0',
    async (command) => {
      const { stdout, code } = await cli(...command.split(' '), '--help');
      expect(code).toBe(0);
      expect(stdout).toContain('Usage: pulsar-io-kinesis');
    },
  );

  it.each([['run'], ['quickstart'], ['emulator'], ['sources localrun']])(
    'help of %s shows examples',
    async (command) => {
      const { stdout } = await cli(...command.split(' '), '--help');
      expect(stdout).toContain('Examples:');
    },
  );

  it('a configuration with problems starts nothing, names every problem, and ends with 2', async () => {
    const [file = ''] = readdirSync(BAD).sort();
    const { stderr, code } = await cli('run', '-c', join(BAD, file));
    expect(code).toBe(2);
    expect(stderr).toContain('awsRegoin');
    expect(stderr).toContain('checkpointInterval');
  });

  it('an unreadable file is named, and ends with 2', async () => {
    const { stderr, code } = await cli('run', '-c', 'no-such-file.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain('no-such-file.yaml');
  });

  it.each(['nonsense', 'stdout:', 'memory://mine'])(
    'a quickstart with --service-url %s says what is wrong, ends with 2, and leaves nothing running',
    async (url) => {
      const servers = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap');
      const before = servers();
      const { stderr, code } = await cli('quickstart', '--records', '1', '--service-url', url);
      expect(code).toBe(2);
      expect(stderr).toContain('expected pulsar://');
      expect(servers()).toEqual(before);
    },
  );

  it('JSON on the command line that does not parse is refused without quoting it', async () => {
    const { stderr, code } = await cli('sources', 'localrun', '--secrets', '{"key": "hush');
    expect(code).toBe(2);
    expect(stderr).not.toContain('hush');
  });

  it('localrun tells what its flags lack', async () => {
    const { stderr, code } = await cli('sources', 'localrun', '--name', 'x', '--source-config', '{}');
    expect(code).toBe(2);
    expect(stderr).toContain('topicName');
    expect(stderr).toContain('awsKinesisStreamName');
  });
});

describe('run, against the emulator', () => {
  let emulator: Emulator;
  let folder: string;

  beforeEach(async () => {
    emulator = await startEmulator();
    folder = mkdtempSync(join(tmpdir(), 'cli-test-'));
  });

  afterEach(async () => {
    await emulator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const configs = () => ({
    awsRegion: 'us-east-1',
    awsEndpoint: emulator.kinesisEndpoint,
    dynamoEndpoint: emulator.dynamodbEndpoint,
    cloudwatchEndpoint: emulator.kinesisEndpoint,
    awsKinesisStreamName: 'orders',
    awsCredentialPluginParam: JSON.stringify({ accessKey: 'test', secretKey: 'test' }),
    applicationName: 'orders-app',
    initialPositionInStream: 'TRIM_HORIZON',
    useEnhancedFanOut: false,
  });

  it("a Java connector's file runs unchanged until it has caught up, and ends with 0", async () => {
    emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
    emulator.kinesis.call('PutRecord', { StreamName: 'orders', PartitionKey: 'k', Data: 'aGVsbG8=' });
    const file = join(folder, 'source.json');
    writeFileSync(
      file,
      JSON.stringify({
        tenant: 'public',
        namespace: 'default',
        name: 'orders',
        topicName: 'orders',
        archive: 'builtin://kinesis',
        parallelism: 1,
        configs: configs(),
      }),
    );
    const { code } = await cli('run', '-c', file, '--service-url', 'memory://', '--until-caught-up');
    expect(code).toBe(0);
    const { Items } = emulator.dynamodb.invoke('Scan', { TableName: 'orders-app' }) as {
      Items: { checkpoint: { S: string } }[];
    };
    expect(Items[0]?.checkpoint.S).toMatch(/^\d+$/);
  });

  it('localrun takes everything from flags', async () => {
    emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
    const { code } = await cli(
      ...['sources', 'localrun', '--name', 'orders', '--destination-topic-name', 'orders', '-t', 'kinesis'],
      ...['--broker-service-url', 'memory://', '--until-caught-up'],
      ...['--source-config', JSON.stringify(configs())],
    );
    expect(code).toBe(0);
  });

  it('an error that cannot heal says what to do, and ends with 3', async () => {
    const { stderr, code } = await cli(
      ...['sources', 'localrun', '--name', 'orders', '--destination-topic-name', 'orders', '-t', 'kinesis'],
      ...['--broker-service-url', 'memory://', '--source-config', JSON.stringify(configs())],
    );
    expect(code).toBe(3);
    expect(stderr).toMatch(/^KINESIS_STREAM_NOT_FOUND: .*orders.*Check stream name/s);
  });
});
