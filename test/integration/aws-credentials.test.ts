import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDynamoApi } from '../../src/aws/dynamo-client';
import { createKinesisApi } from '../../src/aws/kinesis-client';
import { secretsReader } from '../../src/aws/secrets-reader';
import type { AwsCredentials, AwsSettings } from '../../src/config/types';
import { type Emulator, startEmulator } from '../../src/emulator';
import { type Clock, systemClock } from '../../src/util/clock';
import { type LogFields, type Logger, silentLogger } from '../../src/util/logger';
import { awsSettings, TEST_CREDENTIALS } from '../support/aws-settings';

const ROLE = 'arn:aws:iam::000000000000:role/reader';
const OTHER_ROLE = 'arn:aws:iam::000000000000:role/other';
const MINUTE = 60_000;
const EVERYTHING = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
} as const;
const TRUST = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' },
    {
      Effect: 'Allow',
      Principal: { Federated: 'arn:aws:iam::000000000000:oidc-provider/issuer.example' },
      Action: 'sts:AssumeRoleWithWebIdentity',
    },
  ],
} as const;

let emulator: Emulator;
let folder: string;
let clock: Clock;
const warnings: LogFields[] = [];
const apis: { close(): void }[] = [];
const logger: Logger = { ...silentLogger, warn: (fields) => warnings.push(fields) };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'credentials-'));
  warnings.length = 0;
  emulator = await startEmulator({ settleMs: 0 });
  emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
  emulator.iam.attach('AKIDEXAMPLE', [EVERYTHING]);
  for (const role of [ROLE, OTHER_ROLE]) {
    emulator.iam.role(role, { trust: TRUST, policies: [EVERYTHING] });
  }
  clock = { ...systemClock, now: () => emulator.clock.now() };
});
afterEach(async () => {
  for (const api of apis.splice(0)) {
    api.close();
  }
  await emulator.close();
  rmSync(folder, { recursive: true });
});

/** Asks Kinesis who it is that asks; in the words of the emulator. */
function caller(credentials: AwsCredentials, overrides: Partial<AwsSettings> = {}) {
  const api = createKinesisApi(awsSettings(emulator.kinesisEndpoint, { credentials, ...overrides }), {
    clock,
    logger,
  });
  apis.push(api);
  return async (): Promise<{ readonly identity: string; readonly key: string | undefined }> => {
    emulator.iam.forgetCalls();
    await api.describeStream({ name: 'orders' });
    const used = emulator.iam.used().find(({ action }) => action === 'kinesis:DescribeStreamSummary');
    return { identity: used?.identity ?? 'nobody', key: used?.accessKeyId };
  };
}

const assumed: AwsCredentials = {
  type: 'assumeRole',
  roleArn: ROLE,
  roleSessionName: 'test',
  durationSeconds: 900,
  base: TEST_CREDENTIALS,
};

/** A token of an identity provider that ends at an instant. */
function token(expiresAt: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'https://issuer.example', sub: 'connector', exp: Math.floor(expiresAt / 1000) };
  return `${part({ alg: 'none' })}.${part(claims)}.${randomBytes(8).toString('hex')}`;
}

const failing = (operation: string) =>
  emulator.faults.add({ operation, fault: { kind: 'error', type: 'InternalFailure', status: 500 } });

it('keys of a role are renewed in the middle of a run, before they end', async () => {
  const ask = caller(assumed);
  const first = await ask();
  expect(first.identity).toBe(ROLE);
  emulator.clock.advance(11 * MINUTE);
  let renewed = await ask();
  while (renewed.key === first.key) {
    renewed = await ask();
  }
  emulator.clock.advance(9 * MINUTE);
  expect((await ask()).identity).toBe(ROLE);
  expect(warnings).toEqual([]);
});

it('an STS that is down fails nobody while the keys hold, is reported, and is asked again', async () => {
  const ask = caller(assumed);
  const first = await ask();
  const down = failing('AssumeRole');
  emulator.clock.advance(11 * MINUTE);
  for (let i = 0; i < 5; i++) {
    expect((await ask()).key).toBe(first.key);
  }
  emulator.clock.advance(4 * MINUTE);
  await expect(ask()).rejects.toMatchObject({
    code: 'AWS_UNAVAILABLE',
    treatment: 'retry',
    message: expect.stringContaining('sts:AssumeRole'),
  });
  expect(warnings).toEqual([expect.objectContaining({ credentials: ROLE, code: 'AWS_UNAVAILABLE' })]);
  down.remove();
  const again = await ask();
  expect(again.identity).toBe(ROLE);
  expect(again.key).not.toBe(first.key);
});

it('a role that may not be assumed is named, with the permission that is wanting', async () => {
  const refusal = { Effect: 'Deny', Action: 'sts:*', Resource: '*' } as const;
  emulator.iam.attach('AKIDEXAMPLE', [{ Version: '2012-10-17', Statement: [refusal] }]);
  await expect(caller(assumed)()).rejects.toMatchObject({
    code: 'AWS_ACCESS_DENIED',
    hint: expect.stringContaining('sts:AssumeRole'),
  });
});

describe('a token of an identity provider', () => {
  const webIdentity = (tokenFile: string): AwsCredentials => ({
    type: 'webIdentity',
    roleArn: ROLE,
    roleSessionName: 'test',
    durationSeconds: 900,
    tokenFile,
  });

  it('is read anew at each renewal', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, `${token(emulator.clock.now() + 5 * MINUTE)}\n`);
    const ask = caller(webIdentity(file));
    expect((await ask()).identity).toBe(ROLE);
    emulator.clock.advance(16 * MINUTE);
    await expect(ask()).rejects.toMatchObject({ code: 'AWS_CREDENTIALS', treatment: 'bounded' });
    writeFileSync(file, token(emulator.clock.now() + 5 * MINUTE));
    expect((await ask()).identity).toBe(ROLE);
  });

  it('is asked for by name when its file is not there', async () => {
    const file = join(folder, 'absent');
    await expect(caller(webIdentity(file))()).rejects.toMatchObject({
      code: 'AWS_CREDENTIALS',
      message: expect.stringContaining(file),
    });
  });

  it('is what another role may be assumed with', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, token(emulator.clock.now() + 5 * MINUTE));
    const ask = caller({ ...assumed, roleArn: OTHER_ROLE, base: webIdentity(file) });
    expect((await ask()).identity).toBe(OTHER_ROLE);
  });
});

describe('a profile', () => {
  const outside = process.env.AWS_CONFIG_FILE;
  let file: string;
  beforeEach(() => {
    file = join(folder, 'config');
    writeFileSync(
      file,
      `[profile keys]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = example
[profile role]
role_arn = ${ROLE}
source_profile = keys
[profile broken]
credential_process = /no/such/program --password hunter2
`,
    );
    process.env.AWS_CONFIG_FILE = file;
    process.env.AWS_SHARED_CREDENTIALS_FILE = join(folder, 'none');
  });
  afterEach(() => {
    delete process.env.AWS_SHARED_CREDENTIALS_FILE;
    if (outside === undefined) {
      delete process.env.AWS_CONFIG_FILE;
    } else {
      process.env.AWS_CONFIG_FILE = outside;
    }
  });
  const profile = (name: string): AwsCredentials => ({ type: 'profile', profile: name });

  it('gives its keys, or those of the role that it names, over our endpoint of STS', async () => {
    expect(await caller(profile('keys'))()).toMatchObject({ key: 'AKIDEXAMPLE' });
    expect(await caller(profile('role'))()).toMatchObject({ identity: ROLE });
  });

  it('is what a role may be assumed with', async () => {
    expect(await caller({ ...assumed, base: profile('keys') })()).toMatchObject({ identity: ROLE });
  });

  it('that is not there, or whose process fails, is named, and no command line is shown', async () => {
    await expect(caller(profile('absent'))()).rejects.toMatchObject({
      code: 'AWS_CREDENTIALS',
      message: expect.stringContaining('absent'),
    });
    const error: unknown = await caller(profile('broken'))().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'AWS_CREDENTIALS', message: expect.stringContaining('broken') });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2');
  });
});

it('secrets of another region are read with one set of keys, at every reading', async () => {
  const settings = awsSettings(emulator.kinesisEndpoint, {
    region: 'eu-west-1',
    credentials: assumed,
    endpoints: { sts: emulator.kinesisEndpoint, secretsManager: emulator.kinesisEndpoint },
  });
  const stored = ['one', 'two'].map((name) => {
    emulator.secrets.put(name, name);
    return { id: `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}` };
  });
  const read = secretsReader({ clock, logger });
  for (let reading = 0; reading < 2; reading++) {
    const answers = await read(settings, stored, new AbortController().signal);
    expect(answers).toEqual([{ text: 'one' }, { text: 'two' }]);
  }
  expect(emulator.iam.used().filter(({ action }) => action === 'sts:AssumeRole')).toHaveLength(1);
});

it('DynamoDB may be called with credentials of its own', async () => {
  const settings = awsSettings(emulator.kinesisEndpoint, { dynamoCredentials: assumed });
  const api = createDynamoApi(settings, { clock });
  apis.push(api);
  await api.describeTable('app');
  const used = emulator.iam.used().find(({ action }) => action === 'dynamodb:DescribeTable');
  expect(used?.identity).toBe(ROLE);
});
