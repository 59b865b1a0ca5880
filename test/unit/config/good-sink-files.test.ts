import {
  inspectConfig,
  type KinesisSinkConfig,
  type LoadedConfig,
  loadConfig,
  loadConfigObject,
  parseKinesisSinkConfig,
  parseKinesisSourceConfig,
  resolveConfig,
  type SinkDefinition,
} from '../../../src/config';
import { FIXTURES, problemsOf } from './support';

const load = (name: string): Promise<LoadedConfig> => loadConfig(`${FIXTURES}/good/${name}`, { env: {} });

/** What KinesisSink.open makes of the n-th sink of a file. */
function opened({ sinks }: LoadedConfig, n = 0): KinesisSinkConfig {
  const sink = sinks[n];
  return parseKinesisSinkConfig(sink?.configs ?? {}, (name) => sink?.secrets[name]);
}

const CONFIGS = { awsKinesisStreamName: 'exports', awsRegion: 'eu-central-1' };
const parse = (configs: object): KinesisSinkConfig =>
  parseKinesisSinkConfig({ ...CONFIGS, ...configs }, () => undefined);

/** The sink of a file that holds nothing else. */
function sinkOf(fields: object): SinkDefinition | undefined {
  const raw = { name: 'exports', inputs: ['orders'], configs: CONFIGS, ...fields };
  return loadConfigObject(raw, 'x.yaml', { env: {} }).sinks[0];
}

test('a sink written for the Java connector means the same here', async () => {
  expect(opened(await load('java-sink-full.json'))).toMatchObject({
    awsKinesisStreamName: 'exports',
    messageFormat: 'FULL_MESSAGE_IN_JSON_EXPAND_VALUE',
    jsonIncludeNonNulls: false,
    jsonFlatten: true,
    retainOrdering: true,
    retryInitialDelay: 50,
    retryMaxDelay: 30_000,
    recordTtl: 30_000,
    collectionMaxCount: 400,
    collectionMaxSize: 1_048_576,
    maxConnections: 64,
    rateLimit: 90,
    cloudwatch: { level: 'SUMMARY', namespace: 'pulsar-kinesis', interval: 10_000 },
    aws: {
      region: 'us-east-1',
      endpoints: {
        kinesis: 'https://kinesis.us-east-1.amazonaws.com',
        cloudwatch: 'https://monitoring.us-east-1.amazonaws.com',
        sts: 'https://sts.us-east-1.amazonaws.com:8443',
      },
      credentials: { type: 'assumeRole', roleArn: 'arn:aws:iam::123456789012:role/writer' },
      connectTimeout: 2000,
      requestTimeout: 9000,
      maxSockets: 64,
    },
  });
});

test('the Pulsar fields of a Java sink reach its subscription', async () => {
  const { sinks, sources } = await load('java-sink-full.json');
  expect(sources).toEqual([]);
  expect(sinks).toHaveLength(1);
  expect(sinks[0]).toMatchObject({
    tenant: 'sales',
    namespace: 'orders',
    name: 'kinesis-sink',
    className: 'kinesis',
    subscriptionType: 'Failover',
    subscriptionName: 'orders-export',
    sourceSubscriptionPosition: 'earliest',
    cleanupSubscription: true,
    timeoutMs: 120_000,
    negativeAckRedeliveryDelayMs: 5000,
    maxMessageRetries: 3,
    deadLetterTopic: 'orders-dlq',
    receiverQueueSize: 500,
  });
});

test('topics with settings are inputs too, each once by its full name, as first given', async () => {
  const { sinks } = await load('java-sink-full.json');
  expect(sinks[0]?.inputs).toEqual(['orders', 'sales/orders/refunds']);
  expect(sinks[0]?.schemaTypes).toEqual({ orders: 'STRING' });
});

test('a host name with a port is an https address, and a certificate need not be valid when told so', async () => {
  const { aws } = opened(await load('java-sink-minimal.json'));
  expect(aws.endpoints).toEqual({ kinesis: 'https://localhost:4567' });
  expect(aws.verifyCertificates).toBe(false);
  expect(parse({}).aws.verifyCertificates ?? true).toBe(true);
});

test('a sink that says nothing more takes the defaults', () => {
  const { aws, ...config } = parse({});
  expect(config).toEqual({
    awsKinesisStreamName: 'exports',
    partitionColumn: { type: 'default' },
    messageFormat: 'ONLY_RAW_PAYLOAD',
    jsonIncludeNonNulls: true,
    jsonFlatten: false,
    retainOrdering: false,
    retryInitialDelay: 100,
    retryMaxDelay: 60_000,
    putStallTimeout: 60_000,
    onError: 'route',
    aggregationEnabled: false,
    aggregationMaxSize: 51_200,
    aggregationMaxCount: 4_294_967_295,
    collectionMaxCount: 500,
    collectionMaxSize: 5_242_880,
    lingerMs: 100,
    maxConnections: 24,
    maxPendingRecords: 10_000,
    maxPendingBytes: 67_108_864,
    rateLimit: 150,
    cloudwatch: { level: 'SUMMARY', namespace: 'pulsar-kinesis', interval: 10_000 },
  });
  expect(aws).toEqual({
    region: 'eu-central-1',
    credentials: { type: 'default' },
    endpoints: {},
    connectTimeout: 6000,
    requestTimeout: 6000,
    maxSockets: 50,
    subscriptions: {
      protocol: 'auto',
      idleTimeout: 6_000,
      windowBytes: 262_144,
      perConnection: 64,
      pingInterval: 15_000,
    },
  });
  expect(sinkOf({})).toMatchObject({
    tenant: 'public',
    subscriptionType: 'Shared',
    subscriptionName: 'public/default/exports',
    sourceSubscriptionPosition: 'latest',
    timeoutMs: 0,
    negativeAckRedeliveryDelayMs: 60_000,
    receiverQueueSize: 1000,
    receiverQueueBytes: 33_554_432,
    schemaTypes: {},
    producer: { batchingEnabled: true, maxPendingMessages: 10_000, sendTimeout: 30_000 },
  });
});

test.each([
  [{}, 'Shared'],
  [{ processingGuarantees: 'ATMOST_ONCE' }, 'Shared'],
  [{ retainOrdering: true }, 'Failover'],
  [{ processingGuarantees: 'EFFECTIVELY_ONCE' }, 'Failover'],
  [{ retainKeyOrdering: true }, 'Key_Shared'],
])('%j reads on a %s subscription, as in the Java runtime', (fields, type) => {
  expect(sinkOf(fields)?.subscriptionType).toBe(type);
});

test.each([
  ['key', { type: 'key' }],
  ['topic', { type: 'topic' }],
  ['random', { type: 'random' }],
  ['property:a.b:c', { type: 'property', name: 'a.b:c' }],
  ['id', { type: 'field', path: ['id'] }],
  ['order.customer id.keys', { type: 'field', path: ['order', 'customer id', 'keys'] }],
  ['', { type: 'default' }],
])('partition column %p is %j', (text, column) => {
  expect(parse({ partitionColumn: text }).partitionColumn).toEqual(column);
  expect(parse({ explicitHashKeyColumn: text }).explicitHashKeyColumn ?? { type: 'default' }).toEqual(column);
});

test('a stream is named by its ARN, or by both when they agree; the ARN gives the region', () => {
  const arn = 'arn:aws:kinesis:us-west-2:210987654321:stream/exports';
  for (const configs of [
    { outputStreamArn: arn },
    { awsKinesisStreamName: arn },
    { awsKinesisStreamName: 'exports', outputStreamArn: arn },
    { awsKinesisStreamName: arn, outputStreamArn: arn },
  ]) {
    const config = parseKinesisSinkConfig(configs, () => undefined);
    expect(config).toMatchObject({ awsKinesisStreamName: 'exports', awsKinesisStreamArn: arn });
    expect(config.aws.region).toBe('us-west-2');
  }
});

test('sources and sinks of one file share what the file says of AWS', async () => {
  const loaded = await load('both-ways.yaml');
  expect(loaded.http).toMatchObject({ host: '127.0.0.1', port: 8080, explore: { allowed: true } });
  expect(loaded.sources.map(({ name }) => name)).toEqual(['orders']);
  expect(loaded.sinks.map(({ subscriptionType }) => subscriptionType)).toEqual([
    'Key_Shared',
    'Failover',
    'Shared',
  ]);
  const exports = opened(loaded, 0);
  expect(exports.aws).toMatchObject({ region: 'eu-central-1', connectTimeout: 1500, requestTimeout: 6000 });
  expect(exports.cloudwatch.namespace).toBe('public-default-exports');
  const abroad = opened(loaded, 1);
  expect(abroad.aws).toMatchObject({ region: 'us-west-2', connectTimeout: 1500, requestTimeout: 2500 });
  expect(abroad).toMatchObject({
    awsKinesisStreamName: 'refunds',
    partitionColumn: { type: 'field', path: ['order', 'customer', 'id'] },
    explicitHashKeyColumn: { type: 'property', name: 'hash' },
    cloudwatch: { level: 'DETAILED', namespace: 'sales-default-abroad' },
  });
});

test("options of a user's own sink are left as they are", async () => {
  const { sinks } = await load('both-ways.yaml');
  expect(sinks[2]).toMatchObject({
    className: './files.js',
    configs: { folder: '/var/log', password: 'very-secret' },
    receiverQueueSize: 10,
    deadLetterTopic: 'logs-dlq',
  });
});

test('a connector with an emulator for Kinesis publishes no metrics to AWS unless it is told to', () => {
  const kinesis = { awsEndpoint: 'http://127.0.0.1:4567' };
  const own = { ...kinesis, cloudwatchEndpoint: 'http://127.0.0.1:4566' };
  const levels = [{}, kinesis, own, { ...kinesis, cloudwatchMetricsLevel: 'DETAILED' }].map(
    (configs) => parse(configs).cloudwatch.level,
  );
  expect(levels).toEqual(['SUMMARY', 'NONE', 'SUMMARY', 'DETAILED']);
  const dynamodb = { aws: { endpoints: { dynamodb: 'http://127.0.0.1:8000' } } };
  const source = parseKinesisSourceConfig({ ...CONFIGS, ...dynamodb }, () => undefined, 0);
  expect(source.cloudwatch).toEqual({ level: 'NONE', namespace: 'pulsar-kinesis', interval: 10_000 });
  expect(parse(dynamodb).cloudwatch.level).toBe('SUMMARY');
});

test('a source publishes under its application name, or the namespace it is given', () => {
  const level = (configs: object) =>
    parseKinesisSourceConfig({ ...CONFIGS, ...configs }, () => undefined, 0).cloudwatch;
  expect(level({ applicationName: 'orders' })).toEqual({
    level: 'SUMMARY',
    namespace: 'orders',
    interval: 10_000,
  });
  const given = { cloudwatchNamespace: 'a/b', cloudwatchMetricsLevel: 'NONE', cloudwatchInterval: '500' };
  expect(level(given)).toEqual({ level: 'NONE', namespace: 'a/b', interval: 500 });
});

test('without a region an endpoint is enough for a sink that publishes no metrics', () => {
  const configs = { awsKinesisStreamName: 'exports', awsEndpoint: 'localhost' };
  const quiet = { ...configs, cloudwatchMetricsLevel: 'NONE' };
  expect(parseKinesisSinkConfig(quiet, () => undefined).aws.region).toBeUndefined();
  expect(problemsOf(() => parseKinesisSinkConfig(configs, () => undefined))[0]?.path).toBe(
    'configs.awsRegion',
  );
});

test('a secret goes before the credentials in the configuration of a sink', () => {
  const key = (accessKey: string): string => JSON.stringify({ accessKey, secretKey: 'x' });
  const { aws } = parseKinesisSinkConfig({ ...CONFIGS, awsCredentialPluginParam: key('configs') }, (name) =>
    name === 'awsCredentialPluginParam' ? key('secrets') : undefined,
  );
  expect(aws.credentials.type === 'static' && aws.credentials.accessKeyId.reveal()).toBe('secrets');
});

test.each([
  [{ inputs: ['a'] }, 'sinks'],
  [{ inputSpecs: { a: {} } }, 'sinks'],
  [{ className: 'org.apache.pulsar.io.kinesis.KinesisSink' }, 'sinks'],
  [{ sinkType: 'kinesis', name: 'x' }, 'sinks'],
  [{ topicName: 'a', deadLetterTopic: 'b' }, 'sources'],
  [{ name: 'x' }, 'sources'],
])('a file of one connector, %j, is one of %s', (raw, list) => {
  const { root } = resolveConfig(raw, 'x.yaml', { env: {} });
  expect(Object.keys(root)).toEqual([list]);
});

test('the kind of connector a command asks for goes before what the fields look like', () => {
  const raw = { name: 'exports', configs: CONFIGS };
  const problems = problemsOf(() => loadConfigObject(raw, 'x.yaml', { env: {}, kind: 'sink' }));
  expect(problems.map(({ path, code }) => `${path} ${code}`)).toEqual(['inputs CONFIG_MISSING']);
});

test('the environment makes health listen, also for a bare file', () => {
  const raw = { name: 'exports', inputs: ['orders'], configs: CONFIGS };
  const env = { PULSAR_IO_KINESIS_HTTP_PORT: '0', PULSAR_IO_KINESIS_HTTP_HOST: '0.0.0.0' };
  expect(loadConfigObject(raw, 'x.yaml', { env }).http).toMatchObject({
    host: '0.0.0.0',
    port: 0,
    explore: { allowed: false },
  });
  expect(loadConfigObject(raw, 'x.yaml', { env: {} }).http).toBeUndefined();
});

test('what a sink should know of is told: no clean-up, no dead letters in time, unchecked certificates', async () => {
  const notices = async (file: string): Promise<string[]> =>
    (await inspectConfig(`${FIXTURES}/good/${file}`, { env: {} })).notices.map(({ path }) => path);
  expect(await notices('java-sink-full.json')).toEqual(
    expect.arrayContaining([
      'cleanupSubscription',
      'configs.nativeExecutable',
      'configs.minConnections',
      'configs.credentialsRefreshDelay',
      'configs.extraKinesisProducerConfig',
      'topicToSchemaType["persistent://public/default/orders"]',
      'inputSpecs',
    ]),
  );
  expect(await notices('java-sink-minimal.json')).toEqual([
    'archive',
    'configs.skipCertificateValidation',
    'configs.cloudwatchMetricsLevel',
  ]);
  expect(await notices('both-ways.yaml')).toEqual(
    expect.arrayContaining([
      'sinks[1].processingGuarantees',
      'sinks[1].inputs[0]',
      'sinks[2].deadLetterTopic',
    ]),
  );
});

test('CloudWatch is named as the Java sink does, by its host, or by an address', () => {
  const endpoint = (cloudwatchEndpoint: string) => parse({ cloudwatchEndpoint }).aws.endpoints.cloudwatch;
  expect(endpoint('monitoring.internal')).toBe('https://monitoring.internal');
  expect(endpoint('http://127.0.0.1:4566')).toBe('http://127.0.0.1:4566');
});

test('a namespace made of the name of a sink is one that CloudWatch takes, or is asked for', () => {
  const problemPaths = (tenant: string): string[] =>
    resolveConfig({ sinks: [{ tenant, name: 'exports', inputs: ['orders'], configs: CONFIGS }] }, 'x.yaml', {
      env: {},
    }).problems.map(({ path }) => path);
  const path = 'sinks[0].configs.cloudwatchNamespace';
  expect(problemPaths('public')).toEqual([]);
  expect(problemPaths(':public')).toEqual([path]);
  expect(problemPaths('a=b')).toEqual([path]);
});

test('with EFFECTIVELY_ONCE a dead-letter topic would never be used, and is refused', () => {
  const problems = problemsOf(() =>
    sinkOf({ processingGuarantees: 'EFFECTIVELY_ONCE', deadLetterTopic: 'orders-dlq' }),
  );
  expect(problems.map(({ path, code }) => `${path} ${code}`)).toEqual(['deadLetterTopic CONFIG_CROSS_FIELD']);
});

test('that topics in memory end with the process is told, once', () => {
  const pulsar = { serviceUrl: 'memory://' };
  const sink = { name: 'exports', inputs: ['orders'], configs: CONFIGS };
  const { notices } = resolveConfig({ pulsar, sinks: [sink] }, 'x.yaml', { env: {} });
  expect(notices.map(({ path }) => path)).toEqual(['pulsar.serviceUrl']);
  expect(resolveConfig({ sinks: [sink] }, 'x.yaml', { env: {} }).notices).toEqual([]);
});
