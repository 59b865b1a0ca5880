import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { hide } from '../../../src/config';
import type { PulsarSettings } from '../../../src/config/types';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import { clientConnection } from '../../../src/pulsar/client-connection';
import { ProtocolError } from '../../../src/pulsar/protocol';
import type { Connection } from '../../../src/pulsar/protocol/connection';
import { ConnectionPool } from '../../../src/pulsar/protocol/connection-pool';
import { TopicLookup } from '../../../src/pulsar/protocol/topic-lookup';
import { systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { CertificateAuthority } from '../../support/certificates';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { message, ProducerLog, textOf } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

const TOPIC = 'persistent://t/n/a b';

const brokers: FakePulsarBroker[] = [];
const servers: { close(): unknown }[] = [];
let abort = new AbortController();
/** Where sockets were opened to. */
let opened: string[] = [];

afterEach(async () => {
  abort.abort(new ProtocolError('closed', 'the end of the test'));
  abort = new AbortController();
  opened = [];
  await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
  for (const server of servers.splice(0)) {
    server.close();
  }
});

async function startBroker(): Promise<FakePulsarBroker> {
  const broker = await FakePulsarBroker.start();
  brokers.push(broker);
  return broker;
}

function lookup(serviceUrl: string, extra: Partial<PulsarSettings> = {}): TopicLookup {
  const settings = clientConnection(pulsarSettings(serviceUrl, extra), {
    clock: systemClock,
    logger: silentLogger,
    connect: (host: string, port: number): Socket => {
      opened.push(`${host}:${port}`);
      return connect(port, '127.0.0.1');
    },
  });
  return new TopicLookup(new ConnectionPool(settings, abort.signal), settings);
}

describe('by the binary protocol', () => {
  test('the listener asked for is named in the lookup', async () => {
    const broker = await startBroker();
    await lookup(broker.serviceUrl, { listenerName: 'external' }).find(TOPIC);
    expect(broker.commands('lookupTopic')).toMatchObject([{ advertisedListenerName: 'external' }]);
    await lookup(broker.serviceUrl).find(TOPIC);
    expect(broker.commands('lookupTopic')[1]?.advertisedListenerName).toBeFalsy();
  });

  test('a redirect is followed with its authority, and a circle of them ends', async () => {
    const [first, second] = [await startBroker(), await startBroker()];
    first.script.lookup = () => ({ response: 0, brokerServiceUrl: second.serviceUrl, authoritative: true });
    const connection = await lookup(first.serviceUrl).find(TOPIC);
    expect(connection.address.port).toBe(second.port);
    expect(second.commands('lookupTopic')).toMatchObject([{ authoritative: true }]);

    second.script.lookup = () => ({ response: 0, brokerServiceUrl: first.serviceUrl });
    const circle = lookup(first.serviceUrl, { maxLookupRedirects: 4 }).find(TOPIC);
    await expect(circle).rejects.toMatchObject({ kind: 'unavailable' });
    expect(second.commands('lookupTopic')).toHaveLength(3);
  });

  test('a refusal is the error of the broker, and one that is not ready may become so', async () => {
    const broker = await startBroker();
    broker.script.lookup = () => ({ response: 2, error: 6, message: 'not served yet' });
    const failure = await lookup(broker.serviceUrl)
      .find(TOPIC)
      .catch((error: ProtocolError) => error);
    expect(failure).toMatchObject({ kind: 'unavailable', transient: true });
    broker.script.lookup = () => ({ response: 2, error: 4, message: 'not yours' });
    await expect(lookup(broker.serviceUrl).find(TOPIC)).rejects.toMatchObject({ kind: 'authorization' });
  });

  test('a proxy leads to the broker that the lookup names', async () => {
    const proxy = await startBroker();
    proxy.script.lookup = () => ({ brokerServiceUrl: 'pulsar://inside:6650', proxyThroughServiceUrl: true });
    const connection = await lookup(proxy.serviceUrl).find(TOPIC);
    expect(connection.address).toEqual({ host: '127.0.0.1', port: proxy.port, proxyTo: 'inside:6650' });
    expect(proxy.commands('connect').map(({ proxyToBrokerUrl }) => proxyToBrokerUrl || '')).toEqual([
      '',
      'inside:6650',
    ]);
  });

  test('proxyToBroker: the proxy leads to that broker at once, and to the one it names', async () => {
    const proxy = await startBroker();
    proxy.script.lookup = () => ({ brokerServiceUrl: 'pulsar://b:1' });
    await lookup(proxy.serviceUrl, { proxyToBroker: 'a:1' }).find(TOPIC);
    expect(proxy.commands('connect').map(({ proxyToBrokerUrl }) => proxyToBrokerUrl)).toEqual(['a:1', 'b:1']);
    expect(new Set(opened)).toEqual(new Set([`127.0.0.1:${proxy.port}`]));
  });

  test('of several addresses one that is not reached costs a try, not the lookup', async () => {
    const broker = await startBroker();
    const gone = await startBroker();
    await brokers.pop()?.stop();
    const connection = await lookup(`pulsar://127.0.0.1:${gone.port},127.0.0.1:${broker.port}`).find(TOPIC);
    expect(connection.address.port).toBe(broker.port);
  });

  test('with TLS the broker is taken at its address with TLS, and by its name through an SNI proxy', async () => {
    const authority = new CertificateAuthority();
    const broker = new FakePulsarBroker();
    const names: string[] = [];
    const server = createTlsServer(authority.issue(['service', 'owner']), (socket) => {
      names.push(String(socket.servername));
      broker.accept(socket);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    broker.script.lookup = () => ({
      brokerServiceUrl: 'pulsar://plain:1',
      brokerServiceUrlTls: 'pulsar+ssl://owner:2',
    });
    const { port } = server.address() as AddressInfo;
    const connection = await lookup('pulsar+ssl://service:3', {
      sniProxy: { host: 'proxy', port },
      tls: { allowInsecureConnection: true, hostnameVerificationEnable: true },
    }).find(TOPIC);
    expect(connection.address).toEqual({ host: 'owner', port: 2, tls: true });
    expect(names).toEqual(['service', 'owner']);
    expect(opened).toEqual([`proxy:${port}`, `proxy:${port}`]);
  });

  test('a broker that has no address of the kind asked for cannot be reached', async () => {
    const broker = await startBroker();
    broker.script.lookup = () => ({ brokerServiceUrl: '', brokerServiceUrlTls: 'pulsar+ssl://a' });
    await expect(lookup(broker.serviceUrl).find(TOPIC)).rejects.toMatchObject({ kind: 'unsupported' });
  });
});

test.each(['pulsar+ssl://a', 'https://a'])('a topic at %s never moves out of TLS', (serviceUrl) => {
  expect(() => lookup(serviceUrl).migrated(TOPIC, 'pulsar://b')).toThrow(
    expect.objectContaining({ kind: 'tls' }),
  );
});

describe('connectionsPerBroker', () => {
  test('producers get the connections in turn, and lookups use one of them', async () => {
    const broker = await startBroker();
    const topics = lookup(broker.serviceUrl, { connectionsPerBroker: 3 });
    const given = new Map<Connection, number>();
    for (let i = 0; i < 12; i++) {
      const connection = await topics.find(TOPIC);
      given.set(connection, (given.get(connection) ?? 0) + 1);
    }
    expect([...given.values()]).toEqual([4, 4, 4]);
    expect(broker.commands('connect')).toHaveLength(3);
  });

  test('many that ask at once for a broker open no more', async () => {
    const broker = await startBroker();
    const topics = lookup(broker.serviceUrl, { connectionsPerBroker: 2 });
    await Promise.all(Array.from({ length: 10 }, () => topics.find(TOPIC)));
    expect(broker.commands('connect')).toHaveLength(2);
  });
});

describe('a topic that has moved to another cluster', () => {
  test('is looked for there, and no other topic is', async () => {
    const [old, fresh] = [await startBroker(), await startBroker()];
    const topics = lookup(old.serviceUrl, { proxyToBroker: `127.0.0.1:${old.port}` });
    topics.migrated(TOPIC, fresh.serviceUrl);
    expect((await topics.find(TOPIC)).address).toEqual({ host: '127.0.0.1', port: fresh.port });
    expect((await topics.find('persistent://t/n/other')).address.port).toBe(old.port);
    expect(await topics.partitions(TOPIC)).toBe(0);
    expect(fresh.commands('partitionMetadata')).toHaveLength(1);
  });

  test('its producer and its consumer follow it when the broker says so', async () => {
    const [old, fresh] = [await startBroker(), await startBroker()];
    const transport = new BinaryTransport(pulsarSettings(old.serviceUrl), PRODUCER, {
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      connect: (_host, port) => connect(port, '127.0.0.1'),
    });
    const log = new ProducerLog();
    const producer = await transport.createProducer({ topic: TOPIC, listener: log });
    await transport.subscribe({
      topic: TOPIC,
      subscription: 's',
      subscriptionType: 'Exclusive',
      initialPosition: 'earliest',
      receiverQueueSize: 1,
      receiverQueueBytes: 1024,
      negativeAckRedeliveryDelayMs: 1000,
    });
    const [made, subscribed] = [old.commands('producer')[0], old.commands('subscribe')[0]];
    for (const [resourceType, resourceId] of [made?.producerId, subscribed?.consumerId].entries()) {
      old.tell('topicMigrated', {
        resourceType,
        resourceId: resourceId ?? -1,
        brokerServiceUrl: fresh.serviceUrl,
      });
    }
    old.unload();
    await fresh.until(() => fresh.producers === 1 && fresh.commands('subscribe').length === 1);
    producer.send(message('x'));
    await log.until(({ events }) => events === 1);
    expect(fresh.stored.map(textOf)).toEqual(['x']);
    await transport.close(1000);
  });
});

describe('by REST', () => {
  /** Answers by path and query. */
  type Answers = (url: string, headers: IncomingHttpHeaders) => readonly [number, object, string?];

  async function startRest(answers: Answers): Promise<string> {
    const server = createServer((request, response) => {
      const [status, body, location] = answers(request.url ?? '', request.headers);
      response.writeHead(status, location === undefined ? {} : { location });
      response.end(JSON.stringify(body));
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('the broker named is reached by the binary protocol', async () => {
    const broker = await startBroker();
    const asked: [string, unknown][] = [];
    const url = await startRest((path, headers) => {
      asked.push([path, headers.authorization]);
      return [200, path.startsWith('/lookup') ? { brokerUrl: broker.serviceUrl } : { partitions: 4 }];
    });
    const topics = lookup(url, {
      listenerName: 'external',
      authentication: { type: 'basic', userId: 'me', password: hide('x') },
    });
    expect(await topics.partitions(TOPIC)).toBe(4);
    expect((await topics.find(TOPIC)).address.port).toBe(broker.port);
    expect(asked).toEqual([
      ['/admin/v2/persistent/t/n/a%20b/partitions?checkAllowAutoCreation=true', 'Basic bWU6eA=='],
      ['/lookup/v2/topic/persistent/t/n/a%20b?listenerName=external', 'Basic bWU6eA=='],
    ]);
  });

  test('redirects are followed, not for ever, and never out of TLS or into it', async () => {
    const broker = await startBroker();
    const owner = await startRest(() => [200, { brokerUrl: broker.serviceUrl }]);
    const first = await startRest((path) => [307, {}, `${owner}${path}`]);
    expect((await lookup(first).find(TOPIC)).address.port).toBe(broker.port);
    const circle = await startRest((path) => [307, {}, path]);
    await expect(lookup(circle).find(TOPIC)).rejects.toMatchObject({ kind: 'unavailable' });
    const other = await startRest((path) => [307, {}, `https://127.0.0.1${path}`]);
    await expect(lookup(other).find(TOPIC)).rejects.toMatchObject({ kind: 'tls' });
  });

  test.each([
    [401, 'authentication'],
    [403, 'authorization'],
    [404, 'topic-not-found'],
    [412, 'invalid-topic'],
    [429, 'unavailable'],
    [503, 'unavailable'],
    [418, 'unknown'],
  ])('status %i is %s, with the reason of the broker', async (status, kind) => {
    const url = await startRest(() => [status, { reason: 'because' }]);
    await expect(lookup(url).find(TOPIC)).rejects.toMatchObject({
      kind,
      message: expect.stringContaining('because'),
    });
  });

  test('an answer without a number of partitions is none, and not a topic without partitions', async () => {
    const url = await startRest(() => [200, { status: 'ok' }]);
    await expect(lookup(url).partitions(TOPIC)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('a namespace may have very many topics', async () => {
    const names = Array.from({ length: 30_000 }, (_, i) => `persistent://t/n/topic-${i}-partition-0`);
    const url = await startRest(() => [200, names]);
    expect(await lookup(url).topics('t/n')).toHaveLength(names.length);
  });

  test('an answer that is none is unknown, and a service that is silent is unavailable', async () => {
    const url = await startRest(() => [200, [1]]);
    await expect(lookup(url).find(TOPIC)).rejects.toMatchObject({ kind: 'unknown' });
    const silent = createServer();
    servers.push(silent);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const asking = lookup(`http://127.0.0.1:${port}`, { operationTimeout: 50 }).find(TOPIC);
    await expect(asking).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
