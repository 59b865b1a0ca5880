import { format, inspect } from 'node:util';
import fc from 'fast-check';
import {
  effectiveConfig,
  effectiveYaml,
  hide,
  loadConfigObject,
  parseKinesisSinkConfig,
  parseKinesisSourceConfig,
  resolveConfig,
} from '../../../src/config';
import { parseText } from '../../../src/config/document';
import { ProblemList } from '../../../src/config/problems';
import { explain } from '../../../src/errors';
import { problemsOf } from './support';

/** Long enough not to be part of a message by chance. */
const secretText = fc.stringMatching(/^[A-Za-z0-9+/=_"'{}\\:-]{16,60}$/);

interface Secrets {
  readonly key: string;
  readonly token: string;
  readonly param: string;
}
const secrets = fc.record<Secrets>({ key: secretText, token: secretText, param: secretText });

/** A file with a secret at every place for one; extra options of a source, or a sink, make it bad. */
function file(
  { key, token, param }: Secrets,
  extra: object = {},
  sinkExtra: object = {},
): { readonly [name: string]: unknown } {
  const keys = { type: 'static', accessKeyId: key, secretAccessKey: key, sessionToken: token };
  return {
    pulsar: { authentication: { type: 'token', token } },
    aws: {
      region: 'eu-central-1',
      credentials: { type: 'assumeRole', roleArn: 'arn:aws:iam::123456789012:role/r', base: keys },
    },
    sources: [
      {
        name: 'own',
        topicName: 'orders',
        configs: {
          awsKinesisStreamName: 'orders',
          aws: { credentials: keys, dynamoCredentials: keys },
          ...extra,
        },
      },
      {
        name: 'java',
        topicName: 'orders',
        configs: {
          awsKinesisStreamName: 'payments',
          awsCredentialPluginParam: JSON.stringify({ accessKey: key, secretKey: param }),
        },
        secrets: { other: token },
      },
    ],
    sinks: [
      {
        name: 'out',
        inputs: ['orders'],
        configs: {
          awsKinesisStreamName: 'exports',
          awsCredentialPluginParam: JSON.stringify({ accessKey: key, secretKey: param }),
          extraKinesisProducerConfig: { ProxyPassword: param },
          ...sinkExtra,
        },
        secrets: { other: token },
      },
    ],
  };
}

/** `text` as it may stand inside of quotes. */
const faces = (text: string): string[] => [
  text,
  JSON.stringify(text).slice(1, -1),
  inspect(text).slice(1, -1),
];

function expectHidden(output: string, values: Secrets): void {
  for (const value of Object.values(values).flatMap(faces)) {
    expect(output.includes(value)).toBe(false);
  }
}

const print = (value: unknown): string =>
  [JSON.stringify(value), inspect(value, { depth: 20, showHidden: false }), String(value)].join('\n');

test('a wrapped text shows stars in every way of printing, and is there when asked for', () => {
  const secret = hide('SK_live_0123456789');
  const nested = { a: [secret] };
  const ways = [
    String(secret),
    `${secret}`,
    JSON.stringify(nested),
    inspect(nested, { showHidden: true }),
    format('%s %o', secret, secret),
  ];
  for (const way of ways) {
    expect(way).toContain('***');
    expect(way).not.toContain('SK_live');
  }
  expect(secret.reveal()).toBe('SK_live_0123456789');
});

test('a secret is in no output of a good configuration', () => {
  fc.assert(
    fc.property(secrets, (values) => {
      const resolved = resolveConfig(file(values), 'x.yaml', { env: {} });
      expect(resolved.problems).toEqual([]);
      const effective = effectiveConfig(resolved);
      const loaded = loadConfigObject(file(values), 'x.yaml', { env: {} });
      const parsed = loaded.sources.map((source) =>
        parseKinesisSourceConfig(source.configs, (name) => source.secrets[name], 0),
      );
      const sinks = loaded.sinks.map((sink) =>
        parseKinesisSinkConfig(sink.configs, (name) => sink.secrets[name]),
      );
      const views = [effective, loaded, parsed, sinks].map(print);
      const shown = [effectiveYaml(effective), ...views].join('\n');
      expectHidden(shown, values);
      expect(shown).toContain('***');
      const [own] = parsed;
      expect(own?.aws.credentials.type === 'static' && own.aws.credentials.secretAccessKey.reveal()).toBe(
        values.key,
      );
      const [out] = sinks.map(({ aws }) => aws.credentials);
      expect(out?.type === 'static' && out.secretAccessKey.reveal()).toBe(values.param);
    }),
    { numRuns: 100 },
  );
});

test('a secret is in no problem and no error of a bad configuration', () => {
  const badValue = (text: string): fc.Arbitrary<object> =>
    fc.constantFrom(
      { aws: { credentials: text } },
      { aws: { credentials: { type: 'assumeRole', roleArn: 'r', secretAccessKey: text } } },
      { aws: { credentials: { type: 'static', accessKeyId: [text], secretAccessKey: { a: text } } } },
      { awsCredentialPluginParam: text },
      { awsCredentialPluginName: JSON.stringify({ accessKey: text }), awsCredentialPluginParam: '' },
      { awsCredentialPluginParam: JSON.stringify({ accessKey: text, [text]: text }) },
      {
        awsCredentialPluginName: 'org.apache.pulsar.io.aws.STSAssumeRoleProviderPlugin',
        awsCredentialPluginParam: JSON.stringify({ roleArn: text, roleSessionName: `${text}#` }),
      },
      { awsEndpoint: `http://user:${text}@host` },
      { aws: { proxy: `http://user:${text}@host` } },
      { awsRegion: `\${${text}}` },
    );
  const cases = secrets.chain((values) => fc.tuple(fc.constant(values), badValue(values.param)));
  fc.assert(
    fc.property(cases, ([values, extra]) => {
      const resolved = resolveConfig(file(values, extra), 'x.yaml', { env: {} });
      expect(resolved.problems).not.toEqual([]);
      let error: unknown;
      try {
        loadConfigObject(file(values, extra), 'x.yaml', { env: {} });
      } catch (thrown) {
        error = thrown;
      }
      expectHidden([print(resolved.problems), print(error), explain(error)].join('\n'), values);
    }),
    { numRuns: 200 },
  );
});

test('a secret is in no problem and no error of a bad sink', () => {
  const badValue = (text: string): fc.Arbitrary<object> =>
    fc.constantFrom(
      { awsEndpoint: `user:${text}@host` },
      { awsEndpoint: `https://user:${text}@host`, awsEndpointPort: 4567 },
      { awsStsEndpoint: `https://${text}@host` },
      { awsStsEndpoint: 'host', aws: { endpoints: { sts: `https://user:${text}@host` } } },
      { extraKinesisProducerConfig: { ProxyPassword: [text] } },
      { awsCredentialPluginParam: text },
      { aws: { credentials: { type: 'static', accessKeyId: text } } },
      { outputStreamArn: `\${${text}}` },
    );
  const cases = secrets.chain((values) => fc.tuple(fc.constant(values), badValue(values.param)));
  fc.assert(
    fc.property(cases, ([values, extra]) => {
      const raw = file(values, {}, extra);
      const resolved = resolveConfig(raw, 'x.yaml', { env: {} });
      expect(resolved.problems).not.toEqual([]);
      expectHidden([print(resolved.problems), print(resolved.notices)].join('\n'), values);
    }),
    { numRuns: 100 },
  );
});

test('the value behind a reference is shown in no problem', () => {
  const raw = {
    name: 'orders',
    topicName: 'orders',
    configs: { awsKinesisStreamName: 'orders', awsRegion: `\${env:SLIP}`, numRetries: `\${env:SLIP}` },
  };
  const { problems } = resolveConfig(raw, 'x.yaml', { env: { SLIP: 'SK_live_0123456789' } });
  expect(problems.map(({ path }) => path)).toEqual(['configs.numRetries', 'configs.awsRegion']);
  expect(print(problems)).not.toContain('SK_live');
});

test('the text of a file that cannot be parsed is in no problem', () => {
  const problems = new ProblemList();
  expect(parseText('configs:\n  param: "SK_live_0123456789\n bad: [', problems)).toBeUndefined();
  expect(problems.all[0]?.code).toBe('CONFIG_SYNTAX');
  expect(print(problems.all)).not.toContain('SK_live');
});

test('the library refuses bad options with every problem, below configs', () => {
  const problems = problemsOf(() =>
    parseKinesisSourceConfig({ awsRegion: 'x', nope: 1 }, () => undefined, 0),
  );
  expect(problems.map(({ path, code }) => `${path} ${code}`).sort()).toEqual([
    'configs.awsKinesisStreamName CONFIG_MISSING',
    'configs.awsRegion CONFIG_FORMAT',
    'configs.nope CONFIG_UNKNOWN_KEY',
  ]);
});
