import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { firstEvent } from '../../../src/aws/first-event';
import { endpointChecks } from '../../../src/doctor/endpoint-checks';
import { type ProbeOrder, probe } from '../../../src/doctor/endpoint-probe';
import { parseHead } from '../../../src/doctor/http-head';
import { systemNetwork } from '../../../src/doctor/network';
import { systemClock } from '../../../src/util/clock';
import { CertificateAuthority } from '../../support/certificates';

const authority = new CertificateAuthority();
const { signal } = new AbortController();
const parts = { network: systemNetwork, clock: systemClock };
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function order(port: number, ca?: string, host = '127.0.0.1'): ProbeOrder {
  const place = { host, port };
  return {
    place,
    hop: place,
    dial: async (limit): Promise<Socket> => {
      const socket = ca === undefined ? connect(port, host) : connectTls({ port, host, ca });
      await firstEvent(socket, ca === undefined ? 'connect' : 'secureConnect', limit);
      return socket;
    },
    http: true,
    codes: { unreachable: 'AWS_UNAVAILABLE', tls: 'AWS_TLS' },
    stepTimeout: 2000,
  };
}

test('a service with TLS is told with its certificate, and how far its clock is off', async () => {
  const server = createTlsServer(authority.issue(['127.0.0.1']), (_, response) => {
    response.setHeader('date', new Date(systemClock.now() + 60_000).toUTCString()).end();
  });
  const found = await probe(order(await listen(server), authority.cert), parts, signal);
  expect(found.tls).toMatchObject({
    version: 'TLSv1.3',
    certificate: { subject: '127.0.0.1', issuer: 'Test authority' },
  });
  expect(Math.abs((found.clockAhead ?? 0) - 60_000)).toBeLessThan(2000);
});

test('a certificate is told also of a service that hangs up instead of an answer', async () => {
  const server = createTlsServer(authority.issue(['127.0.0.1']), (request) => request.socket.destroy());
  const found = await probe(order(await listen(server), authority.cert), parts, signal);
  expect(found).toMatchObject({ clockAhead: undefined, tls: { certificate: { subject: '127.0.0.1' } } });
});

test('a certificate that ends within two weeks is warned of', async () => {
  const port = await listen(createTlsServer(authority.issue(['127.0.0.1']), (_, response) => response.end()));
  const [check] = endpointChecks(
    [{ name: 'kinesis', place: 'here', order: async () => order(port, authority.cert) }],
    parts,
  );
  const finding = await check?.run(signal);
  expect(finding).toMatchObject({ verdict: 'warning', found: expect.stringContaining('days left') });
});

test('a certificate of somebody else is not trusted', async () => {
  const port = await listen(createTlsServer(authority.issue(['127.0.0.1'])));
  const other = new CertificateAuthority('Another one').cert;
  await expect(probe(order(port, other), parts, signal)).rejects.toMatchObject({ code: 'AWS_TLS' });
});

test('a closed port and an unknown name are told apart', async () => {
  await expect(probe(order(1), parts, signal)).rejects.toMatchObject({
    code: 'AWS_UNAVAILABLE',
    message: expect.stringContaining('no connection to 127.0.0.1:1'),
  });
  await expect(probe(order(1, undefined, 'nowhere.invalid'), parts, signal)).rejects.toMatchObject({
    code: 'AWS_UNAVAILABLE',
    message: expect.stringContaining('the name nowhere.invalid cannot be resolved'),
  });
});

test('what tells no time is reached all the same', async () => {
  const server = createServer((_, response) => {
    response.sendDate = false;
    response.end();
  });
  expect(await probe(order(await listen(server)), parts, signal)).toMatchObject({
    tls: undefined,
    clockAhead: undefined,
  });
});

test('an address that an optional service has not got only warns', async () => {
  const lost = () => Promise.reject(new Error('no region'));
  const checks = endpointChecks([{ name: 'cloudwatch', place: '', optional: true, order: lost }], parts);
  expect(await checks[0]?.run(signal)).toMatchObject({ verdict: 'warning', found: 'no region' });
});

test('what is no HTTP is not taken for an answer', () => {
  expect(() => parseHead('SSH-2.0-OpenSSH')).toThrow('something else than HTTP');
  expect(parseHead('HTTP/1.1 404 Not Found\r\nDate: x').headers.get('date')).toBe('x');
});
