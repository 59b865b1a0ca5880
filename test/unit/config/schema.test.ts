import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse } from 'yaml';
import {
  parseKinesisSinkConfig,
  parseKinesisSourceConfig,
  resolveConfig,
  schemaDocument,
} from '../../../src/config';
import { KINDS } from '../../../src/config/connector-kind';
import { environmentVariables } from '../../../src/config/environment';
import { withDefaults } from '../../../src/config/normalise';
import {
  dereference,
  propertyOf,
  type SchemaNode,
  type SchemaPlace,
  schemaRoot,
} from '../../../src/config/schema';
import type { JsonObject } from '../../../src/config/tree';
import { problemsOf, runConfig } from './support';

/** Every option of a schema, by path; recursive parts once. */
function options(place: SchemaPlace, path: string, seen: readonly unknown[] = []): [string, SchemaNode][] {
  const { document, node } = dereference(place);
  const { properties } = node;
  if (properties === undefined || seen.includes(properties)) {
    return [];
  }
  return Object.entries(properties).flatMap(([name, raw]) => {
    const property = dereference({ document, node: raw });
    const here = `${path}.${name}`;
    return [[here, property.node] as [string, SchemaNode], ...options(property, here, [...seen, properties])];
  });
}

const { document } = schemaRoot('connectors');
const all = [
  ...options(schemaRoot('source'), 'configs'),
  ...options(schemaRoot('sink'), 'configs'),
  ...options(schemaRoot('connectors'), ''),
  ...options({ document, node: { $ref: '#/$defs/source' } }, 'source'),
  ...options({ document, node: { $ref: '#/$defs/sink' } }, 'sink'),
];

test('every option has title, help, examples and sensitivity, and every number a range', () => {
  expect(all.length).toBeGreaterThan(250);
  for (const [path, node] of all) {
    const faults = ['title', 'description', 'examples', 'x-sensitive'].filter(
      (key) => !Object.hasOwn(node, key),
    );
    expect([path, faults]).toEqual([path, []]);
    if (node.type === 'integer' || node.type === 'number') {
      expect([path, Object.keys(node).some((key) => /^(exclusiveM|m)inimum$/.test(key))]).toEqual([
        path,
        true,
      ]);
    }
  }
});

test('every option of the Java source is there, with the default it has in Java', () => {
  const java = {
    awsEndpoint: '',
    cloudwatchEndpoint: '',
    awsRegion: '',
    awsKinesisStreamName: undefined,
    awsCredentialPluginName: '',
    awsCredentialPluginParam: '',
    initialPositionInStream: 'LATEST',
    startAtTime: undefined,
    applicationName: 'pulsar-kinesis',
    checkpointInterval: 60_000,
    backoffTime: 3000,
    numRetries: 3,
    receiveQueueSize: 1000,
    dynamoEndpoint: '',
    useEnhancedFanOut: undefined,
    kinesisRecordProperties:
      'kinesis.arrival.timestamp,kinesis.encryption.type,kinesis.partition.key,kinesis.sequence.number',
    messageKeyMode: 'PARTITION_KEY',
  };
  const properties = schemaDocument('source').properties ?? {};
  const found = Object.keys(java).map((name) => [name, properties[name]?.default]);
  expect(Object.fromEntries(found)).toEqual(java);
});

test('every option of the Java sink is there, with the default it has in Java unless told why not', () => {
  const java = {
    awsEndpoint: '',
    awsEndpointPort: undefined,
    cloudwatchEndpoint: '',
    awsRegion: '',
    awsKinesisStreamName: undefined,
    awsCredentialPluginName: '',
    awsCredentialPluginParam: '',
    skipCertificateValidation: false,
    messageFormat: 'ONLY_RAW_PAYLOAD',
    jsonIncludeNonNulls: true,
    jsonFlatten: false,
    retainOrdering: false,
    retryInitialDelayInMillis: 100,
    retryMaxDelayInMillis: 60_000,
    nativeExecutable: undefined,
    awsStsEndpoint: '',
    awsStsPort: undefined,
    collectionMaxCount: 500,
    collectionMaxSize: 5_242_880,
    connectTimeout: 6000,
    requestTimeout: 6000,
    maxConnections: 24,
    rateLimit: 150,
    extraKinesisProducerConfig: undefined,
    // Of the KPL, which is not here.
    credentialsRefreshDelay: undefined,
    minConnections: undefined,
    // Java drops a record after 30 s, and packs records into frames that not every reader unpacks.
    recordTtl: undefined,
    aggregationEnabled: false,
  };
  const found = Object.keys(java).map((name) => [name, propertyOf(schemaRoot('sink'), name)?.node]);
  expect(found.filter(([, node]) => node === undefined)).toEqual([]);
  expect(Object.fromEntries(found.map(([name, node]) => [name, (node as SchemaNode).default]))).toEqual(java);
});

test('the defaults are a valid configuration', () => {
  const configs = withDefaults(
    { awsKinesisStreamName: 'orders', awsRegion: 'eu-central-1' },
    schemaRoot('source'),
  );
  const config = parseKinesisSourceConfig(configs, () => undefined, 0);
  expect(config).toMatchObject({
    failoverTime: 10_000,
    receiveQueueBytes: 67_108_864,
    maxReadsPerSecondPerShard: 4,
  });
  const sink = withDefaults(
    { awsKinesisStreamName: 'exports', awsRegion: 'eu-central-1' },
    schemaRoot('sink'),
  );
  expect(parseKinesisSinkConfig(sink, () => undefined)).toMatchObject({ lingerMs: 100, rateLimit: 150 });
});

/** A value of the right kind that asks for something. */
function asking(node: SchemaNode): unknown {
  const candidates = node.enum ?? [true, 7, 'text', { a: 'b' }];
  const kinds: { readonly [type: string]: string } = { integer: 'number', number: 'number' };
  const kind = kinds[String(node.type)] ?? String(node.type);
  const neutral = node['x-neutral'] ?? [];
  return candidates.find((it) => typeof it === kind && !neutral.includes(it));
}

const parsers = {
  source: (configs: JsonObject) => parseKinesisSourceConfig(configs, () => undefined, 0),
  sink: (configs: JsonObject) => parseKinesisSinkConfig(configs, () => undefined),
};

const refused = KINDS.flatMap((kind) =>
  ['aws', 'awsClientOptions'].flatMap((holder) =>
    Object.entries(propertyOf(schemaRoot(kind), holder)?.node.properties ?? {}).flatMap(([name, node]) =>
      node['x-refused'] === undefined ? [] : [[kind, holder, name, node] as const],
    ),
  ),
);

test.each(refused)('%s: %s.%s is refused with a reason, never ignored', (kind, holder, name, node) => {
  const value = asking(node);
  const base = { awsKinesisStreamName: 'orders', awsRegion: 'eu-central-1' };
  const problems = problemsOf(() => parsers[kind]({ ...base, [holder]: { [name]: value } }));
  expect(value).toBeDefined();
  expect(problems.map(({ path, code }) => `${path} ${code}`)).toEqual([
    `configs.${holder}.${name} CONFIG_UNSUPPORTED`,
  ]);
  for (const neutral of node['x-neutral'] ?? []) {
    expect(problemsOf(() => parsers[kind]({ ...base, [holder]: { [name]: neutral } }))).toEqual([]);
  }
});

test('the environment variables are those the schema names', () => {
  expect(environmentVariables().get('PULSAR_IO_KINESIS_SERVICE_URL')).toBe('pulsar.serviceUrl');
  expect(environmentVariables().get('PULSAR_IO_KINESIS_LOG_LEVEL')).toBe('logLevel');
});

test('config schema prints the schema, and refuses other names with exit code 2', async () => {
  const { stdout, exitCode } = await runConfig(['schema', 'connectors']);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual(schemaDocument('connectors'));
  const sink = await runConfig(['schema', 'sink']);
  expect(JSON.parse(sink.stdout)).toEqual(schemaDocument('sink'));
  const refused = await runConfig(['schema', 'sinks']);
  expect({ stdout: refused.stdout, exitCode: refused.exitCode }).toEqual({ stdout: '', exitCode: 2 });
});

test('the descriptor names schemas that are there', () => {
  const descriptor = parse(readFileSync('connector.yaml', 'utf8'));
  expect(descriptor).toMatchObject({
    name: 'kinesis',
    sourceClass: 'org.apache.pulsar.io.kinesis.KinesisSource',
    sinkClass: 'org.apache.pulsar.io.kinesis.KinesisSink',
    sinkConfigClass: 'org.apache.pulsar.io.kinesis.KinesisSinkConfig',
  });
  const { sourceConfigSchema, sinkConfigSchema, connectorsSchema } = descriptor;
  expect([sourceConfigSchema, sinkConfigSchema, connectorsSchema].filter((it) => !existsSync(it))).toEqual(
    [],
  );
});

test('any mapping at all is judged with paths and codes, never thrown at', () => {
  const names = [...new Set(all.map(([path]) => path.split('.').at(-1) ?? ''))];
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom(
        '',
        'x',
        'arn:aws:kinesis:a:1:stream/x',
        `\${env:X}`,
        'AT_TIMESTAMP',
        'static',
        'assumeRole',
        'property:x',
        'orders',
        null,
        0,
        7,
        true,
      ),
      fc.array(tie('tree'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 6 }),
    ),
  }));
  const file = fc.record({
    sources: fc.array(fc.record({ configs: tree, name: tree }), { maxLength: 2 }),
    sinks: fc.array(
      fc.record({ configs: tree, name: tree, inputs: tree, inputSpecs: tree, deadLetterTopic: tree }),
      { maxLength: 2 },
    ),
    aws: tree,
    pulsar: tree,
  });
  fc.assert(
    fc.property(fc.oneof(file, fc.dictionary(fc.constantFrom(...names), tree)), (raw) => {
      const { problems } = resolveConfig(raw, 'x.yaml', { env: {} });
      expect(
        problems.every(({ found, expected, hint }) => found !== '' && expected !== '' && hint !== ''),
      ).toBe(true);
      expect(new Set(problems.map(({ path }) => path)).size).toBe(problems.length);
    }),
    { numRuns: 500 },
  );
});
