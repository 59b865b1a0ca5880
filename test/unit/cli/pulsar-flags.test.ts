import { pulsarOverrides } from '../../../src/cli/pulsar-flags';

const JAVA = 'org.apache.pulsar.client.impl.auth';

test.each<[string, string, object]>([
  [`${JAVA}.AuthenticationToken`, 'token:abc', { type: 'token', token: 'abc' }],
  ['token', 'abc', { type: 'token', token: 'abc' }],
  ['token', 'file:///run/my%20token', { type: 'token', tokenFile: '/run/my token' }],
  [
    `${JAVA}.AuthenticationBasic`,
    '{"userId":"me","password":"x"}',
    { type: 'basic', userId: 'me', password: 'x' },
  ],
  ['basic', 'userId:me,password:x', { type: 'basic', userId: 'me', password: 'x' }],
  [
    `${JAVA}.oauth2.AuthenticationOAuth2`,
    '{"type":"client_credentials","issuerUrl":"https://i","privateKey":"file:///k","audience":"a"}',
    { type: 'oauth2', issuerUrl: 'https://i', privateKey: 'file:///k', audience: 'a' },
  ],
  ['com.example.Own', '', { type: 'com.example.Own' }],
])('plugin %s with %s', (clientAuthPlugin, clientAuthParams, authentication) => {
  const overrides = pulsarOverrides({ clientAuthPlugin, clientAuthParams });
  expect(overrides['pulsar.authentication']).toEqual(authentication);
});

test('the TLS plugin names the files of the certificate', () => {
  const overrides = pulsarOverrides({
    clientAuthPlugin: `${JAVA}.AuthenticationTls`,
    clientAuthParams: 'tlsCertFile:/a.crt,tlsKeyFile:/a.key',
  });
  expect(overrides).toMatchObject({
    'pulsar.authentication': { type: 'tls' },
    'pulsar.tlsCertificateFilePath': '/a.crt',
    'pulsar.tlsKeyFilePath': '/a.key',
  });
});

test('flags of TLS reach their options, and those not given change nothing', () => {
  const flags = {
    useTls: true,
    brokerServiceUrl: 'pulsar://a:1',
    tlsTrustCertPath: '/ca',
    tlsAllowInsecure: true,
  };
  expect(pulsarOverrides(flags)).toEqual({
    'pulsar.serviceUrl': 'pulsar+ssl://a:1',
    'pulsar.tlsTrustCertsFilePath': '/ca',
    'pulsar.tlsAllowInsecureConnection': true,
    'pulsar.tlsHostnameVerificationEnable': undefined,
  });
  expect(Object.values(pulsarOverrides({})).filter((it) => it !== undefined)).toEqual([]);
});
