import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hide } from '../../src/config';
import type { PulsarAuthentication, PulsarSettings, PulsarTlsSettings } from '../../src/config/types';
import { startEmulator } from '../../src/emulator';
import { loadConfigDocument, runConnectors } from '../../src/index';
import { BinaryTransport } from '../../src/pulsar/binary-transport';
import { clientConnection } from '../../src/pulsar/client-connection';
import { ConnectionPool } from '../../src/pulsar/protocol/connection-pool';
import { ProtocolError } from '../../src/pulsar/protocol/protocol-error';
import { TopicLookup } from '../../src/pulsar/protocol/topic-lookup';
import type { OutgoingMessage, Producer } from '../../src/pulsar/transport';
import { sleep, systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { seededRandom } from '../../src/util/random';
import { CertificateAuthority } from '../support/certificates';
import { FakePulsarBroker } from '../support/fake-pulsar-broker';
import { htpasswdLine } from '../support/htpasswd';
import { message, ProducerLog, textOf } from '../support/producer-log';
import { freePorts, type PulsarBroker, startPulsarBroker } from '../support/pulsar-broker';
import { PulsarProxy } from '../support/pulsar-proxy';
import { TokenIssuer, webToken } from '../support/token-issuer';
import { PRODUCER, pulsarSettings } from '../support/transport-settings';

const folder = mkdtempSync(join(tmpdir(), 'pulsar-security-'));
const authority = new CertificateAuthority();
const secret = randomBytes(32);
const password = randomBytes(12).toString('hex');
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const trusted = file('ca.pem', authority.cert);
const server = authority.issue(['127.0.0.1'], 'broker');
const client = authority.issue([], 'client');
const [serverCert, serverKey] = [file('server.crt', server.cert), file('server.key', server.key)];
const [clientCert, clientKey] = [file('client.crt', client.cert), file('client.key', client.key)];
const AUTHENTICATION = 'org.apache.pulsar.broker.authentication.AuthenticationProvider';

const token = (role: string): string => webToken({ sub: role }, secret);
const byToken = (role: string): PulsarAuthentication => ({ type: 'token', token: async () => token(role) });

let ports: { plain: number; tls: number; external: number; web: number; webTls: number; proxy: number };
let broker: PulsarBroker;
let proxy: PulsarProxy;
const transports: BinaryTransport[] = [];
/** Ports that sockets were opened to. */
let opened: number[] = [];

beforeAll(async () => {
  const [plain = 0, tls = 0, external = 0, web = 0, webTls = 0, proxyPort = 0] = await freePorts(6);
  ports = { plain, tls, external, web, webTls, proxy: proxyPort };
  const tokenKey = `data:;base64,${secret.toString('base64')}`;
  const ownClient = {
    brokerClientAuthenticationPlugin: 'org.apache.pulsar.client.impl.auth.AuthenticationToken',
    brokerClientTrustCertsFilePath: trusted,
    tokenSecretKey: tokenKey,
  };
  [broker, proxy] = await Promise.all([
    startPulsarBroker({
      adminHeaders: { authorization: `Bearer ${token('admin')}` },
      conf: {
        ...ownClient,
        brokerClientAuthenticationParameters: `token:${token('admin')}`,
        brokerServicePort: String(plain),
        brokerServicePortTls: String(tls),
        webServicePortTls: String(webTls),
        advertisedAddress: '',
        advertisedListeners: [
          `internal:pulsar://127.0.0.1:${plain}`,
          `internal:pulsar+ssl://127.0.0.1:${tls}`,
          `external:pulsar://127.0.0.1:${external}`,
        ].join(),
        bindAddresses: `external:pulsar://127.0.0.1:${external}`,
        internalListenerName: 'internal',
        tlsCertificateFilePath: serverCert,
        tlsKeyFilePath: serverKey,
        tlsTrustCertsFilePath: trusted,
        authenticationEnabled: 'true',
        authenticationProviders: ['Token', 'Tls', 'Basic'].map((it) => `${AUTHENTICATION}${it}`).join(),
        authenticationRefreshCheckSeconds: '2',
        authenticateOriginalAuthData: 'true',
        basicAuthConf: `data:;base64,${Buffer.from(htpasswdLine('client', password, 'abcdefgh')).toString('base64')}`,
        authorizationEnabled: 'true',
        superUserRoles: 'admin,client,proxy',
        proxyRoles: 'proxy',
        clusterMigrationCheckDurationSeconds: '1',
      },
    }),
    PulsarProxy.start(proxyPort, {
      ...ownClient,
      brokerServiceURL: `pulsar://127.0.0.1:${plain}`,
      brokerWebServiceURL: `http://127.0.0.1:${web}`,
      webServicePort: '0',
      brokerClientAuthenticationParameters: `token:${token('proxy')}`,
      authenticationEnabled: 'true',
      authenticationProviders: `${AUTHENTICATION}Token`,
      forwardAuthorizationCredentials: 'true',
      brokerProxyAllowedTargetPorts: '*',
      clusterName: 'standalone',
    }),
  ]);
}, 300_000);

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(5000)));
  opened = [];
});

afterAll(async () => {
  await Promise.all([broker?.dispose(), proxy?.dispose()]);
  rmSync(folder, { recursive: true });
});

function settingsFor(serviceUrl: string, extra: Partial<PulsarSettings> = {}): PulsarSettings {
  return pulsarSettings(serviceUrl, { authentication: byToken('client'), ...extra });
}

function open(host: string, port: number): Socket {
  opened.push(port);
  return connect({ host, port, noDelay: true });
}

function transportTo(serviceUrl: string, extra: Partial<PulsarSettings> = {}): BinaryTransport {
  const parts = { clock: systemClock, random: seededRandom(3), logger: silentLogger, connect: open };
  const transport = new BinaryTransport(settingsFor(serviceUrl, extra), PRODUCER, parts);
  transports.push(transport);
  return transport;
}

const strict = (tls: Partial<PulsarTlsSettings> = {}): PulsarTlsSettings => ({
  allowInsecureConnection: false,
  hostnameVerificationEnable: true,
  trustCertsFilePath: trusted,
  ...tls,
});

const proxyUrl = (): string => `pulsar://127.0.0.1:${ports.proxy}`;

function overTls(extra: Partial<PulsarSettings> = {}, tls: Partial<PulsarTlsSettings> = {}): BinaryTransport {
  return transportTo(`pulsar+ssl://127.0.0.1:${ports.tls}`, { ...extra, tls: strict(tls) });
}

interface Sender {
  readonly producer: Producer<OutgoingMessage>;
  readonly log: ProducerLog;
}

async function sender(transport: BinaryTransport, topic: string): Promise<Sender> {
  const log = new ProducerLog();
  return { producer: await transport.createProducer({ topic, listener: log }), log };
}

/** The ports that were opened for a message to be stored. */
async function store(transport: BinaryTransport, topic: string): Promise<number[]> {
  const { producer, log } = await sender(transport, topic);
  producer.send(message('x'));
  await log.until(({ events }) => events > 0);
  expect(log.confirmedTexts).toEqual(['x']);
  return [...new Set(opened)];
}

const refusal = (transport: BinaryTransport): Promise<unknown> =>
  transport.createProducer({ topic: 'refused', listener: new ProducerLog() }).catch((error) => error.code);

test('what is sent over TLS with a token is stored, and read back over TLS', async () => {
  const transport = overTls();
  expect(await store(transport, 'tls')).toEqual([ports.tls]);
  const consumer = await transport.subscribe({
    topic: 'tls',
    subscription: 's',
    subscriptionType: 'Exclusive',
    initialPosition: 'earliest',
    receiverQueueSize: 10,
    receiverQueueBytes: 1024 * 1024,
    negativeAckRedeliveryDelayMs: 1000,
  });
  const [received] = await consumer.receive(1);
  expect(received?.value && textOf({ value: received.value })).toBe('x');
  await consumer.close(1000);
});

test('whoever is not who it should be is refused, each with its code', async () => {
  const forged = async (): Promise<string> => webToken({ sub: 'client' }, randomBytes(32));
  const other = file('other.pem', new CertificateAuthority('other').cert);
  const cases: readonly (readonly [string, BinaryTransport])[] = [
    ['PULSAR_AUTHENTICATION', overTls({ authentication: { type: 'token', token: forged } })],
    ['PULSAR_AUTHENTICATION', overTls({ authentication: { type: 'none' } })],
    ['PULSAR_AUTHENTICATION', overTls({ authentication: { type: 'tls' } })],
    [
      'PULSAR_AUTHENTICATION',
      overTls({ authentication: { type: 'basic', userId: 'client', password: hide('wrong') } }),
    ],
    ['PULSAR_AUTHORIZATION', overTls({ authentication: byToken('stranger') })],
    ['PULSAR_TLS', overTls({}, { trustCertsFilePath: other })],
    ['PULSAR_TLS', transportTo(`pulsar+ssl://localhost:${ports.tls}`, { tls: strict() })],
    ['PULSAR_TLS', transportTo(`https://127.0.0.1:${ports.webTls}`)],
    ['PULSAR_AUTHENTICATION', transportTo(broker.webServiceUrl, { authentication: { type: 'none' } })],
    ['PULSAR_AUTHENTICATION', transportTo(proxyUrl(), { authentication: { type: 'token', token: forged } })],
  ];
  const found = await Promise.all(cases.map(([, transport]) => refusal(transport)));
  expect(found).toEqual(cases.map(([code]) => code));
});

test('a client certificate, and user and password, are taken for who they name', async () => {
  const certificate = { certificateFilePath: clientCert, keyFilePath: clientKey };
  await store(overTls({ authentication: { type: 'tls' } }, certificate), 'certificate');
  const basic: PulsarAuthentication = { type: 'basic', userId: 'client', password: hide(password) };
  await store(overTls({ authentication: basic }), 'basic');
});

test('an OAuth2 token that expires is replaced when the broker asks, on the same connection', async () => {
  const issuer = await TokenIssuer.start(() => {
    const exp = Math.floor(systemClock.now() / 1000) + 3;
    return { body: { access_token: webToken({ sub: 'client', exp }, secret), expires_in: 3 } };
  });
  const authentication: PulsarAuthentication = {
    type: 'oauth2',
    issuerUrl: issuer.url,
    client: async () => ({ clientId: 'client', clientSecret: hide(password) }),
  };
  const { producer, log } = await sender(overTls({ authentication }), 'oauth2');
  const toBroker = (): number => opened.filter((port) => port === ports.tls).length;
  const connections = toBroker();
  for (let sent = 1; issuer.asked.length < 2; sent++) {
    producer.send(message(String(sent)));
    await log.until(({ events }) => events === sent);
    await sleep(systemClock, 100);
  }
  producer.send(message('last'));
  await log.until(({ confirmedTexts }) => confirmedTexts.at(-1) === 'last');
  expect(log.failures).toEqual([]);
  expect(toBroker()).toBe(connections);
  issuer.stop();
});

test('a token rotated in Secrets Manager is used once the broker refuses the old one; nothing is lost', async () => {
  const emulator = await startEmulator({ settleMs: 0 });
  const stream = { StreamName: 'orders', ShardCount: 1 };
  emulator.kinesis.call('CreateStream', stream);
  const expiresAt = Math.ceil(systemClock.now() / 1000) + 2;
  const rotate = (exp: number): unknown =>
    emulator.secrets.put('pulsar', JSON.stringify({ token: webToken({ sub: 'client', exp }, secret) }));
  const put = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const Data = Buffer.from(String(given++)).toString('base64');
      emulator.kinesis.call('PutRecord', { StreamName: 'orders', PartitionKey: 'k', Data });
    }
  };
  let given = 0;
  rotate(expiresAt);
  const { kinesisEndpoint: endpoint } = emulator;
  const config = await loadConfigDocument(
    {
      aws: {
        region: 'us-east-1',
        credentials: { type: 'static', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
        endpoints: { kinesis: endpoint, dynamodb: endpoint, sts: endpoint, secretsManager: endpoint },
      },
      pulsar: {
        serviceUrl: `pulsar://127.0.0.1:${ports.plain}`,
        authentication: { type: 'token', token: `\${secret:pulsar#token}` },
      },
      sources: [
        {
          name: 'orders',
          topicName: 'rotated',
          configs: {
            awsKinesisStreamName: 'orders',
            initialPositionInStream: 'TRIM_HORIZON',
            useEnhancedFanOut: false,
            cloudwatchMetricsLevel: 'NONE',
          },
        },
      ],
      restart: { initialDelayMs: 10 },
    },
    'connectors.yaml',
    { env: {} },
  );
  // Before the old one ends: a slow machine may meet that at the start already.
  rotate(expiresAt + 600);
  const restarts: string[] = [];
  const logger = {
    ...silentLogger,
    warn: (fields: { code?: unknown }, text: string) =>
      void (/started again/.test(text) && restarts.push(String(fields.code))),
  };
  const sockets: Socket[] = [];
  const stop = new AbortController();
  const run = runConnectors({
    config,
    logger: logger as typeof silentLogger,
    signal: stop.signal,
    transport: () =>
      new BinaryTransport(config.pulsar, PRODUCER, {
        clock: systemClock,
        random: seededRandom(4),
        logger: silentLogger,
        connect: (host, port) => {
          const socket = open(host, port);
          sockets.push(socket);
          return socket;
        },
      }),
  });
  const consumer = await transportTo(`pulsar://127.0.0.1:${ports.plain}`).subscribe({
    topic: 'rotated',
    subscription: 's',
    subscriptionType: 'Exclusive',
    initialPosition: 'earliest',
    receiverQueueSize: 100,
    receiverQueueBytes: 1024 * 1024,
    negativeAckRedeliveryDelayMs: 1000,
  });
  const arrived = new Set<string>();
  const untilAll = async (): Promise<void> => {
    while (arrived.size < given) {
      for (const { value } of await consumer.receive(1)) {
        arrived.add(value === undefined ? '' : textOf({ value }));
      }
    }
  };
  put(10);
  await untilAll();
  await sleep(systemClock, expiresAt * 1000 + 50 - systemClock.now());
  put(10);
  for (const socket of sockets.splice(0)) {
    socket.destroy();
  }
  put(10);
  await untilAll();
  expect([...arrived]).toEqual(Array.from({ length: given }, (_, i) => String(i)));
  expect(['', 'PULSAR_AUTHENTICATION']).toContain(restarts.join());
  expect(config.secrets?.version).toBe(1);
  stop.abort();
  expect(await run).toBe('drained');
  await consumer.close(1000);
  await emulator.close();
});

test('of its listeners the broker names the one asked for, by its protocol and by REST', async () => {
  const listenerName = 'external';
  const web = Number(new URL(broker.webServiceUrl).port);
  expect(await store(transportTo(broker.webServiceUrl, { listenerName }), 'rest')).toEqual([
    web,
    ports.external,
  ]);

  const settings = settingsFor(`pulsar://127.0.0.1:${ports.plain}`, { listenerName });
  const abort = new AbortController();
  const parts = { clock: systemClock, logger: silentLogger, connect: open };
  const connection = clientConnection(settings, parts);
  const lookup = new TopicLookup(new ConnectionPool(connection, abort.signal), connection);
  // A standalone broker (4.0.8) has everything go through the address it was asked at.
  const { address } = await lookup.find('persistent://public/default/rest');
  expect(address).toMatchObject({ port: ports.plain, proxyTo: `127.0.0.1:${ports.external}` });
  abort.abort(new ProtocolError('closed', 'the end of the test'));
});

test('with https the topic is looked up by REST, and the data go over TLS', async () => {
  const transport = transportTo(`https://127.0.0.1:${ports.webTls}`, { tls: strict() });
  expect(await store(transport, 'https')).toEqual([ports.webTls, ports.tls]);
});

test('through a Pulsar proxy everything goes to the proxy, with the rights of the client', async () => {
  expect(await store(transportTo(proxyUrl()), 'proxied')).toEqual([ports.proxy]);
  opened = [];
  const proxyToBroker = `127.0.0.1:${ports.plain}`;
  expect(await store(transportTo(proxyUrl(), { proxyToBroker }), 'proxied')).toEqual([ports.proxy]);
});

test('a cluster that has moved sends its producers to the new one', async () => {
  const fresh = await FakePulsarBroker.start();
  const { producer, log } = await sender(transportTo(`pulsar://127.0.0.1:${ports.plain}`), 'moved');
  producer.send(message('old'));
  await log.until(({ events }) => events === 1);
  await broker.admin('POST', '/clusters/standalone/migrate?migrated=true', {
    serviceUrl: `http://127.0.0.1:${ports.web}`,
    brokerServiceUrl: fresh.serviceUrl,
  });
  await fresh.until(() => fresh.producers === 1);
  producer.send(message('new'));
  await log.until(({ events }) => events === 2);
  expect(fresh.stored.map(textOf)).toEqual(['new']);
  // Whoever comes later is sent there too.
  await store(transportTo(`pulsar://127.0.0.1:${ports.plain}`), 'moved');
  expect(fresh.stored.map(textOf)).toEqual(['new', 'x']);
  await producer.close(1000);
  await fresh.stop();
});
