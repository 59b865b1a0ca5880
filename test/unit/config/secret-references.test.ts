import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import {
  ConfigError,
  loadConfigDocument,
  loadConfigObject,
  parseKinesisSourceConfig,
  type ReadSecrets,
  resolveConfig,
  type SecretFailure,
} from '../../../src/config';
import type { AwsSettings } from '../../../src/config/types';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';

/** A store of secrets; what it is asked for is written down. */
class Store {
  readonly texts = new Map<string, string>();
  readonly failures = new Map<string, SecretFailure>();
  readonly asked: string[] = [];
  aws: AwsSettings | undefined;

  readonly read: ReadSecrets = async (aws, secrets) => {
    this.aws = aws;
    return secrets.map(({ id, stage }) => {
      const key = stage === undefined ? id : `${id} ${stage}`;
      this.asked.push(key);
      const failure = this.failures.get(key);
      return failure === undefined ? { text: this.texts.get(key) ?? `the text of ${key}` } : { failure };
    });
  };
}

let store: Store;
beforeEach(() => {
  store = new Store();
});

const source = (configs: object = {}, fields: object = {}) => ({
  name: 'orders',
  topicName: 'orders',
  configs: { awsKinesisStreamName: 'orders', ...configs },
  ...fields,
});
const file = (more: object = {}, configs: object = {}) => ({
  aws: { region: 'eu-central-1' },
  sources: [source(configs)],
  ...more,
});
const load = (raw: object, options: object = {}) =>
  loadConfigDocument(raw as never, 'x.yaml', { env: {}, readSecrets: store.read, ...options });

async function problemsOf(raw: object): Promise<readonly string[]> {
  const error: unknown = await load(raw).catch((thrown: unknown) => thrown);
  return error instanceof ConfigError ? error.problems.map(({ path, code }) => `${path} ${code}`) : [];
}

const token = (text: string) => ({
  pulsar: { serviceUrl: 'pulsar://x:6650', authentication: { type: 'token', token: text } },
});

test('a secret, a field of one, and one version of it stand where they are named, each secret read once', async () => {
  store.texts.set('pulsar', JSON.stringify({ user: 'me', password: 'p', port: 6650 }));
  store.texts.set('name', 'name');
  const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/name-AbCdEf';
  const { pulsar, sources } = await load(
    file(
      {
        pulsar: {
          serviceUrl: `pulsar://x:\${secret:pulsar#port}`,
          authentication: {
            type: 'basic',
            userId: `\${secret:pulsar#user}`,
            password: `\${secret:pulsar#password}-\${secret:${arn}?stage=AWSPREVIOUS}`,
          },
        },
      },
      { applicationName: `app-\${secret:name}` },
    ),
  );
  expect(pulsar.serviceUrl).toBe('pulsar://x:6650');
  expect(pulsar.authentication).toMatchObject({ type: 'basic', userId: 'me' });
  expect(pulsar.authentication.type === 'basic' && pulsar.authentication.password.reveal()).toBe(
    `p-the text of ${arn} AWSPREVIOUS`,
  );
  expect(sources[0]?.configs.applicationName).toBe('app-name');
  expect(store.asked.sort()).toEqual([`${arn} AWSPREVIOUS`, 'name', 'pulsar']);
});

test('secrets are read by what the shared settings say; of a file with one connector, by those of the connector', async () => {
  await load(
    file({
      ...token(`\${secret:t}`),
      aws: { region: 'eu-central-1', endpoints: { secretsManager: 'http://127.0.0.1:1' } },
    }),
  );
  expect(store.aws).toMatchObject({
    region: 'eu-central-1',
    endpoints: { secretsManager: 'http://127.0.0.1:1' },
    credentials: { type: 'default' },
  });
  await load(source({ awsRegion: 'eu-west-3' }, { secrets: { any: `\${secret:t}` } }));
  expect(store.aws?.region).toBe('eu-west-3');
});

test('what secrets are read with is no secret itself', async () => {
  const keys = { type: 'static', accessKeyId: 'AKID', secretAccessKey: `\${secret:keys}` };
  expect(await problemsOf(file({ aws: { region: 'eu-central-1', credentials: keys } }))).toEqual([
    'aws.credentials.secretAccessKey CONFIG_REFERENCE',
  ]);
  expect(await problemsOf(source({ awsRegion: 'eu-central-1', aws: { credentials: keys } }))).toEqual([
    'configs.aws.credentials.secretAccessKey CONFIG_REFERENCE',
  ]);
  expect(store.asked).toEqual([]);
  // A connector in a list is not what they are read with.
  expect(await problemsOf(file({}, { aws: { credentials: keys } }))).toEqual([]);
});

test('every secret that cannot be had is a problem at its path, beside all others, and no value is shown', async () => {
  const value = randomBytes(12).toString('hex');
  const failure = (code: SecretFailure['code']): SecretFailure => ({
    code,
    found: 'f',
    expected: 'e',
    hint: 'h',
  });
  store.failures.set('denied', failure('CONFIG_SECRET_DENIED'));
  store.failures.set('absent', failure('CONFIG_SECRET_NOT_FOUND'));
  store.texts.set('plain', value);
  store.texts.set('json', JSON.stringify({ a: { b: value } }));
  const raw = file(
    {
      ...token(`\${secret:denied}`),
      logLevel: `\${secret:plain}`,
    },
    {
      applicationName: `\${secret:absent}`,
      leaseTableName: `\${secret:plain#field}`,
      deadLetterTopic: `\${secret:json#a}`,
      backoffTime: `\${secret:plain}`,
      awsRegion: 'nowhere',
    },
  );
  const error: unknown = await load(raw).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect((await problemsOf(raw)).toSorted()).toEqual([
    'logLevel CONFIG_ENUM',
    'pulsar.authentication.token CONFIG_SECRET_DENIED',
    'sources[0].configs.applicationName CONFIG_SECRET_NOT_FOUND',
    'sources[0].configs.awsRegion CONFIG_FORMAT',
    'sources[0].configs.backoffTime CONFIG_TYPE',
    'sources[0].configs.deadLetterTopic CONFIG_SECRET_UNUSABLE',
    'sources[0].configs.leaseTableName CONFIG_SECRET_UNUSABLE',
  ]);
  expect(inspect(error, { depth: 10 })).not.toContain(value);
});

test.each([
  ['with what JSON writes otherwise', `hunter2"with\\ and\na line`],
  ['longer than what is shown', 'S3CRET'.repeat(30)],
  ['that looks like an address', 'http://me:hunter2@host/path with hunter2'],
])('a value %s is not shown by rules that quote what they find', async (_what, value) => {
  store.texts.set('v', value);
  const given = `\${secret:v}`;
  const authentication = { type: 'oauth2', issuerUrl: given, clientId: 'me', clientSecret: 'x' };
  const options = {
    awsKinesisStreamName: given,
    startAtTime: given,
    initialPositionInStream: 'AT_TIMESTAMP',
  };
  const error: unknown = await load(file({ pulsar: { serviceUrl: given, authentication } }, options)).catch(
    (thrown: unknown) => thrown,
  );
  const problems = error instanceof ConfigError ? error.problems : [];
  expect(problems.length).toBeGreaterThan(2);
  expect(new Set(problems.map(({ found }) => found))).toEqual(new Set([`the value of ${given}`]));
  expect(inspect(error, { depth: 10 })).not.toMatch(/hunter2|S3CRET/);
});

test('where the settings that secrets are read with are wrong, only that is said', async () => {
  const raw = file({ ...token(`\${secret:t}`), aws: { region: 'nowhere' } });
  expect(await problemsOf(raw)).toEqual(['aws.region CONFIG_FORMAT']);
});

test.each(['no name', '', '#field', 'name?version=1', 'arn:aws:kinesis:eu-west-1:123456789012:stream/x'])(
  'a reference to secret:%s is refused as written wrongly',
  async (reference) => {
    expect(await problemsOf(file(token(`\${secret:${reference}}`)))).toEqual([
      'pulsar.authentication.token CONFIG_REFERENCE',
    ]);
  },
);

test('without a look at secrets everything else is judged, and the file is not loaded', () => {
  const raw = file({ ...token(`\${secret:t}`), logLevel: `\${secret:level}` }, { failoverTime: 'x' });
  const resolved = resolveConfig(raw, 'x.yaml', { env: {} });
  expect(resolved.problems.map(({ path }) => path)).toEqual(['sources[0].configs.failoverTime']);
  const unread = resolved.notices.filter(({ message }) => message.includes('Secrets Manager'));
  expect(unread.map(({ path }) => path)).toEqual(['pulsar.authentication.token', 'logLevel']);
  expect(() => loadConfigObject(file(token(`\${secret:t}`)), 'x.yaml', { env: {} })).toThrow(ConfigError);
});

test('the signal ends the wait for secrets', async () => {
  const signal = AbortSignal.abort(new Error('stopped'));
  const readSecrets: ReadSecrets = async (_aws, _secrets, given) => {
    given.throwIfAborted();
    return [];
  };
  await expect(load(file(token(`\${secret:t}`)), { signal, readSecrets })).rejects.toThrow('stopped');
});

describe('secrets that are rotated', () => {
  const PARAM = { accessKey: 'AK1', secretKey: 'SK1' };
  const keys = {
    type: 'static',
    accessKeyId: `\${secret:keys#id}`,
    secretAccessKey: `\${secret:keys#key}`,
  };
  const everywhere = () => ({
    ...file(
      { ...token(`Bearer \${secret:t}`), http: { port: 0, token: `\${secret:h}` } },
      { aws: { credentials: keys } },
    ),
    sinks: [
      {
        name: 'out',
        inputs: ['orders'],
        configs: { awsKinesisStreamName: 'exports', awsCredentialPluginParam: `\${secret:param}` },
        secrets: { mine: `\${secret:t}` },
      },
    ],
  });

  async function running(raw: object = everywhere()) {
    store.texts.set('keys', JSON.stringify({ id: 'AKID1', key: 'key one' }));
    store.texts.set('param', JSON.stringify(PARAM));
    store.texts.set('h', 'first-token');
    const config = await load(raw);
    const clock = new ManualClock();
    const warnings: object[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => warnings.push(fields) };
    const stop = config.secrets?.keepFresh({ clock, random: seededRandom(1), logger });
    return { config, clock, warnings, stop: () => stop?.() };
  }

  it('are what connections made later use: token, keys, parameters, and those of own connectors', async () => {
    const { config, clock, stop } = await running();
    const { pulsar, sources, sinks, http } = config;
    const credentials = parseKinesisSourceConfig(sources[0]?.configs ?? {}, () => undefined, 0).aws
      .credentials;
    const sink = sinks[0];
    const tokenNow = () =>
      pulsar.authentication.type === 'token' ? pulsar.authentication.token() : undefined;
    expect(await tokenNow()).toBe('Bearer the text of t');
    store.texts.set('t', 'new');
    store.texts.set('h', 'newer-token');
    store.texts.set('keys', JSON.stringify({ id: 'AKID2', key: 'key two' }));
    await clock.advance(300_000);
    expect(await tokenNow()).toBe('Bearer new');
    expect(http?.token?.reveal()).toBe('newer-token');
    expect(sink?.secrets.mine).toBe('new');
    expect(credentials.type === 'static' && credentials.accessKeyId.reveal()).toBe('AKID2');
    expect(credentials.type === 'static' && credentials.secretAccessKey.reveal()).toBe('key two');
    expect(config.secrets?.version).toBe(1);
    stop();
  });

  it('are read after secretsRefreshInterval, up to a tenth sooner, and never with 0', async () => {
    const { clock, stop } = await running({ ...everywhere(), secretsRefreshInterval: 1000 });
    const before = store.asked.length;
    await clock.advance(899);
    expect(store.asked).toHaveLength(before);
    await clock.advance(101);
    expect(store.asked).toHaveLength(before * 2);
    stop();
    const never = await running({ ...everywhere(), secretsRefreshInterval: 0 });
    expect(never.clock.pending).toBe(0);
    never.stop();
  });

  it('keep their values, with one warning, while they cannot be read or lack what is referred to', async () => {
    const { config, clock, warnings, stop } = await running();
    const denied: SecretFailure = { code: 'CONFIG_SECRET_DENIED', found: 'f', expected: 'e', hint: 'h' };
    store.failures.set('t', denied);
    store.texts.set('keys', JSON.stringify({ id: 'AKID2' }));
    await clock.advance(900_000);
    expect(warnings).toEqual([
      expect.objectContaining({ secret: 'keys', code: 'CONFIG_SECRET_UNUSABLE' }),
      expect.objectContaining({ secret: 't', code: 'CONFIG_SECRET_DENIED' }),
    ]);
    expect(config.secrets?.version).toBe(0);
    expect(JSON.stringify(warnings)).not.toContain('key one');
    store.failures.delete('t');
    store.texts.set('t', 'back');
    await clock.advance(300_000);
    expect(config.sinks[0]?.secrets.mine).toBe('back');
    stop();
  });

  it('are read at once when one is refused, however many refuse it', async () => {
    const { config, clock, stop } = await running();
    const { authentication } = config.pulsar;
    if (authentication.type !== 'token') {
      throw new Error('the file has a token');
    }
    const stale = await authentication.token();
    const before = store.asked.length;
    store.texts.set('t', 'new');
    const tokens = await Promise.all([authentication.token(stale), authentication.token(stale)]);
    expect(tokens).toEqual(['Bearer new', 'Bearer new']);
    expect(store.asked).toHaveLength(before * 2);
    // Refused again a moment later: the store is not asked at every attempt, and what it has by then is found.
    const [first, second] = [authentication.token('Bearer new'), authentication.token('Bearer new')];
    store.texts.set('t', 'newer');
    await clock.advance(9_999);
    expect(store.asked).toHaveLength(before * 2);
    await clock.advance(1);
    expect(await Promise.all([first, second])).toEqual(['Bearer newer', 'Bearer newer']);
    expect(store.asked).toHaveLength(before * 3);
    stop();
  });

  it('leave no timer and no reading behind at the end', async () => {
    const { config, clock, stop } = await running();
    expect(clock.pending).toBe(1);
    await config.secrets?.refresh();
    const paused = config.secrets?.refresh();
    expect(clock.pending).toBe(2);
    stop();
    await paused;
    expect(clock.pending).toBe(0);
    const before = store.asked.length;
    await config.secrets?.refresh();
    expect(store.asked).toHaveLength(before);
  });
});
