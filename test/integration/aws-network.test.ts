import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mayHaveTakenEffect } from '../../src/aws/classify';
import { createMetricDataApi } from '../../src/aws/cloudwatch-client';
import { createDynamoApi } from '../../src/aws/dynamo-client';
import type { ShardSubscription } from '../../src/aws/fan-out-api';
import { createFanOutApi } from '../../src/aws/fan-out-client';
import { createKinesisApi } from '../../src/aws/kinesis-client';
import { createKinesisPutApi } from '../../src/aws/kinesis-put-client';
import { secretsReader } from '../../src/aws/secrets-reader';
import type { AwsSettings, ProxySettings } from '../../src/config/types';
import { type Emulator, startEmulator } from '../../src/emulator';
import { explain } from '../../src/errors';
import { systemClock } from '../../src/util/clock';
import { awsSettings, secret, TEST_CREDENTIALS } from '../support/aws-settings';
import { CertificateAuthority } from '../support/certificates';
import { CountingProxy, type ProxyOptions } from '../support/counting-proxy';
import { cleanReport, SourceLab } from '../support/source-lab';

const ROLE = 'arn:aws:iam::000000000000:role/reader';
const CONSUMER = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/app';
const deps = { clock: systemClock };
const signal = new AbortController().signal;

const authority = new CertificateAuthority();
const identity = authority.issue(['localhost', '127.0.0.1']);
let folder: string;
let caFile: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'network-'));
  caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, authority.cert);
});
afterAll(() => rmSync(folder, { recursive: true }));

const releases: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) {
    await release();
  }
});

async function emulate(tls: boolean): Promise<Emulator> {
  const emulator = await startEmulator({ settleMs: 0, ...(tls && { tls: identity }) });
  releases.push(() => emulator.close());
  emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
  return emulator;
}

async function proxied(options?: ProxyOptions, port?: number): Promise<CountingProxy> {
  const proxy = await CountingProxy.start(options, port);
  releases.push(() => proxy.close());
  return proxy;
}

const through = ({ url }: { readonly url: string }, more: Partial<ProxySettings> = {}): ProxySettings => ({
  url,
  noProxy: [],
  ...more,
});

function settingsOf({ kinesisEndpoint }: Emulator, overrides: Partial<AwsSettings> = {}): AwsSettings {
  const endpoints = ['kinesis', 'dynamodb', 'cloudwatch', 'sts', 'secretsManager'];
  return awsSettings(kinesisEndpoint, {
    endpoints: Object.fromEntries(endpoints.map((service) => [service, kinesisEndpoint])),
    ...overrides,
  });
}

function owned<T extends { close(): void }>(api: T): T {
  releases.push(() => api.close());
  return api;
}

/** One call of every service, and events of a subscription. */
async function callEverything(emulator: Emulator, settings: AwsSettings): Promise<void> {
  const kinesis = owned(createKinesisApi(settings, deps));
  const put = owned(createKinesisPutApi(settings, deps));
  const fanOut = owned(createFanOutApi(settings, deps));
  const dynamo = owned(createDynamoApi(settings, deps));
  const metrics = owned(createMetricDataApi(settings, deps));
  emulator.secrets.put('token', 'value');

  const stream = { name: 'orders' };
  expect(await kinesis.describeStream(stream)).toMatchObject({ status: 'ACTIVE' });
  expect(await dynamo.describeTable('app')).toBeUndefined();
  expect(await secretsReader(deps)(settings, [{ id: 'token' }], signal)).toEqual([{ text: 'value' }]);
  const statistics = { count: 1, sum: 1, min: 1, max: 1 };
  await metrics.putMetricData('app', [
    { name: 'Lag', dimensions: [], timestamp: systemClock.now(), unit: 'Count', statistics },
  ]);
  await put.putRecords(stream, [{ partitionKey: 'k', data: Buffer.from('a') }]);
  await fanOut.registerStreamConsumer(CONSUMER.replace('/consumer/app', ''), 'app');
  const { ConsumerDescription } = emulator.kinesis.call('DescribeStreamConsumer', {
    StreamARN: CONSUMER.replace('/consumer/app', ''),
    ConsumerName: 'app',
  });
  const { ConsumerARN } = ConsumerDescription;
  const subscription = await fanOut.subscribeToShard(ConsumerARN, 'shardId-000000000000', HORIZON);
  await untilEvents(subscription);
  subscription.close();
}

/** The connections that this process makes from now on, those of the proxy too. */
function connectionsTo({ kinesisPort }: Emulator): () => number {
  const ports: (number | undefined)[] = [];
  const onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    socket.once('connect', () => ports.push(socket.remotePort));
  };
  subscribe('net.client.socket', onSocket);
  releases.push(() => {
    unsubscribe('net.client.socket', onSocket);
  });
  return () => ports.filter((port) => port === kinesisPort).length;
}

describe.each([
  ['http', false, 'http2'],
  ['https', true, 'http1'],
  ['https', true, 'auto'],
] as const)('a proxy in front of %s endpoints (TLS %s, fan-out %s)', (_scheme, tls, protocol) => {
  it('has every call of every service go through it, and nothing else', async () => {
    const emulator = await emulate(tls);
    const proxy = await proxied();
    emulator.iam.role(ROLE, { trust: ANYBODY, policies: [EVERYTHING] });
    emulator.iam.attach('*', [EVERYTHING]);
    const base = awsSettings('');
    const settings = settingsOf(emulator, {
      proxy: through(proxy),
      subscriptions: { ...base.subscriptions, protocol },
      credentials: {
        type: 'assumeRole',
        roleArn: ROLE,
        roleSessionName: 'test',
        durationSeconds: 900,
        base: TEST_CREDENTIALS,
      },
      ...(tls && { caFile }),
    });
    const connections = connectionsTo(emulator);
    await callEverything(emulator, settings);
    expect(connections()).toBe(proxy.targets.length);
    expect(new Set(proxy.targets)).toEqual(new Set([`127.0.0.1:${emulator.kinesisPort}`]));
  });
});

it('a source by fan-out over HTTP/2 delivers everything once and in order through a proxy', async () => {
  const lab = await SourceLab.open(2);
  releases.push(() => lab.close());
  const proxy = await proxied();
  lab.put(500);
  const aws = { proxy: { url: proxy.url }, subscribeProtocol: 'http2' };
  const run = lab.start({ useEnhancedFanOut: true, aws }, { untilCaughtUp: true });
  expect(await run.ended).toBe('drained');
  expect(lab.report()).toEqual(cleanReport(500));
  expect(new Set(proxy.targets)).toEqual(new Set([`127.0.0.1:${lab.emulator.kinesisPort}`]));
});

it('what the default chain asks of STS goes through it as well', async () => {
  const emulator = await emulate(false);
  // It refuses, so that nothing leaves this machine.
  const proxy = await proxied({ password: 'somebody:else' });
  const file = join(folder, 'web-identity');
  writeFileSync(file, 'token');
  const variables = {
    AWS_ROLE_ARN: ROLE,
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_CONFIG_FILE: join(folder, 'none'),
  };
  Object.assign(process.env, variables);
  releases.push(() => {
    for (const name of Object.keys(variables)) {
      delete process.env[name];
    }
  });
  const noProxy = ['127.0.0.1'];
  const settings = settingsOf(emulator, {
    credentials: { type: 'default' },
    proxy: through(proxy, { noProxy }),
  });
  await errorOf(owned(createKinesisApi(settings, deps)).describeStream({ name: 'orders' }));
  expect(new Set(proxy.targets)).toEqual(new Set(['sts.us-east-1.amazonaws.com:443']));
});

it('what noProxy names is reached without the proxy', async () => {
  const emulator = await emulate(false);
  const proxy = await proxied();
  const settings = settingsOf(emulator, { proxy: through(proxy, { noProxy: ['127.0.0.0/8'] }) });
  await callEverything(emulator, settings);
  expect(proxy.targets).toEqual([]);
});

describe('a proxy that asks who is there', () => {
  it('is told, and not told anything else', async () => {
    const emulator = await emulate(true);
    const password = randomBytes(8).toString('hex');
    const proxy = await proxied({ password: `connector:${password}` });
    const credentials = { username: 'connector', password: secret(password) };
    await callEverything(emulator, settingsOf(emulator, { proxy: through(proxy, { credentials }), caFile }));
    expect(proxy.targets.length).toBeGreaterThan(0);
  });

  it.each(['http1', 'auto'] as const)('refuses a wrong password by a code, over %s', async (protocol) => {
    const emulator = await emulate(true);
    const proxy = await proxied({ password: 'connector:right' });
    const wrong = randomBytes(8).toString('hex');
    const base = awsSettings('');
    const settings = settingsOf(emulator, {
      proxy: through(proxy, { credentials: { username: 'connector', password: secret(wrong) } }),
      subscriptions: { ...base.subscriptions, protocol },
      caFile,
    });
    const refused = {
      code: 'AWS_PROXY_REFUSED',
      treatment: 'bounded',
      hint: expect.stringContaining('password'),
    };
    const errors = [
      await errorOf(owned(createKinesisApi(settings, deps)).describeStream({ name: 'orders' })),
      await errorOf(owned(createDynamoApi(settings, deps)).describeTable('app')),
      await errorOf(owned(createFanOutApi(settings, deps)).subscribeToShard(CONSUMER, 'shard', HORIZON)),
    ];
    expect(errors).toEqual([1, 2, 3].map(() => expect.objectContaining(refused)));
    expect(errors.map(explain).join(' ')).not.toContain(wrong);
    expect(errors.map(mayHaveTakenEffect)).toEqual([false, false, false]);
  });
});

describe('a proxy that dies', () => {
  it('is said to be away, and reached again once it is back', async () => {
    const emulator = await emulate(true);
    const first = await CountingProxy.start();
    const settings = settingsOf(emulator, { proxy: through(first), caFile });
    const api = owned(createKinesisApi(settings, deps));
    await api.describeStream({ name: 'orders' });
    await first.close();
    const away = { code: 'AWS_PROXY_UNAVAILABLE', treatment: 'retry' };
    // The kept connection may be found broken first.
    await errorOf(api.describeStream({ name: 'orders' }));
    expect(await errorOf(api.describeStream({ name: 'orders' }))).toMatchObject(away);
    await proxied({}, first.port);
    expect(await api.describeStream({ name: 'orders' })).toMatchObject({ status: 'ACTIVE' });
  });

  it('in the middle of a subscription ends that subscription only', async () => {
    const emulator = await emulate(true);
    const proxy = await proxied();
    const settings = settingsOf(emulator, { proxy: through(proxy), caFile });
    const api = owned(createFanOutApi(settings, deps));
    const stream = CONSUMER.replace('/consumer/app', '');
    const { arn } = await api.registerStreamConsumer(stream, 'app');
    const subscription = await api.subscribeToShard(arn, 'shardId-000000000000', HORIZON);
    const next = errorOf(untilEvents(subscription));
    proxy.cut();
    expect(await next).toMatchObject({ treatment: 'retry' });
    expect(await api.describeStreamConsumer({ consumerArn: arn })).toMatchObject({ status: 'ACTIVE' });
  });

  it('before it answers is given up after the connect time-out', async () => {
    const emulator = await emulate(false);
    const closed: Promise<unknown>[] = [];
    const silent = createServer((socket) => {
      closed.push(once(socket.resume(), 'close'));
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    releases.push(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const proxy = through({ url: `http://127.0.0.1:${port}` });
    const settings = settingsOf(emulator, { proxy, connectTimeout: 50 });
    const errors = [
      await errorOf(owned(createKinesisApi(settings, deps)).describeStream({ name: 'orders' })),
      await errorOf(owned(createFanOutApi(settings, deps)).subscribeToShard(CONSUMER, 'shard', HORIZON)),
    ];
    const away = { code: 'AWS_PROXY_UNAVAILABLE', message: expect.stringContaining(proxy.url) };
    expect(errors).toEqual([1, 2].map(() => expect.objectContaining(away)));
    expect(errors.map(mayHaveTakenEffect)).toEqual([false, false]);
    await Promise.all(closed);
    expect(closed).toHaveLength(2);
  });
});

describe("a certificate authority of one's own", () => {
  it('changes nothing of a server that does not answer: time-out, and nothing was sent', async () => {
    const silent = createServer((socket) => void socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    releases.push(() => void silent.close());
    const settings = awsSettings(`https://127.0.0.1:${(silent.address() as AddressInfo).port}`, {
      caFile,
      connectTimeout: 50,
    });
    const error = await errorOf(
      owned(createKinesisPutApi(settings, deps)).describeStream({ name: 'orders' }),
    );
    expect(error).toMatchObject({ code: 'AWS_TIMEOUT' });
    expect(mayHaveTakenEffect(error)).toBe(false);
  });

  it('is what makes the endpoints trusted', async () => {
    const emulator = await emulate(true);
    const untrusted = settingsOf(emulator);
    expect(
      await errorOf(owned(createKinesisApi(untrusted, deps)).describeStream({ name: 'orders' })),
    ).toMatchObject({
      code: 'AWS_TLS',
    });
    await callEverything(emulator, settingsOf(emulator, { caFile }));
  });

  it('is read again for the next connection when its file is replaced', async () => {
    const other = join(folder, 'other.pem');
    writeFileSync(other, new CertificateAuthority('Another').cert);
    const settings = settingsOf(await emulate(true), { caFile: other });
    const apis = [createKinesisApi(settings, deps), createKinesisPutApi(settings, deps)].map(owned);
    for (const api of apis) {
      expect(await errorOf(api.describeStream({ name: 'orders' }))).toMatchObject({ code: 'AWS_TLS' });
    }
    writeFileSync(other, 'no certificate');
    expect(await errorOf(apis[0]?.describeStream({ name: 'orders' }))).toMatchObject({
      code: 'AWS_TLS',
      message: expect.stringContaining(other),
    });
    writeFileSync(other, authority.cert);
    for (const api of apis) {
      expect(await api.describeStream({ name: 'orders' })).toMatchObject({ status: 'ACTIVE' });
    }
  });
});

const errorOf = (promise: Promise<unknown> | undefined): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => 'it succeeded',
    (error: unknown) => error,
  );

async function untilEvents(subscription: ShardSubscription): Promise<void> {
  let count = 0;
  while (count < 1) {
    count += (await subscription.next({}))?.records.length ?? 0;
  }
}

const HORIZON = { type: 'TRIM_HORIZON' } as const;

const ANYBODY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
} as const;
const EVERYTHING = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
} as const;
