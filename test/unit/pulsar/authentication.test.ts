import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { hide } from '../../../src/config';
import type { PulsarAuthentication } from '../../../src/config/types';
import { ConnectorError } from '../../../src/errors';
import { authenticationHeaders, authenticationOf } from '../../../src/pulsar/authentication';
import { HttpClient } from '../../../src/pulsar/http-client';
import { type Authentication, ProtocolError } from '../../../src/pulsar/protocol';
import { ConnectionPool } from '../../../src/pulsar/protocol/connection-pool';
import { systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { ManualClock } from '../../support/manual-clock';
import { TokenIssuer } from '../../support/token-issuer';

const BASIC: PulsarAuthentication = { type: 'basic', userId: 'me', password: hide('pass:word') };

function authentication(
  settings: PulsarAuthentication,
  clock = new ManualClock(),
): Authentication | undefined {
  const http = new HttpClient({
    clock: systemClock,
    connect: (host, port) => connect(port, host),
    tls: () => Promise.reject(new ProtocolError('tls', 'none here')),
    timeout: 5000,
  });
  return authenticationOf(settings, { clock, http });
}

test.each<[string, PulsarAuthentication, string, string, object]>([
  ['token', { type: 'token', token: async () => 'abc' }, 'token', 'abc', { authorization: 'Bearer abc' }],
  ['basic', BASIC, 'basic', 'me:pass:word', { authorization: 'Basic bWU6cGFzczp3b3Jk' }],
  ['tls', { type: 'tls' }, 'tls', '', {}],
])('%s is said as brokers and their REST API expect it', async (_type, settings, method, data, headers) => {
  const made = authentication(settings);
  expect(made?.method).toBe(method);
  expect(await made?.data()).toBe(data);
  expect(await authenticationHeaders(made)).toEqual({ 'x-pulsar-auth-method-name': method, ...headers });
});

test('a token whose file is being replaced is asked for again later, for HTTP too', async () => {
  const token = (): Promise<string> =>
    Promise.reject(new ConnectorError('CONFIG_UNREADABLE', 'the file t cannot be read'));
  await expect(authenticationHeaders(authentication({ type: 'token', token }))).rejects.toMatchObject({
    kind: 'unavailable',
  });
});

test('a request whose connection is taken over by another protocol ends at its time-out', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const tls = () => Promise.reject(new ProtocolError('tls', 'none here'));
  const dial = (host: string, to: number): Socket => connect(to, host);
  const http = new HttpClient({ clock: systemClock, connect: dial, tls, timeout: 50 });
  await expect(http.send({ url: new URL(`http://127.0.0.1:${port}/`) })).rejects.toMatchObject({
    kind: 'unavailable',
  });
  server.close();
});

test('without authentication nothing is said', async () => {
  expect(authentication({ type: 'none' })).toBeUndefined();
  expect(await authenticationHeaders(undefined)).toEqual({});
});

describe('OAuth2', () => {
  let issuer: TokenIssuer;
  /** What the issuer answers; a new token with 100 s to live unless a test says otherwise. */
  let answer: ((count: number) => { status?: number; body: object }) | undefined;

  beforeEach(async () => {
    answer = undefined;
    issuer = await TokenIssuer.start(
      (_form, count) => answer?.(count) ?? { body: { access_token: `t${count}`, expires_in: 100 } },
    );
  });
  afterEach(() => issuer.stop());

  const settings = (): PulsarAuthentication => ({
    type: 'oauth2',
    issuerUrl: issuer.url,
    audience: 'urn:pulsar',
    scope: 'a b',
    client: async () => ({ clientId: 'me', clientSecret: hide('s3cret') }),
  });

  test('the issuer is asked by the flow of client credentials', async () => {
    expect(await authentication(settings())?.data()).toBe('t1');
    expect(issuer.asked).toEqual([
      {
        grant_type: 'client_credentials',
        client_id: 'me',
        client_secret: 's3cret',
        audience: 'urn:pulsar',
        scope: 'a b',
      },
    ]);
  });

  test('a token is kept until most of its life is over, also when many ask at once', async () => {
    const clock = new ManualClock();
    const made = authentication(settings(), clock);
    const ask = (times: number) => Promise.all(Array.from({ length: times }, () => made?.data()));
    expect(await ask(3)).toEqual(['t1', 't1', 't1']);
    await clock.advance(89_000);
    expect(await ask(1)).toEqual(['t1']);
    await clock.advance(2000);
    expect(await ask(3)).toEqual(['t2', 't2', 't2']);
  });

  test('a token the broker does not take any more is renewed once, however many connections say so', async () => {
    const made = authentication(settings());
    const first = await made?.data();
    expect(await Promise.all([made?.data(first), made?.data(first)])).toEqual(['t2', 't2']);
    expect(await made?.data(first)).toBe('t2');
  });

  test('an issuer that is down ends nothing while the token still holds', async () => {
    const clock = new ManualClock();
    const made = authentication(settings(), clock);
    await made?.data();
    answer = () => ({ status: 503, body: {} });
    await clock.advance(95_000);
    expect(await made?.data()).toBe('t1');
    await expect(made?.data('t1')).rejects.toMatchObject({ kind: 'unavailable' });
    await clock.advance(10_000);
    await expect(made?.data()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('an issuer that refuses us says why, and the secret is in no message', async () => {
    const body = { error: 'invalid_client', error_description: 'unknown client' };
    answer = () => ({ status: 401, body });
    const failure: unknown = await authentication(settings())
      ?.data()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      kind: 'authentication',
      message: expect.stringContaining('invalid_client: unknown client'),
    });
    expect(JSON.stringify(failure)).not.toContain('s3cret');
  });

  test.each<[string, object]>([
    ['no token', {}],
    ['an empty token', { access_token: '' }],
  ])('%s is an authentication error', async (_what, body) => {
    answer = () => ({ body });
    await expect(authentication(settings())?.data()).rejects.toMatchObject({ kind: 'authentication' });
  });

  test('a client that cannot be read for a moment is asked for again later', async () => {
    const client = (): Promise<never> => Promise.reject(new Error('ENOENT'));
    const made = authentication({ ...settings(), client } as PulsarAuthentication);
    await expect(made?.data()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('a secret never leaves by HTTP for an issuer that is asked by HTTPS', async () => {
    const http = {
      send: async () => ({ status: 200, body: JSON.stringify({ token_endpoint: 'http://elsewhere/token' }) }),
    };
    const made = authenticationOf({ ...settings(), issuerUrl: 'https://issuer' } as PulsarAuthentication, {
      clock: new ManualClock(),
      http: http as unknown as HttpClient,
    });
    await expect(made?.data()).rejects.toMatchObject({ kind: 'tls' });
  });

  test('the challenge of a broker gets a new token', async () => {
    const broker = await FakePulsarBroker.start();
    const abort = new AbortController();
    const made = authentication(settings());
    const pool = new ConnectionPool(
      {
        clock: systemClock,
        logger: silentLogger,
        connect: (host, port) => connect(port, host),
        connectionTimeout: 5000,
        operationTimeout: 5000,
        keepAliveInterval: 30_000,
        ...(made === undefined ? {} : { authentication: made }),
      },
      abort.signal,
    );
    await pool.get({ host: '127.0.0.1', port: broker.port });
    broker.tell('authChallenge', { challenge: { authMethodName: 'token' } });
    await broker.until(() => broker.commands('authResponse').length === 1);
    const said = [
      broker.commands('connect')[0]?.authData,
      broker.commands('authResponse')[0]?.response.authData,
    ];
    expect(said.map(String)).toEqual(['t1', 't2']);
    abort.abort(new ProtocolError('closed', 'the end of the test'));
    await broker.stop();
  });
});
