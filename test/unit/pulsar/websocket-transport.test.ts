import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { hide } from '../../../src/config/secret';
import type { ProducerSettings, PulsarSettings } from '../../../src/config/types';
import type { Consumer, OutgoingMessage, Producer, ProducerOptions } from '../../../src/pulsar/transport';
import type { DialerParts } from '../../../src/pulsar/websocket-dialer';
import { WebSocketTransport } from '../../../src/pulsar/websocket-transport';
import { systemClock } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { systemRandom } from '../../../src/util/random';
import { CertificateAuthority } from '../../support/certificates';
import { connectByName } from '../../support/connect-by-name';
import { FakeWebSocketService } from '../../support/fake-websocket-service';
import { message, ProducerLog } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

let service: FakeWebSocketService;
const transports: WebSocketTransport[] = [];

beforeEach(async () => {
  service = await FakeWebSocketService.start();
});

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(200)));
  await service.stop().catch(() => undefined);
});

function transportWith(
  settings: Partial<PulsarSettings> = {},
  producer: Partial<ProducerSettings> = {},
  parts: Partial<DialerParts> = {},
): WebSocketTransport {
  const transport = new WebSocketTransport(
    pulsarSettings(service.serviceUrl, { operationTimeout: 300, ...settings }),
    { ...PRODUCER, ...producer },
    {
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      connect: (host, port) => connect({ host, port }),
      ...parts,
    },
  );
  transports.push(transport);
  return transport;
}

const produce = (
  transport: WebSocketTransport,
  log: ProducerLog,
  extra: Partial<ProducerOptions<OutgoingMessage>> = {},
): Promise<Producer<OutgoingMessage>> =>
  transport.createProducer({ topic: 'orders', listener: log, ...extra });

const subscribe = (transport: WebSocketTransport): Promise<Consumer> =>
  transport.subscribe({
    topic: 'orders',
    subscription: 'public/default/export',
    subscriptionType: 'Exclusive',
    initialPosition: 'earliest',
    receiverQueueSize: 100,
    receiverQueueBytes: 1024 * 1024,
    negativeAckRedeliveryDelayMs: 100,
  });

describe('reaching the service', () => {
  test.each([
    ['a token', { type: 'token', token: async () => 'abc' }, 'Bearer abc'],
    [
      'a user',
      { type: 'basic', userId: 'me', password: hide('pw') },
      `Basic ${Buffer.from('me:pw').toString('base64')}`,
    ],
  ] as const)('with %s in the header, and in no address', async (_what, authentication, header) => {
    service.script.authorization = [header];
    await produce(transportWith({ authentication }), new ProducerLog());
    expect(service.urls.join()).not.toMatch(/abc|pw/);
    await expect(produce(transportWith(), new ProducerLog())).rejects.toMatchObject({
      code: 'PULSAR_AUTHENTICATION',
      treatment: 'fatal',
    });
  });

  test('over TLS with an authority of its own, and not without', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'websocket-'));
    const authority = new CertificateAuthority();
    const trustCertsFilePath = join(folder, 'ca.pem');
    writeFileSync(trustCertsFilePath, authority.cert);
    await service.stop();
    service = await FakeWebSocketService.start(authority.issue(['127.0.0.1']));
    const tls = { allowInsecureConnection: false, hostnameVerificationEnable: true };
    const log = new ProducerLog();
    const producer = await produce(transportWith({ tls: { ...tls, trustCertsFilePath } }), log);
    producer.send(message('a'));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    await expect(produce(transportWith({ tls }), new ProducerLog())).rejects.toMatchObject({
      code: 'PULSAR_TLS',
    });
    rmSync(folder, { recursive: true });
  });

  test('over TLS at the second address of its name, when the first one does not answer', async () => {
    const authority = new CertificateAuthority();
    const folder = mkdtempSync(join(tmpdir(), 'websocket-'));
    const trustCertsFilePath = join(folder, 'ca.pem');
    writeFileSync(trustCertsFilePath, authority.cert);
    await service.stop();
    service = await FakeWebSocketService.start(authority.issue(['127.0.0.1']));
    const tls = { allowInsecureConnection: false, hostnameVerificationEnable: true, trustCertsFilePath };
    await produce(
      transportWith({ tls }, {}, { connect: (_host, port) => connectByName(port) }),
      new ProducerLog(),
    );
    rmSync(folder, { recursive: true });
  });

  test('no socket stays of a connection that never stands', async () => {
    const opened: Socket[] = [];
    const silent = (): Socket => {
      // Its name is looked up for ever.
      opened.push(connect({ host: 'service.test', port: 1, lookup: () => undefined }));
      return opened[opened.length - 1] as Socket;
    };
    const settings = { serviceUrl: 'wss://service.test', connectionTimeout: 30 };
    await expect(
      produce(transportWith(settings, {}, { connect: silent }), new ProducerLog()),
    ).rejects.toMatchObject({ code: 'PULSAR_UNAVAILABLE' });
    expect(opened.every(({ destroyed }) => destroyed)).toBe(true);
  });

  test('at the next address when the first does not answer', async () => {
    const gone = await FakeWebSocketService.start();
    await gone.stop();
    const serviceUrl = `${gone.serviceUrl},${service.serviceUrl.replace('ws://', '')}`;
    await produce(transportWith({ serviceUrl }), new ProducerLog());
  });

  test('for no longer than the operation time-out, with the reason of the last try', async () => {
    await service.stop();
    const start = systemClock.monotonic();
    await expect(produce(transportWith(), new ProducerLog())).rejects.toMatchObject({
      code: 'PULSAR_UNAVAILABLE',
    });
    expect(systemClock.monotonic() - start).toBeLessThan(1000);
  });

  test('with the options of the producer, and a name of its own that is never used twice', async () => {
    const transport = transportWith({}, { batchingMaxMessages: 7, compressionType: 'ZSTD' });
    await produce(transport, new ProducerLog());
    await produce(transport, new ProducerLog());
    const [first, second] = service.urls.map(({ searchParams }) => Object.fromEntries(searchParams));
    expect(first).toMatchObject({
      batchingEnabled: 'true',
      batchingMaxMessages: '7',
      compressionType: 'ZSTD',
      hashingScheme: 'Murmur3_32Hash',
      messageRoutingMode: 'RoundRobinPartition',
      sendTimeoutMillis: '0',
    });
    expect(first?.producerName).not.toBe(second?.producerName);
  });

  test('an address that is none is a configuration error', () => {
    expect(() => transportWith({ serviceUrl: 'ws://' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('a producer', () => {
  test('fails when the service falls silent', async () => {
    const log = new ProducerLog();
    const transport = transportWith({ keepAliveInterval: 30 });
    await produce(transport, log);
    service.script.answersPing = false;
    await log.until(({ failures }) => failures.length > 0);
    expect(log.failures.map(({ code }) => code)).toEqual(['PULSAR_UNAVAILABLE']);
  });

  test.each(['null', '{"result":"send-error:8","errorMsg":null}', '[]', '"ok"'])(
    'fails, and nothing else does, when it is answered %s',
    async (answer) => {
      const log = new ProducerLog();
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
      server.on('connection', (socket) => socket.on('message', () => socket.send(answer)));
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const producer = await produce(transportWith({ serviceUrl: `ws://127.0.0.1:${port}` }), log);
      producer.send(message('a'));
      await log.until(({ failures }) => failures.length > 0);
      expect(log.failures.map(({ code }) => code)).toEqual(['PULSAR_UNKNOWN']);
      for (const client of server.clients) {
        client.terminate();
      }
      server.close();
      await producer.close(10);
    },
  );

  test('fails when it is cut off', async () => {
    const log = new ProducerLog();
    await produce(transportWith(), log);
    service.disconnect();
    await log.until(({ failures }) => failures.length > 0);
    expect(log.failures[0]).toMatchObject({ code: 'PULSAR_UNAVAILABLE', retryable: true });
  });

  test('of a service that takes less than was configured learns that once, and then rejects what is too large', async () => {
    service.script.maxFrameBytes = 100_000;
    const transport = transportWith();
    const large = 'x'.repeat(100_000);
    const before = transport.maxMessageBytes;
    const first = new ProducerLog();
    const failing = await produce(transport, first);
    failing.send(message(large));
    await first.until(({ failures }) => failures.length > 0);
    expect(first.failures[0]).toMatchObject({ code: 'PULSAR_SEND_FAILED', retryable: true });
    await failing.close(500);
    const second = new ProducerLog();
    const producer = await produce(transport, second);
    producer.send(message(large));
    producer.send(message('small'));
    await second.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    expect(second.rejections[0]?.error).toMatchObject({
      code: 'PULSAR_MESSAGE_TOO_LARGE',
      hint: expect.stringContaining('webSocketMaxTextFrameSize'),
    });
    expect(transport.maxMessageBytes).toBeLessThan(before);
  });

  test('that ends with messages unanswered is closed once the broker has let go of its name', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith({}, { sendTimeout: 30 }), log);
    service.script.send = () => 'lose-receipt';
    producer.send(message('a'));
    await log.until(({ failures }) => failures.length > 0);
    let held = 3;
    service.script.refuse = () =>
      held-- > 0 ? { status: 409, text: 'Producer with name is connected' } : undefined;
    await producer.close(2000);
    expect(held).toBe(-1);
    const names = service.urls.map(({ searchParams }) => searchParams.get('producerName'));
    expect(names).toHaveLength(5);
    expect(new Set(names).size).toBe(1);
  });

  test('that ends with everything answered needs no such proof', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith(), log);
    producer.send(message('a'));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    await producer.close(500);
    expect(service.urls).toHaveLength(1);
  });

  test('that is never let go of is closed at the deadline', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith({}, { sendTimeout: 30 }), log);
    service.script.send = () => 'lose-receipt';
    producer.send(message('a'));
    await log.until(({ failures }) => failures.length > 0);
    service.script.refuse = () => ({ status: 409, text: 'Producer with name is connected' });
    const start = systemClock.monotonic();
    await producer.close(100);
    expect(systemClock.monotonic() - start).toBeLessThan(600);
  });

  test('is closed at the deadline when nobody answers who it is', async () => {
    const log = new ProducerLog();
    let silent = false;
    const token = (): Promise<string> => (silent ? new Promise(() => undefined) : Promise.resolve('abc'));
    const authentication = { type: 'token', token } as const;
    const producer = await produce(transportWith({ authentication }, { sendTimeout: 30 }), log);
    service.script.send = () => 'lose-receipt';
    producer.send(message('a'));
    await log.until(({ failures }) => failures.length > 0);
    silent = true;
    const start = systemClock.monotonic();
    await producer.close(100);
    expect(systemClock.monotonic() - start).toBeLessThan(600);
  });

  test('waits for what is under way when it is closed, and tells of it', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith(), log);
    const arrived = new Promise<void>((resolve) => {
      service.script.send = () => {
        resolve();
        return 'store';
      };
    });
    producer.send(message('a'));
    await arrived;
    await producer.close(1000);
    expect(log.confirmedTexts).toEqual(['a']);
  });

  test('asks before each message whether it may still be sent', async () => {
    const log = new ProducerLog();
    let asked = 0;
    const mayStillSend = (): boolean => ++asked < 3;
    const producer = await produce(transportWith(), log, { mayStillSend });
    for (const text of ['a', 'b', 'c', 'd']) {
      producer.send(message(text));
    }
    await log.until(({ failures }) => failures.length > 0);
    await producer.close(500);
    expect(service.broker.messages('orders').length).toBeLessThanOrEqual(2);
    expect(log.failures.map(({ code }) => code)).toEqual(['PULSAR_SEND_REVOKED']);
  });
});

describe('a consumer', () => {
  const publish = (...texts: string[]): void => {
    for (const text of texts) {
      service.broker.publish('orders', { value: Buffer.from(text) });
    }
  };

  test('ends with what its reconnect is refused for, when that does not heal', async () => {
    const consumer = await subscribe(transportWith());
    const pending = expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_AUTHORIZATION' });
    service.script.refuse = () => ({ status: 403, text: 'Not authorized' });
    service.disconnect();
    await pending;
    await expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_AUTHORIZATION' });
    expect(await consumer.close(100)).toBe(true);
  });

  test('goes on after refusals that heal', async () => {
    const consumer = await subscribe(transportWith());
    let refusals = 3;
    service.script.refuse = () => (refusals-- > 0 ? { status: 503, text: 'Service Unavailable' } : undefined);
    service.disconnect();
    publish('a');
    expect(await consumer.receive(1)).toHaveLength(1);
    expect(refusals).toBeLessThan(0);
  });

  test('waits longer and longer for a service that takes it and then ends it at once', async () => {
    let lost = 0;
    const fourth = deferred<void>();
    const logger = { ...silentLogger, info: () => ++lost === 4 && fourth.resolve() };
    const random = { ...systemRandom, next: () => 0.99 };
    await subscribe(transportWith({}, {}, { logger, random }));
    service.script.refuse = () => {
      setTimeout(() => service.disconnect(), 20);
      return undefined;
    };
    const start = systemClock.monotonic();
    service.disconnect();
    await fourth.promise;
    // The first new session comes at once; each of those behind it waits up to twice as long.
    expect(systemClock.monotonic() - start).toBeGreaterThan(49 + 99);
  });

  test('says that it cannot know how far it is where no REST API answers', async () => {
    const consumer = await subscribe(transportWith());
    service.script.answersAdmin = false;
    await expect(consumer.whenCaughtUp()).rejects.toMatchObject({
      code: 'NOT_AVAILABLE_YET',
      hint: expect.stringContaining('adminUrl'),
    });
  });

  test('asks for no more messages than it has room for, and shares that with the service', async () => {
    publish(...Array.from({ length: 300 }, (_, i) => `m${i}`));
    const consumer = await subscribe(transportWith());
    expect(await consumer.receive(1)).toHaveLength(1);
    expect(service.urls.map(({ searchParams }) => searchParams.get('receiverQueueSize'))).toEqual(['50']);
  });

  test('proves now and then that its acknowledgements were heard', async () => {
    const consumer = await subscribe(transportWith());
    let pings = 0;
    service.pinged = () => pings++;
    publish(...Array.from({ length: 2500 }, () => 'm'));
    for (let taken = 0; taken < 2500; ) {
      const messages = await consumer.receive(100);
      taken += messages.length;
      for (const one of messages) {
        consumer.acknowledge(one);
      }
    }
    await consumer.whenCaughtUp();
    expect(pings).toBeGreaterThan(0);
    expect(pings).toBeLessThan(10);
  });
});
