import { readdirSync } from 'node:fs';
import { parse } from 'yaml';
import {
  type Environment,
  inspectConfig,
  type KinesisSourceConfig,
  type LoadedConfig,
  loadConfig,
  parseKinesisSourceConfig,
} from '../../../src/config';
import { FIXTURES, NOW, runConfig } from './support';

const env: Environment = { PULSAR_TOKEN: 'token-value', KEY_ID: 'AKIDLIST', CHECKPOINT_INTERVAL: '1234' };
const load = (name: string, more: Environment = {}): Promise<LoadedConfig> =>
  loadConfig(`${FIXTURES}/good/${name}`, { env: { ...env, ...more }, now: () => NOW });

/** What KinesisSource.open makes of the n-th source of a file. */
function opened({ sources }: LoadedConfig, n = 0): KinesisSourceConfig {
  const source = sources[n];
  return parseKinesisSourceConfig(source?.configs ?? {}, (name) => source?.secrets[name], NOW);
}

test.each(readdirSync(`${FIXTURES}/good`))('%s is accepted, and shown as it takes effect', async (file) => {
  const validated = await runConfig(['validate', `${FIXTURES}/good/${file}`], env);
  expect(validated.stdout).toContain(`${file}: ok\n`);
  expect(validated.exitCode).toBe(0);
  const yaml = await runConfig(['show', `${FIXTURES}/good/${file}`], env);
  const json = await runConfig(['show', '--json', `${FIXTURES}/good/${file}`], env);
  expect(yaml.exitCode).toBe(0);
  expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout).config);
});

test('a file written for the Java connector means the same here', async () => {
  const config = opened(await load('java-full.json'));
  expect(config).toMatchObject({
    streams: { several: false, stream: { name: 'orders' } },
    applicationName: 'orders-application',
    leaseTableName: 'orders-application',
    initialPosition: { type: 'AT_TIMESTAMP', timestamp: Date.UTC(2024, 4, 1) },
    kinesisRecordProperties: ['kinesis.partition.key', 'kinesis.shard.id', 'kinesis.millis.behind.latest'],
    messageKeyMode: 'SHARD_ID',
    aws: {
      region: 'us-east-1',
      endpoints: { dynamodb: 'https://dynamodb.us-east-1.amazonaws.com' },
      credentials: {
        type: 'assumeRole',
        roleArn: 'arn:aws:iam::123456789012:role/reader',
        roleSessionName: 'orders',
        durationSeconds: 900,
      },
    },
  });
});

test('the Pulsar fields of a Java file reach the producers and the log', async () => {
  const { sources, logLevel, pulsar, shutdownTimeoutMs } = await load('java-full.json');
  expect(sources[0]).toMatchObject({
    tenant: 'sales',
    namespace: 'orders',
    className: 'kinesis',
    parallelism: 1,
  });
  expect(sources[0]?.producer).toMatchObject({
    maxPendingMessages: 5000,
    batchingEnabled: true,
    batchingMaxPublishDelay: 5,
    batchingMaxMessages: 1000,
    hashingScheme: 'Murmur3_32Hash',
    partitionSwitchFrequency: 10,
    autoUpdatePartitionsInterval: 60_000,
  });
  expect({ logLevel, shutdownTimeoutMs }).toEqual({ logLevel: 'debug', shutdownTimeoutMs: 25_000 });
  expect(pulsar).toMatchObject({ serviceUrl: 'pulsar://localhost:6650', authentication: { type: 'none' } });
});

test('numbers written as text, as Jackson takes them, are numbers', async () => {
  const config = opened(await load('java-minimal.json'));
  expect(config).toMatchObject({ checkpointInterval: 30_000, backoffTime: 4000, numRetries: 3 });
  expect(config.initialPosition).toEqual({ type: 'TRIM_HORIZON' });
});

test('a blank plugin name takes its keys from the parameter, a secret of its name goes first', async () => {
  const fromConfigs = opened(await load('java-minimal.json')).aws.credentials;
  const fromSecrets = opened(await load('java-secret.json')).aws.credentials;
  expect(fromConfigs.type === 'static' && fromConfigs.secretAccessKey.reveal()).toBe('example-secret');
  expect(fromSecrets.type === 'static' && fromSecrets.secretAccessKey.reveal()).toBe('from-secrets');
});

test('without a region the three endpoints are enough, and no properties means none', async () => {
  const config = opened(await load('java-default-chain.yaml'));
  expect(config.aws.region).toBeUndefined();
  expect(config.aws.credentials).toEqual({ type: 'default' });
  expect(config.kinesisRecordProperties).toEqual([]);
  expect(config.applicationName).toBe('pulsar-kinesis');
});

test('a bare file is told of its shared application name, and of polling', async () => {
  const { notices } = await load('java-secret.json');
  expect(notices.map(({ path }) => path)).toEqual(['configs.applicationName', 'configs.useEnhancedFanOut']);
});

test('fields that mean nothing here are accepted with a notice each', async () => {
  const { notices } = await load('java-full.json');
  const paths = notices.map(({ path }) => path);
  const idle = ['archive', 'runtimeFlags', 'customRuntimeOptions', 'resources', 'logTopic'];
  expect(paths).toEqual(expect.arrayContaining(idle));
});

test('shared AWS settings lie under those of each source', async () => {
  const loaded = await load('list.yaml');
  const orders = opened(loaded, 0);
  expect(orders.applicationName).toBe('public-default-orders');
  expect(orders.checkpointInterval).toBe(1234);
  expect(orders.aws.region).toBe('eu-central-1');
  expect(orders.aws.endpoints).toEqual({
    kinesis: 'http://127.0.0.1:4567',
    dynamodb: 'http://127.0.0.1:4566',
  });
  const { credentials } = orders.aws;
  const base = credentials.type === 'assumeRole' ? credentials.base : undefined;
  expect(credentials).toMatchObject({ externalId: 'tenant-42', durationSeconds: 900 });
  expect(base?.type === 'static' && base.secretAccessKey.reveal()).toBe('file-secret-value');
});

test('a source of its own region, account and endpoints takes nothing of that from the shared ones', async () => {
  const payments = opened(await load('list.yaml'), 1);
  expect(payments.applicationName).toBe('sales-money-payments');
  expect(payments.streams).toEqual({
    several: false,
    stream: {
      name: 'payments',
      arn: 'arn:aws:kinesis:us-west-2:210987654321:stream/payments',
      region: 'us-west-2',
      account: '210987654321',
    },
  });
  expect(payments.aws.region).toBe('us-west-2');
  expect(payments.aws.credentials).toEqual({ type: 'default' });
  expect(payments.aws.endpoints).toEqual({
    kinesis: 'http://127.0.0.1:4570',
    dynamodb: 'http://127.0.0.1:4566',
    sts: 'http://127.0.0.1:4571',
  });
  expect(payments.kinesisRecordProperties).toEqual(['kinesis.subsequence.number', 'kinesis.stream']);
  expect(payments.shardIds).toEqual(['shardId-000000000003']);
});

test('a token is read through its reference', async () => {
  const { pulsar } = await load('list.yaml');
  expect(pulsar.authentication.type === 'token' && (await pulsar.authentication.token())).toBe('token-value');
});

test('flag goes before environment, environment before file, file before default', async () => {
  const file = `${FIXTURES}/good/list.yaml`;
  const environment = {
    ...env,
    PULSAR_IO_KINESIS_SERVICE_URL: 'memory://env',
    PULSAR_IO_KINESIS_LOG_LEVEL: 'ERROR',
  };
  const overrides = { 'pulsar.serviceUrl': 'stdout:' };
  const [plain, fromEnv, fromFlag] = await Promise.all([
    loadConfig(file, { env }),
    loadConfig(file, { env: environment }),
    loadConfig(file, { env: environment, overrides }),
  ]);
  const urls = [plain, fromEnv, fromFlag].map(({ pulsar }) => pulsar.serviceUrl);
  expect(urls).toEqual(['pulsar://broker:6650', 'memory://env', 'stdout:']);
  expect([plain, fromEnv, fromFlag].map(({ logLevel }) => logLevel)).toEqual(['warn', 'error', 'error']);
  expect(plain.pulsar.operationTimeout).toBe(30_000);
});

test('show says of each value where it came from', async () => {
  const environment = { ...env, PULSAR_IO_KINESIS_LOG_LEVEL: 'debug', AWS_REGION: 'ap-south-1' };
  const { stdout } = await runConfig(
    ['show', '--json', `${FIXTURES}/good/java-default-chain.yaml`],
    environment,
  );
  const { origins, config } = JSON.parse(stdout);
  expect(config.sources[0].configs.aws.region).toBe('ap-south-1');
  expect(origins).toMatchObject({
    logLevel: 'environment PULSAR_IO_KINESIS_LOG_LEVEL',
    'sources[0].topicName': 'file',
    'sources[0].configs.aws.region': 'environment AWS_REGION',
    'sources[0].configs.failoverTime': 'default',
  });
});

test('a misspelt environment variable is noticed', async () => {
  const { notices } = await load('list.yaml', {
    PULSAR_IO_KINESIS_SERVICE_ULR: 'x',
    PULSAR_IO_KINESIS_PORT: '1',
  });
  expect(notices.filter(({ path }) => path.startsWith('PULSAR_IO')).map(({ message }) => message)).toEqual([
    'no such variable; did you mean PULSAR_IO_KINESIS_SERVICE_URL?',
  ]);
});

test("options of a user's own connector are left as they are", async () => {
  const { sources } = await load('module.yaml');
  expect(sources[0]).toMatchObject({
    className: './ticks.js',
    configs: { interval: 10, nested: { anything: 'goes' } },
  });
});

test('inspecting a good file reports no problem and keeps its shape', async () => {
  const shapes = await Promise.all(
    ['java-full.json', 'list.yaml'].map((name) => inspectConfig(`${FIXTURES}/good/${name}`, { env })),
  );
  expect(shapes.map(({ shape, problems }) => [shape, problems.length])).toEqual([
    ['bare', 0],
    ['list', 0],
  ]);
});
