import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse } from 'yaml';
import { parseKinesisSourceConfig, resolveConfig, schemaDocument } from '../../../src/config';
import { environmentVariables } from '../../../src/config/environment';
import { withDefaults } from '../../../src/config/normalise';
import { dereference, type SchemaNode, type SchemaPlace, schemaRoot } from '../../../src/config/schema';
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
  ...options(schemaRoot('connectors'), ''),
  ...options({ document, node: { $ref: '#/$defs/source' } }, 'source'),
];

test('every option has title, help, examples and sensitivity, and every number a range', () => {
  expect(all.length).toBeGreaterThan(120);
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
});

/** A value of the right kind that asks for something. */
function asking(node: SchemaNode): unknown {
  const candidates = node.enum ?? [true, 7, 'text', { a: 'b' }];
  const kinds: { readonly [type: string]: string } = { integer: 'number', number: 'number' };
  const kind = kinds[String(node.type)] ?? String(node.type);
  const neutral = node['x-neutral'] ?? [];
  return candidates.find((it) => typeof it === kind && !neutral.includes(it));
}

const later = Object.entries(schemaDocument('source').properties ?? {}).filter(
  ([, node]) => node['x-available'],
);

test.each(later)('%s is refused as not available yet, never ignored', (name, node) => {
  const value = asking(node);
  const base = { awsKinesisStreamName: 'orders', awsRegion: 'eu-central-1' };
  const problems = problemsOf(() => parseKinesisSourceConfig({ ...base, [name]: value }, () => undefined, 0));
  expect(value).toBeDefined();
  expect(problems.map(({ path, code }) => `${path} ${code}`)).toEqual([`configs.${name} NOT_AVAILABLE_YET`]);
  for (const neutral of node['x-neutral'] ?? []) {
    expect(
      problemsOf(() => parseKinesisSourceConfig({ ...base, [name]: neutral }, () => undefined, 0)),
    ).toEqual([]);
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
  const refused = await runConfig(['schema', 'sinks']);
  expect({ stdout: refused.stdout, exitCode: refused.exitCode }).toEqual({ stdout: '', exitCode: 2 });
});

test('the descriptor names schemas that are there', () => {
  const descriptor = parse(readFileSync('connector.yaml', 'utf8'));
  expect(descriptor).toMatchObject({
    name: 'kinesis',
    sourceClass: 'org.apache.pulsar.io.kinesis.KinesisSource',
  });
  expect([descriptor.sourceConfigSchema, descriptor.connectorsSchema].map((it) => existsSync(it))).toEqual([
    true,
    true,
  ]);
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
