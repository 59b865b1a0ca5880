import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { loadConfigObject, type PulsarSettings, resolveConfig } from '../../../src/config';
import { runConfig } from './support';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pulsar-settings-'));
  for (const name of ['ca.pem', 'tls.crt', 'tls.key']) {
    writeFileSync(join(folder, name), name);
  }
  writeFileSync(join(folder, 'key.json'), KEY);
  writeFileSync(join(folder, 'no-key.json'), '{"client_id":"me"}');
});
afterAll(() => rmSync(folder, { recursive: true }));

const KEY = '{"client_id":"me","client_secret":"s3cret","client_email":"me@example.com"}';

function file(pulsar: object): object {
  return {
    pulsar,
    sources: [
      { name: 'o', topicName: 'o', configs: { awsKinesisStreamName: 'o', awsRegion: 'eu-central-1' } },
    ],
  };
}

const settingsOf = (pulsar: object, env = {}): PulsarSettings =>
  loadConfigObject(file(pulsar) as never, join(folder, 'x.yaml'), { env }).pulsar;

function verdict(pulsar: object): { problems: string[]; notices: string[] } {
  const { problems, notices } = resolveConfig(file(pulsar) as never, join(folder, 'x.yaml'), { env: {} });
  return {
    problems: problems.map(({ path, code }) => `${path} ${code}`),
    notices: notices.map(({ path }) => path).filter((path) => path.startsWith('pulsar')),
  };
}

test('by default certificates are checked, also for their host', () => {
  const { tls, authentication, connectionsPerBroker, maxLookupRedirects } = settingsOf({});
  expect(tls).toEqual({ allowInsecureConnection: false, hostnameVerificationEnable: true });
  expect({ authentication, connectionsPerBroker, maxLookupRedirects }).toEqual({
    authentication: { type: 'none' },
    connectionsPerBroker: 1,
    maxLookupRedirects: 20,
  });
});

test('paths start from the folder of the file, and addresses come without their scheme', () => {
  const settings = settingsOf({
    serviceUrl: 'pulsar+ssl://a,b:1',
    tlsTrustCertsFilePath: 'ca.pem',
    tlsCertificateFilePath: 'tls.crt',
    tlsKeyFilePath: join(folder, 'tls.key'),
    listenerName: 'external',
    proxyToBroker: 'pulsar+ssl://inside:6651',
    proxyServiceUrl: 'pulsar+ssl://[::1]',
    connectionsPerBroker: 3,
  });
  expect(settings).toMatchObject({
    tls: {
      trustCertsFilePath: join(folder, 'ca.pem'),
      certificateFilePath: join(folder, 'tls.crt'),
      keyFilePath: join(folder, 'tls.key'),
    },
    listenerName: 'external',
    proxyToBroker: 'inside:6651',
    sniProxy: { host: '::1', port: 6651 },
    connectionsPerBroker: 3,
  });
});

test('the environment gives what the file does not', () => {
  const env = {
    PULSAR_IO_KINESIS_SERVICE_URL: 'pulsar+ssl://a',
    PULSAR_IO_KINESIS_USER_ID: 'me',
    PULSAR_IO_KINESIS_PASSWORD: 'pass',
    PULSAR_IO_KINESIS_TLS_HOSTNAME_VERIFICATION_ENABLE: 'false',
  };
  const { authentication, tls } = settingsOf({}, env);
  expect(authentication.type === 'basic' && authentication.password.reveal()).toBe('pass');
  expect(tls.hostnameVerificationEnable).toBe(false);
});

describe('OAuth2', () => {
  const issuerUrl = 'https://issuer.example.com';
  const inline = `data:application/json;base64,${Buffer.from(KEY).toString('base64')}`;

  test.each<[string, () => object]>([
    ['a path', () => ({ privateKey: 'key.json' })],
    ['a file URL', () => ({ privateKey: `file://${join(folder, 'key.json')}` })],
    ['a data URL', () => ({ privateKey: inline })],
    ['client and secret', () => ({ clientId: 'me', clientSecret: 's3cret' })],
  ])('the client comes from %s', async (_what, given) => {
    const { authentication } = settingsOf({ authentication: { issuerUrl, ...given() } });
    const client = authentication.type === 'oauth2' ? await authentication.client() : undefined;
    expect(client?.clientId).toBe('me');
    expect(client?.clientSecret.reveal()).toBe('s3cret');
    expect(inspect(client)).not.toContain('s3cret');
  });

  test('a key file that was replaced is read again', async () => {
    writeFileSync(join(folder, 'replaced.json'), KEY);
    const { authentication } = settingsOf({ authentication: { issuerUrl, privateKey: 'replaced.json' } });
    const client = async () => (authentication.type === 'oauth2' ? authentication.client() : undefined);
    writeFileSync(join(folder, 'replaced.json'), KEY.replace('"me"', '"you"'));
    expect((await client())?.clientId).toBe('you');
    writeFileSync(join(folder, 'replaced.json'), KEY.slice(1));
    const failure: unknown = await client().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(String(failure)).not.toContain('s3cret');
  });
});

const oauth2 = { issuerUrl: 'https://issuer' };

test.each<[object, string[]]>([
  [{ type: 'token' }, ['token CONFIG_MISSING']],
  [{ token: 'a', tokenFile: 'ca.pem' }, ['tokenFile CONFIG_CROSS_FIELD']],
  [{ type: 'none', token: 'a' }, ['token CONFIG_CROSS_FIELD']],
  [
    { type: 'basic', userId: 'me', clientId: 'x' },
    ['clientId CONFIG_CROSS_FIELD', 'password CONFIG_MISSING', 'clientSecret CONFIG_MISSING'],
  ],
  [{ tokenFile: 'none' }, ['tokenFile CONFIG_REFERENCE']],
  [{ type: 'oauth2' }, ['issuerUrl CONFIG_MISSING', 'privateKey CONFIG_MISSING']],
  [{ ...oauth2, clientId: 'me' }, ['clientSecret CONFIG_MISSING']],
  [
    { ...oauth2, privateKey: 'key.json', clientId: 'me', clientSecret: 'x' },
    ['clientId CONFIG_CROSS_FIELD', 'clientSecret CONFIG_CROSS_FIELD'],
  ],
  [{ ...oauth2, privateKey: 'none.json' }, ['privateKey CONFIG_REFERENCE']],
  [{ ...oauth2, privateKey: 'no-key.json' }, ['privateKey CONFIG_REFERENCE']],
  [{ ...oauth2, privateKey: 'data:,{"client_secret":1}' }, ['privateKey CONFIG_REFERENCE']],
  [{ issuerUrl: 'issuer', privateKey: 'key.json' }, ['issuerUrl CONFIG_FORMAT']],
])('authentication %j: every problem at once', (authentication, expected) => {
  const { problems } = verdict({ authentication });
  expect(problems).toEqual(expected.map((it) => `pulsar.authentication.${it}`));
});

test.each<[object, string[]]>([
  [{ serviceUrl: 'pulsar://a,,b' }, ['serviceUrl CONFIG_FORMAT']],
  [{ tlsTrustCertsFilePath: 'none.pem' }, ['tlsTrustCertsFilePath CONFIG_REFERENCE']],
  [{ tlsCertificateFilePath: 'tls.crt' }, ['tlsKeyFilePath CONFIG_MISSING']],
  [
    { authentication: { type: 'tls' } },
    ['tlsCertificateFilePath CONFIG_MISSING', 'authentication.type CONFIG_CROSS_FIELD'],
  ],
  [{ proxyToBroker: 'a b' }, ['proxyToBroker CONFIG_FORMAT']],
  [{ serviceUrl: 'http://a', proxyToBroker: 'a:1' }, ['proxyToBroker CONFIG_CROSS_FIELD']],
  [{ serviceUrl: 'pulsar+ssl://a', proxyServiceUrl: 'proxy:1' }, ['proxyServiceUrl CONFIG_FORMAT']],
  [{ proxyServiceUrl: 'pulsar+ssl://proxy' }, ['proxyServiceUrl CONFIG_CROSS_FIELD']],
  [{ connectionsPerBroker: 0 }, ['connectionsPerBroker CONFIG_RANGE']],
])('pulsar %j: every problem at once', (pulsar, expected) => {
  expect(verdict(pulsar).problems).toEqual(expected.map((it) => `pulsar.${it}`));
});

test('a connection that anybody can listen to is noticed', () => {
  expect(verdict({ tlsAllowInsecureConnection: true })).toEqual({
    problems: [],
    notices: ['pulsar.tlsAllowInsecureConnection'],
  });
});

test('no secret of authentication is shown', async () => {
  const secrets = { password: 'pass-1', clientSecret: 'pass-2', privateKey: 'data:,pass-3', token: 'pass-4' };
  for (const [name, secret] of Object.entries(secrets)) {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(file({ authentication: { [name]: secret } })));
    const { stdout, stderr } = await runConfig(['show', path]);
    const { stdout: verdicts } = await runConfig(['validate', '--json', path]);
    expect(stdout + stderr + verdicts).not.toContain('pass-');
  }
  const { authentication } = settingsOf({ authentication: { userId: 'me', password: 'pass-1' } });
  expect(inspect(authentication) + JSON.stringify(authentication)).not.toContain('pass-1');
});
