import { runProgram } from '../../src/cli/program';
import { loadConfigObject } from '../../src/config';
import { type Emulator, startEmulator } from '../../src/emulator';
import { createTransport, processBroker } from '../../src/pulsar/create-transport';
import { systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';

const TOPIC = 'sinks-cli';
const STREAM = 'exports';
const SUBSCRIPTION = 'public/default/exports';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await startEmulator();
});
afterEach(() => emulator.close());

const configs = () => ({
  awsRegion: 'us-east-1',
  awsEndpoint: emulator.kinesisEndpoint,
  awsKinesisStreamName: STREAM,
  awsCredentialPluginParam: JSON.stringify({ accessKey: 'test', secretKey: 'test' }),
});

async function localrun(...flags: string[]): Promise<{ stderr: string; code: number }> {
  let stderr = '';
  let code = 0;
  const args = ['sinks', 'localrun', '--name', 'exports', '--inputs', TOPIC, '-t', 'kinesis'];
  const where = ['--broker-service-url', 'memory://', '--sink-config', JSON.stringify(configs())];
  await runProgram([...args, ...where, ...flags], {
    stdout: () => undefined,
    stderr: (text) => {
      stderr += text;
    },
    isTty: false,
    env: {},
    setExitCode: (given) => {
      code = given;
    },
  });
  return { stderr, code };
}

/** Makes the subscription of the sink, so that the topic keeps what is published. */
async function subscribe(): Promise<void> {
  const raw = { name: 'exports', inputs: [TOPIC], configs: configs() };
  const { pulsar, sinks } = loadConfigObject({ pulsar: { serviceUrl: 'memory://' }, sinks: [raw] }, 'x', {
    env: {},
  });
  const [sink] = sinks;
  if (sink === undefined) {
    throw new Error('no sink');
  }
  const transport = createTransport(pulsar, sink.producer, {
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    stdout: process.stdout,
  });
  const consumer = await transport.subscribe({
    topic: TOPIC,
    subscription: sink.subscriptionName,
    subscriptionType: sink.subscriptionType,
    initialPosition: 'earliest',
    receiverQueueSize: 1,
    receiverQueueBytes: 1,
    negativeAckRedeliveryDelayMs: 1,
  });
  await consumer.close(1000);
  await transport.close(1000);
}

/** Data of the records in the one shard of the stream. */
function stored(): string[] {
  const place = { ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' } as const;
  const { ShardIterator } = emulator.kinesis.call('GetShardIterator', { StreamName: STREAM, ...place });
  const { Records } = emulator.kinesis.call('GetRecords', { ShardIterator });
  return Records.map(({ Data }) => Buffer.from(Data, 'base64').toString());
}

test('localrun takes everything from flags, stores what is there and ends with 0', async () => {
  emulator.kinesis.call('CreateStream', { StreamName: STREAM, ShardCount: 1 });
  await subscribe();
  for (const text of ['a', 'b', 'c']) {
    processBroker.publish(TOPIC, { key: 'k', value: Buffer.from(text) });
  }
  const { code } = await localrun('--until-caught-up');
  expect(code).toBe(0);
  expect(stored().sort()).toEqual(['a', 'b', 'c']);
  expect(processBroker.backlog(TOPIC, SUBSCRIPTION)).toBe(0);
});

test.each([
  [['--cleanup-subscription'], undefined],
  [['--cleanup-subscription', 'false'], 0],
])(
  'after a drained end %j leaves a backlog of %p: none is a subscription deleted',
  async (flags, backlog) => {
    emulator.kinesis.call('CreateStream', { StreamName: STREAM, ShardCount: 1 });
    const { code } = await localrun('--until-caught-up', ...flags);
    expect(code).toBe(0);
    expect(processBroker.backlog(TOPIC, SUBSCRIPTION)).toBe(backlog);
  },
);

test('an error that cannot heal says what to do, and ends with 3', async () => {
  const { stderr, code } = await localrun('--until-caught-up');
  expect(code).toBe(3);
  expect(stderr).toMatch(/^KINESIS_STREAM_NOT_FOUND: .*exports.*Check stream name/s);
});
