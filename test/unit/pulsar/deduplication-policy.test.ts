import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type ClientConnection, clientConnection } from '../../../src/pulsar/client-connection';
import { DeduplicationPolicy } from '../../../src/pulsar/deduplication-policy';
import { HttpClient } from '../../../src/pulsar/http-client';
import { systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { pulsarSettings } from '../../support/transport-settings';

const PATH = '/admin/v2/persistent/public/default/flights/deduplicationEnabled';

let server: Server;
let on: boolean;
let exists: boolean;
let status: number;
let calls: string[];
let created: string[];

beforeEach(async () => {
  [on, exists, status, calls, created] = [false, true, 200, [], []];
  server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`);
    if (status !== 200 || !exists) {
      response.writeHead(status === 200 ? 404 : status).end('{"reason":"no"}');
    } else if (request.method === 'POST') {
      on = true;
      response.writeHead(204).end();
    } else {
      response.end(String(on));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => new Promise((resolve) => server.close(resolve)));

function urlOf(of: Server): string {
  return `http://127.0.0.1:${(of.address() as AddressInfo).port}/`;
}

function policy(adminUrl = urlOf(server), send?: ClientConnection['http']): DeduplicationPolicy {
  const http = new HttpClient({
    clock: systemClock,
    connect: (host, port) => connect({ host, port }),
    tls: async () => (socket) => socket,
    timeout: 5000,
  });
  return new DeduplicationPolicy({
    adminUrl,
    clock: systemClock,
    timeout: 5000,
    send: send ?? ((request) => http.send(request)),
    create: async (topic) => {
      created.push(topic);
      exists = true;
    },
  });
}

test('a broker that does not own the topic leads to the one that does', async () => {
  const other = createServer((request, response) =>
    response.writeHead(307, { location: new URL(request.url ?? '', urlOf(server)).href }).end(),
  );
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const parts = {
    clock: systemClock,
    logger: silentLogger,
    connect: (host: string, port: number) => connect({ host, port }),
  };
  const { http } = clientConnection(pulsarSettings('pulsar://localhost'), parts);
  await policy(urlOf(other), http).require('flights', true);
  expect(calls).toEqual([`GET ${PATH}?applied=true`, `POST ${PATH}`, `GET ${PATH}?applied=true`]);
  other.close();
});

test('a topic that deduplicates is asked about once, however many shards send to it', async () => {
  on = true;
  const policies = policy();
  await Promise.all([policies.require('flights', false), policies.require('flights', true)]);
  await policies.require('persistent://public/default/flights', false);
  expect(calls).toEqual([`GET ${PATH}?applied=true`]);
});

test('one that does not is refused, and asked again the next time', async () => {
  const policies = policy();
  const refused = { code: 'PULSAR_DEDUPLICATION_OFF', treatment: 'fatal' };
  await expect(policies.require('flights', false)).rejects.toMatchObject(refused);
  on = true;
  await policies.require('flights', false);
});

test('it is made to, and that is looked after, when it may be', async () => {
  await policy().require('flights', true);
  expect(calls).toEqual([`GET ${PATH}?applied=true`, `POST ${PATH}`, `GET ${PATH}?applied=true`]);
});

test('a topic that is not there yet is made first', async () => {
  exists = false;
  await policy().require('flights', true);
  expect(created).toEqual(['persistent://public/default/flights']);
  expect(on).toBe(true);
});

test.each([
  [401, 'PULSAR_AUTHENTICATION'],
  [403, 'PULSAR_AUTHORIZATION'],
  [503, 'PULSAR_UNAVAILABLE'],
])('an answer of status %i is %s', async (found, code) => {
  status = found;
  await expect(policy().require('flights', true)).rejects.toMatchObject({ code });
});
