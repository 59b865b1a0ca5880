import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { PulsarSettings, PulsarTlsSettings } from '../../../src/config/types';
import { clientConnection } from '../../../src/pulsar/client-connection';
import { HttpClient } from '../../../src/pulsar/http-client';
import { Connection } from '../../../src/pulsar/protocol/connection';
import { commandFrame } from '../../../src/pulsar/protocol/frame';
import { ProtocolError } from '../../../src/pulsar/protocol/protocol-error';
import { secureSockets } from '../../../src/pulsar/tls';
import { systemClock } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { type Certificate, CertificateAuthority } from '../../support/certificates';
import { connectByName } from '../../support/connect-by-name';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { pulsarSettings } from '../../support/transport-settings';

const authority = new CertificateAuthority();
const [own, stranger] = [authority.issue(['localhost']), authority.issue(['elsewhere'])];
const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const trusted = file('ca.pem', authority.cert);
const STRICT = { allowInsecureConnection: false, hostnameVerificationEnable: true };

const servers: Server[] = [];
const sockets: Socket[] = [];
/** Client side sockets of TCP. */
const opened: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) {
    socket.destroy();
  }
  for (const server of servers.splice(0)) {
    server.close();
  }
  opened.length = 0;
});
afterAll(() => rmSync(folder, { recursive: true }));

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A broker behind TLS; `peers` gets the name in the certificate of each client. */
async function secureBroker(
  { cert, key }: Certificate,
  options: TlsOptions = {},
  peers: string[] = [],
): Promise<number> {
  const broker = new FakePulsarBroker();
  const server = createServer({ cert, key, ...options }, (socket: TLSSocket) => {
    peers.push(String(socket.getPeerCertificate().subject?.CN));
    broker.accept(socket);
  });
  server.on('tlsClientError', () => undefined);
  return listen(server);
}

function open(
  port: number,
  tls: Partial<PulsarTlsSettings> = {},
  extra: Partial<PulsarSettings> = {},
  dial = (to: number): Socket => connect(to, '127.0.0.1'),
): Promise<Connection> {
  const pulsar = pulsarSettings(`pulsar+ssl://localhost:${port}`, {
    tls: { trustCertsFilePath: trusted, ...STRICT, ...tls },
    ...extra,
  });
  const settings = clientConnection(pulsar, {
    clock: systemClock,
    logger: silentLogger,
    connect: (_host, to) => {
      const socket = dial(to);
      opened.push(socket);
      return socket;
    },
  });
  const address = { host: 'localhost', port, tls: true } as const;
  return Connection.open(address, settings, new AbortController().signal);
}

async function talks(connecting: Promise<Connection>): Promise<number> {
  const connection = await connecting;
  const { partitions } = await connection.request('partitionMetadata', { topic: 'a' });
  connection.destroy(new ProtocolError('closed', 'the end of the test'));
  return partitions ?? -1;
}

test('a broker whose certificate comes from the authority given is talked to', async () => {
  expect(await talks(open(await secureBroker(own)))).toBe(0);
});

test('a broker is reached by TLS at the second address of its name, when the first one does not answer', async () => {
  expect(await talks(open(await secureBroker(own), {}, {}, connectByName))).toBe(0);
});

test('a REST API is reached by TLS at the second address of its name', async () => {
  const port = await listen(createHttpsServer(own, (_request, response) => response.end('here')));
  const tls = () => secureSockets({ ...STRICT, trustCertsFilePath: trusted });
  const http = new HttpClient({
    clock: systemClock,
    connect: (_host, to) => connectByName(to),
    tls,
    timeout: 5000,
  });
  const answer = await http.send({ url: new URL(`https://localhost:${port}/`) });
  expect(answer).toEqual({ status: 200, body: 'here' });
});

test.each([
  [
    'an authority that is not trusted',
    own,
    { trustCertsFilePath: file('other.pem', new CertificateAuthority('x').cert) },
  ],
  ['another host', stranger, {}],
])('a certificate of %s is refused as tls, and no socket stays', async (_what, certificate, tls) => {
  await expect(open(await secureBroker(certificate), tls)).rejects.toMatchObject({ kind: 'tls' });
  expect(opened.map(({ destroyed }) => destroyed)).toEqual([true]);
});

test('a host name that need not fit does not have to; who is trusted is still asked for', async () => {
  const port = await secureBroker(stranger);
  expect(await talks(open(port, { hostnameVerificationEnable: false }))).toBe(0);
  const other = file('other.pem', new CertificateAuthority('x').cert);
  const nobody = open(port, { hostnameVerificationEnable: false, trustCertsFilePath: other });
  await expect(nobody).rejects.toMatchObject({ kind: 'tls' });
});

test('an insecure connection takes any certificate', async () => {
  const other = file('other.pem', new CertificateAuthority('x').cert);
  const port = await secureBroker(stranger);
  expect(
    await talks(
      open(port, {
        allowInsecureConnection: true,
        trustCertsFilePath: other,
        hostnameVerificationEnable: false,
      }),
    ),
  ).toBe(0);
});

test('certificates are read again at every connect, so that they may be replaced', async () => {
  const peers: string[] = [];
  const port = await secureBroker(own, { ca: authority.cert, requestCert: true }, peers);
  const [certificateFilePath, keyFilePath] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  for (const role of ['first', 'second']) {
    const { cert, key } = authority.issue([], role);
    writeFileSync(certificateFilePath, cert);
    writeFileSync(keyFilePath, key);
    await talks(open(port, { certificateFilePath, keyFilePath }));
  }
  expect(peers).toEqual(['first', 'second']);
});

test('a broker that misses our certificate is an authentication error', async () => {
  const port = await secureBroker(own, { ca: authority.cert, requestCert: true, rejectUnauthorized: true });
  await expect(open(port)).rejects.toMatchObject({ kind: 'authentication' });
});

test('files that are no certificates are named, and no socket is opened', async () => {
  const broken = file('broken.pem', 'no certificate');
  const opening = open(1, { certificateFilePath: broken, keyFilePath: broken });
  await expect(opening).rejects.toMatchObject({ kind: 'tls', message: expect.stringContaining(broken) });
  await expect(open(1, { trustCertsFilePath: join(folder, 'none.pem') })).rejects.toMatchObject({
    kind: 'tls',
  });
  expect(opened).toEqual([]);
});

test('a peer that speaks no TLS is told apart', async () => {
  const port = await listen(createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  await expect(open(port)).rejects.toMatchObject({ kind: 'tls' });
});

test('a peer that ends the TLS handshake may be one that restarts: it heals, and the message says when', async () => {
  const port = await listen(createTcpServer((socket) => socket.once('data', () => socket.end())));
  await expect(open(port)).rejects.toMatchObject({
    kind: 'unavailable',
    message: expect.stringContaining('before secure TLS connection was established'),
  });
});

test('a peer that is silent in the TLS handshake is given up, and no socket stays', async () => {
  const port = await listen(createTcpServer());
  await expect(open(port, {}, { connectionTimeout: 50 })).rejects.toMatchObject({ kind: 'unavailable' });
  expect(opened.map(({ destroyed }) => destroyed)).toEqual([true]);
});

test('a connection given up is reset below its TLS: what the kernel still holds is not delivered', async () => {
  const ended = deferred<string>();
  const accepted: TLSSocket[] = [];
  const server = createServer(own, (socket: TLSSocket) => {
    socket.write(commandFrame('connected', { serverVersion: 'test' }));
    socket.pause();
    accepted.push(socket);
    socket.on('end', () => ended.resolve('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => ended.resolve(error.code ?? ''));
  });
  const connection = await open(await listen(server));
  const bytes = 4 * 1024 * 1024;
  connection.wake({ nextFrameBytes: () => bytes, writeFrame: (_buffer, offset) => offset + bytes });
  await new Promise((resolve) => setImmediate(resolve));
  connection.destroy(new ProtocolError('unavailable', 'given up'));
  accepted[0]?.resume();
  expect(await ended.promise).toBe('ECONNRESET');
});
