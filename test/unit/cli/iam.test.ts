import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../../src/cli/program';

const ROLE = 'arn:aws:iam::222222222222:role/reader';

const ABSENT = `\${env:ABSENT}`;
const SECRET = `\${secret:pulsar#token}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iam-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const OTHER = 'arn:aws:kinesis:eu-west-1:222222222222:stream/refunds';

const source = (name: string, awsKinesisStreamName: unknown) => ({
  name,
  topicName: name,
  sourceType: 'kinesis',
  configs: { awsKinesisStreamName, streamRoles: { '222222222222': ROLE } },
});

const CONNECTORS = {
  pulsar: { serviceUrl: 'pulsar://localhost', authentication: { type: 'token', token: SECRET } },
  aws: { region: 'eu-west-1' },
  sources: [source('orders', 'orders'), source('refunds', [OTHER])],
};

const iam = (...args: string[]) => iamOf(CONNECTORS, ...args);

async function iamOf(connectors: object, ...args: string[]) {
  const file = join(folder, 'connectors.json');
  writeFileSync(file, JSON.stringify(connectors));
  const out: string[] = [];
  const err: string[] = [];
  let code = -1;
  await runProgram(['iam', ...args, '-c', file], {
    stdout: (text) => out.push(text),
    stderr: (text) => err.push(text),
    isTty: false,
    env: { AWS_REGION: 'us-east-1' },
    setExitCode: (given) => {
      code = given;
    },
  });
  return { stdout: out.join(''), stderr: err.join(''), code };
}

describe('iam policy', () => {
  test('of one identity is one document on standard output, and nothing else', async () => {
    const { stdout, stderr, code } = await iam(
      'policy',
      '--connector',
      'orders',
      '--account',
      '111111111111',
    );
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ Version: '2012-10-17', Statement: expect.any(Array) });
  });

  test('names the secrets of the configuration without reading them', async () => {
    const { stdout } = await iam('policy', '--account', '111111111111', '--connector', 'orders');
    expect(stdout).toContain('arn:aws:secretsmanager:eu-west-1:111111111111:secret:pulsar-??????');
  });

  test('without an account says that * stands in its place', async () => {
    const { stdout, stderr, code } = await iam('policy', '--connector', 'orders');
    expect(stdout).toContain('arn:aws:kinesis:eu-west-1:*:stream/orders');
    expect({ stderr, code }).toEqual({ stderr: expect.stringContaining('--account'), code: 0 });
  });

  test('has the region of --region where the configuration names none, whatever it is here', async () => {
    const { aws: _, ...elsewhere } = CONNECTORS;
    const flags = ['policy', '--connector', 'orders', '--account', '111111111111', '--region', 'eu-north-1'];
    expect((await iamOf(elsewhere, ...flags)).stdout).toContain(
      'kinesis:eu-north-1:111111111111:stream/orders',
    );
    expect((await iam(...flags)).stdout).toContain('kinesis:eu-west-1:111111111111:stream/orders');
  });

  test('wants neither token nor file of Pulsar or the page: those are where the connectors run', async () => {
    const flags = ['policy', '--connector', 'orders', '--account', '111111111111'];
    const http = { port: 8080, token: ABSENT };
    const withAuthentication = (authentication: object) => ({
      ...CONNECTORS,
      http,
      pulsar: { ...CONNECTORS.pulsar, authentication },
    });
    const { stdout } = await iam(...flags);
    const secret = withAuthentication({ type: 'token', token: SECRET });
    expect(await iamOf(secret, ...flags)).toMatchObject({ code: 0, stdout });
    const file = await iamOf(withAuthentication({ tokenFile: '/run/secrets/absent' }), ...flags);
    expect(file).toMatchObject({ code: 0, stdout: expect.stringContaining(':stream/orders') });
    const region = { ...CONNECTORS, http, aws: { region: ABSENT } };
    expect(await iamOf(region, ...flags)).toMatchObject({ code: 2, stdout: '' });
  });

  test('of several identities goes to a file each, named after its role', async () => {
    const out = join(folder, 'policies');
    await iam('policy', '--out', out, '--account', '111111111111');
    expect(readdirSync(out).sort()).toEqual(['policy.json', 'reader.json']);
    expect(readFileSync(join(out, 'reader.json'), 'utf8')).toContain(OTHER);
    expect(readFileSync(join(out, 'policy.json'), 'utf8')).toContain('sts:AssumeRole');
  });

  test('says when it takes more documents than a role', async () => {
    const streams = (count: number) =>
      Array.from({ length: count }, (_, n) => `a-stream-with-a-name-that-takes-its-room-${n}`);
    const printed = (count: number) =>
      iamOf(
        { ...CONNECTORS, sources: [source('many', streams(count))] },
        'policy',
        '--account',
        '111111111111',
      );
    expect((await printed(700)).stderr).toContain('by patterns');
    expect((await printed(100)).stderr).not.toContain('by patterns');
  });

  test('explains each action, to people and to scripts', async () => {
    const { stdout } = await iam('policy', '--explain', '--account', '111111111111');
    expect(stdout).toMatch(/^action +resource +when +optional +why +asked for by$/m);
    const permissions = JSON.parse((await iam('policy', '--explain', '--json')).stdout);
    expect(permissions).toContainEqual(
      expect.objectContaining({ action: 'kinesis:GetRecords', connectors: ['refunds'], optional: false }),
    );
  });

  test('refuses what it cannot print', async () => {
    expect(await iam('policy', '--account', '1')).toMatchObject({ code: 2, stdout: '' });
    expect(await iam('policy', '--phase', 'sink')).toMatchObject({ code: 2, stdout: '' });
    expect(await iam('policy', '--connector', 'other')).toMatchObject({ code: 2, stdout: '' });
    expect(await iam('policy', '--kms-key', 'alias/aws/kinesis')).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('iam trust-policy', () => {
  test('trusts who is named, and proposes an external id for a role of another account', async () => {
    const principal = 'arn:aws:iam::111111111111:role/connectors';
    const { stdout, stderr } = await iam('trust-policy', '--principal', principal);
    expect(JSON.parse(stdout).Statement[0].Principal).toEqual({ AWS: principal });
    expect(stderr).toMatch(/--external-id [0-9a-f]{32}/);
  });

  test('trusts everybody who becomes a role, each with the external id that it gives', async () => {
    const roles = (externalId: string) => ({ streamRoles: { 222222222222: { roleArn: ROLE, externalId } } });
    const sources = ['one', 'two'].map((id) => {
      const { configs, ...rest } = source(id, [OTHER]);
      return { ...rest, configs: { ...configs, ...roles(id) } };
    });
    const { stdout } = await iamOf({ ...CONNECTORS, sources }, 'trust-policy', '--account', '111111111111');
    const { Statement } = JSON.parse(stdout);
    expect(Statement.map(({ Condition }: { Condition: object }) => Condition)).toEqual([
      { StringEquals: { 'sts:ExternalId': 'one' } },
      { StringEquals: { 'sts:ExternalId': 'two' } },
    ]);
  });

  test('proposes no external id within an account', async () => {
    const { stderr } = await iam('trust-policy', '--account', '222222222222');
    expect(stderr).toBe('');
  });

  test('never trusts anybody when nobody is named', async () => {
    expect(await iam('trust-policy')).toMatchObject({ code: 2, stdout: '' });
  });
});
