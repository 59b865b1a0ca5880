import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import type { ProducerSettings, PulsarSettings } from '../../../src/config/types';
import { BYTES_SCHEMA, type Schema } from '../../../src/io';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import type { OutgoingMessage, Producer, Transport } from '../../../src/pulsar/transport';
import { systemClock } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { FakePulsarBroker, type SentBatch } from '../../support/fake-pulsar-broker';
import { joinChunks } from '../../support/message-codec';
import { message, ProducerLog, textOf } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

let broker: FakePulsarBroker;
const transports: Transport[] = [];

beforeEach(async () => {
  broker = await FakePulsarBroker.start();
});

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(500)));
  await broker.stop();
});

function transportTo(
  pulsar: Partial<PulsarSettings> = {},
  producer: Partial<ProducerSettings> = {},
): BinaryTransport {
  const transport = new BinaryTransport(
    pulsarSettings(broker.serviceUrl, pulsar),
    { ...PRODUCER, ...producer },
    {
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      connect: (host, port) => connect({ host, port, noDelay: true }),
    },
  );
  transports.push(transport);
  return transport;
}

function produce(
  transport: Transport,
  log: ProducerLog,
  topic = 'orders',
): Promise<Producer<OutgoingMessage>> {
  return transport.createProducer({ topic, listener: log });
}

const texts = (batch: SentBatch | undefined): string[] => batch?.messages.map(textOf) ?? [];
const shape = ({ sequenceId, highestSequenceId, messages }: SentBatch): object => ({
  sequenceId,
  highestSequenceId,
  texts: messages.map(textOf),
});

describe('a schema', () => {
  const SCHEMA: Schema = { type: 'JSON', name: 'orders', definition: '{"type":"record"}' };

  test('is registered at every connection, and its version goes with each message and each batch', async () => {
    broker.script.schemaVersion = Buffer.from([0, 0, 0, 0, 0, 0, 0, 5]);
    broker.script.send = ({ connection }) => (connection === 0 ? 'disconnect' : 'store');
    const log = new ProducerLog();
    const producer = await transportTo().createProducer({ topic: 'orders', listener: log, schema: SCHEMA });
    for (const text of ['a', 'b', 'c']) {
      producer.send(message(text));
    }
    producer.flush();
    producer.send(message('d'));
    producer.flush();
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 4);
    const { name, definition } = SCHEMA;
    const registered = { name, schemaData: Buffer.from(definition), type: 2 };
    expect(broker.commands('producer')).toMatchObject([{ schema: registered }, { schema: registered }]);
    expect(broker.stored.map(({ schemaVersion }) => schemaVersion)).toEqual(
      Array.from({ length: 4 }, () => '0000000000000005'),
    );
  });

  test('of bytes is none', async () => {
    const log = new ProducerLog();
    const producer = await transportTo().createProducer({ topic: 'o', listener: log, schema: BYTES_SCHEMA });
    producer.send(message('a'));
    producer.flush();
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    expect(broker.commands('producer').map(({ schema }) => schema ?? undefined)).toEqual([undefined]);
    expect(broker.stored[0]?.schemaVersion).toBeUndefined();
  });

  test('that the topic does not take is refused as such', async () => {
    broker.script.producerError = () => 18;
    const making = transportTo().createProducer({ topic: 'o', listener: new ProducerLog(), schema: SCHEMA });
    await expect(making).rejects.toMatchObject({ code: 'PULSAR_SCHEMA_REFUSED' });
  });
});

describe('a lost connection', () => {
  test('everything unconfirmed is sent again, in order, with the same ids and borders', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportTo(), log);
    broker.script.send = ({ sequenceId, connection }) =>
      sequenceId >= 4 && connection === 0 ? (sequenceId === 7 ? 'disconnect' : 'lose-receipt') : 'store';
    for (let i = 0; i < 10; i++) {
      producer.send(message(`m${i}`));
      if ([3, 5, 6].includes(i)) {
        producer.flush();
      }
    }
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 10);
    const before = broker.sent.filter(({ connection }) => connection === 0).map(shape);
    const after = broker.sent.filter(({ connection }) => connection === 1).map(shape);
    expect(before).toHaveLength(4);
    expect(after).toEqual(before.slice(1));
    expect(log.confirmedTexts).toEqual(Array.from({ length: 10 }, (_, i) => `m${i}`));
  });

  test('a message of which only some chunks are stored is sent again from its first chunk', async () => {
    broker.script.maxMessageSize = 1000;
    const log = new ProducerLog();
    const producer = await produce(transportTo(), log);
    let sends = 0;
    broker.script.send = () => (++sends === 4 ? 'disconnect' : 'store');
    const large = 'x'.repeat(3000);
    for (const text of ['before', large, 'after']) {
      producer.send(message(text));
      producer.flush();
    }
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 3);
    const chunks = broker.sent.flatMap(({ messages }) => messages.map(({ chunk }) => chunk?.id ?? -1));
    expect(chunks).toEqual([-1, 0, 1, 2, 0, 1, 2, 3, -1]);
    expect(joinChunks(broker.stored).map(textOf)).toEqual(['before', large, 'after']);
    expect(log.confirmedTexts).toEqual(['before', large, 'after']);
  });

  test('messages sent while the broker is away arrive behind the older ones', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportTo(), log);
    broker.script.send = () => 'swallow';
    producer.send(message('a'));
    await received(() => broker.sent.length === 1);
    await broker.stop();
    producer.send(message('b'));
    broker.script.send = () => 'store';
    await broker.listen();
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
    expect(broker.stored.map(textOf)).toEqual(['a', 'b']);
  });

  test('cut again and again, nothing is lost and first arrivals keep their order', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportTo({}, { batchingMaxMessages: 7 }), log);
    const random = seededRandom(7);
    broker.script.send = () => (random.next() < 0.05 ? 'disconnect' : 'store');
    for (let i = 0; i < 2000; i++) {
      producer.send(message(String(i)));
    }
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 2000);
    const firstArrivals = [...new Set(broker.stored.map(textOf))];
    expect(firstArrivals).toEqual(Array.from({ length: 2000 }, (_, i) => String(i)));
    expect(broker.commands('connect').length).toBeGreaterThan(3);
  });

  test('the sender is asked again before anything is sent again', async () => {
    const log = new ProducerLog();
    let may = true;
    const producer = await transportTo().createProducer({
      topic: 'orders',
      listener: log,
      mayStillSend: () => may,
    });
    broker.script.send = () => {
      may = false;
      return 'disconnect';
    };
    producer.send(message('a'));
    await log.until(({ failures }) => failures.length === 1);
    expect(log.failures[0]?.code).toBe('PULSAR_SEND_REVOKED');
    expect(broker.sent).toHaveLength(1);
  });

  test('a broker that does not answer pings is left', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportTo({ keepAliveInterval: 30 }), log);
    broker.script.answersPing = false;
    await received(() => broker.commands('connect').length === 2);
    broker.script.answersPing = true;
    producer.send(message('a'));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
  });

  test('a ping of the broker is answered', async () => {
    await produce(transportTo(), new ProducerLog());
    broker.tell('ping', {});
    await received(() => broker.commands('pong').length === 1);
  });
});

describe('a topic that is unloaded', () => {
  test('the producer is made again under the next epoch and sends what was unconfirmed', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportTo(), log);
    broker.script.send = () => 'swallow';
    producer.send(message('a'));
    await received(() => broker.sent.length === 1);
    broker.script.send = () => 'store';
    broker.unload();
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    expect(broker.commands('producer').map(({ epoch }) => epoch)).toEqual([0, 1]);
    const [first, second] = broker.commands('producer');
    expect(second?.producerId).toBe(first?.producerId);
    expect(broker.sent.map(texts)).toEqual([['a'], ['a']]);
  });

  test.each([
    [15, 'PULSAR_TOPIC_TERMINATED'],
    [11, 'PULSAR_TOPIC_NOT_FOUND'],
    [4, 'PULSAR_AUTHORIZATION'],
    [7, 'PULSAR_BACKLOG_QUOTA'],
    [8, 'PULSAR_BACKLOG_QUOTA'],
    [25, 'PULSAR_PRODUCER_FENCED'],
    [0, 'PULSAR_UNKNOWN'],
  ])('error %i on the way back ends the producer as %s', async (error, code) => {
    const log = new ProducerLog();
    await produce(transportTo(), log);
    broker.script.producerError = () => error;
    broker.unload();
    await log.until(({ failures }) => failures.length === 1);
    expect(log.failures[0]?.code).toBe(code);
  });
});

describe('an answer to a send', () => {
  test('receipts confirm by id: one that comes early waits for those before it', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportTo({}, { batchingEnabled: false }), log);
    broker.script.send = () => 'lose-receipt';
    for (const text of ['a', 'b', 'c']) {
      producer.send(message(text));
    }
    await received(() => broker.sent.length === 3);
    const producerId = broker.commands('producer')[0]?.producerId ?? -1;
    for (const sequenceId of [1, 99, 0]) {
      broker.tell('sendReceipt', { producerId, sequenceId });
    }
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
    expect(log.confirmedTexts).toEqual(['a', 'b']);
  });

  test.each([
    [2, 'PULSAR_SEND_FAILED', true],
    [9, 'PULSAR_SEND_FAILED', true],
    // Whether it is terminated or moves elsewhere, only a new registration tells.
    [15, 'PULSAR_SEND_FAILED', true],
    [22, 'PULSAR_NOT_ALLOWED', false],
    [0, 'PULSAR_UNKNOWN', true],
  ])(
    'SEND_ERROR %i is %s, and the producer is closed at the broker at once',
    async (error, code, retryable) => {
      const log = new ProducerLog();
      const producer = await produce(transportTo(), log);
      broker.script.send = () => ({ error });
      producer.send(message('a'));
      await log.until(({ failures }) => failures.length === 1);
      expect(log.failures[0]).toMatchObject({ code, retryable });
      await received(() => broker.commands('closeProducer').length === 1);
      await producer.close(1000);
      expect(broker.commands('closeProducer')).toHaveLength(1);
    },
  );
});

describe('closing', () => {
  test('receipts that come before the answer still count', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportTo({}, { batchingEnabled: false }), log);
    const arrived = deferred<void>();
    broker.script.send = () => {
      arrived.resolve();
      return 'store';
    };
    producer.send(message('a'));
    await arrived.promise;
    await producer.close(1000);
    expect(log.confirmedTexts).toEqual(['a']);
  });

  test('a broker that does not answer costs the connection at the deadline, not before', async () => {
    const [log, other] = [new ProducerLog(), new ProducerLog()];
    const transport = transportTo();
    const producer = await produce(transport, log);
    const neighbour = await produce(transport, other, 'others');
    broker.script.answersClose = false;
    await producer.close(50);
    broker.script.answersClose = true;
    neighbour.send(message('a'));
    await other.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    expect(broker.commands('connect')).toHaveLength(2);
    expect(log.events).toBe(0);
  });

  test('while the broker is away it ends at once', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportTo(), log);
    broker.script.send = () => 'disconnect';
    broker.script.producerError = () => 6;
    producer.send(message('a'));
    await received(() => broker.commands('producer').length > 1);
    await producer.close(10_000);
    expect(log.events).toBe(0);
  });
});

describe('creating a producer', () => {
  test('a broker that is not ready is asked again', async () => {
    broker.script.producerError = (_topic, attempt) => (attempt < 2 ? 6 : undefined);
    await produce(transportTo(), new ProducerLog());
    expect(broker.commands('producer')).toHaveLength(3);
  });

  test('tries end after the operation time-out, with the last reason', async () => {
    broker.script.producerError = () => 16;
    await expect(produce(transportTo({ operationTimeout: 150 }), new ProducerLog())).rejects.toMatchObject({
      code: 'PULSAR_BUSY',
      retryable: true,
    });
    expect(broker.commands('producer').length).toBeGreaterThan(1);
  });

  test.each([
    [7, 'PULSAR_BACKLOG_QUOTA'],
    [8, 'PULSAR_BACKLOG_QUOTA'],
    [25, 'PULSAR_PRODUCER_FENCED'],
  ])('error %i is %s at once, and whoever waits for its end is told of it', async (error, code) => {
    broker.script.producerError = () => error;
    await expect(produce(transportTo(), new ProducerLog())).rejects.toMatchObject({
      code,
      treatment: 'retry',
    });
    expect(broker.commands('producer')).toHaveLength(1);
  });

  test.each([
    [3, 'PULSAR_AUTHENTICATION'],
    [4, 'PULSAR_AUTHORIZATION'],
    [11, 'PULSAR_TOPIC_NOT_FOUND'],
    [15, 'PULSAR_TOPIC_TERMINATED'],
    [18, 'PULSAR_SCHEMA_REFUSED'],
  ])('error %i is %s and is not tried again', async (error, code) => {
    broker.script.producerError = () => error;
    await expect(produce(transportTo(), new ProducerLog())).rejects.toMatchObject({ code, retryable: false });
    expect(broker.commands('producer')).toHaveLength(1);
  });

  test('a topic that has migrated is looked for where it is now, without waiting for an answer', async () => {
    const elsewhere = await FakePulsarBroker.start();
    try {
      broker.script.producersHeld = new Promise(() => undefined);
      const creating = produce(transportTo(), new ProducerLog());
      await received(() => broker.commands('producer').length === 1);
      const [{ producerId = -1 } = {}] = broker.commands('producer');
      const brokerServiceUrl = elsewhere.serviceUrl;
      broker.tell('topicMigrated', { resourceId: producerId, resourceType: 0, brokerServiceUrl });
      broker.tell('closeProducer', { producerId, requestId: 2 ** 53 - 1 });
      await creating;
      expect(elsewhere.commands('producer')).toHaveLength(1);
      await transports.pop()?.close(500);
    } finally {
      await elsewhere.stop();
    }
  });

  test('a broker that does not listen is PULSAR_UNAVAILABLE, to be tried again', async () => {
    await broker.stop();
    await expect(produce(transportTo({ operationTimeout: 100 }), new ProducerLog())).rejects.toMatchObject({
      code: 'PULSAR_UNAVAILABLE',
      retryable: true,
    });
    await broker.listen();
  });

  test('a peer that accepts and says nothing is given up after the connection time-out', async () => {
    const [mute, url] = await muteServer();
    const transport = transportTo({ serviceUrl: url, connectionTimeout: 50, operationTimeout: 50 });
    await expect(produce(transport, new ProducerLog())).rejects.toMatchObject({ code: 'PULSAR_UNAVAILABLE' });
    mute.close();
  });

  test('a lookup is followed to the broker that owns the topic', async () => {
    const [second, owner] = [await FakePulsarBroker.start(), await FakePulsarBroker.start()];
    const redirect = (to: FakePulsarBroker) => () => ({ response: 0, brokerServiceUrl: to.serviceUrl });
    broker.script.lookup = redirect(second);
    second.script.lookup = () => ({ response: 1, brokerServiceUrl: owner.serviceUrl });
    const transport = transportTo();
    const log = new ProducerLog();
    (await produce(transport, log)).send(message('a'));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    expect(owner.stored.map(textOf)).toEqual(['a']);
    expect(second.commands('lookupTopic').map(({ authoritative }) => authoritative)).toEqual([true]);
    await transport.close(500);
    await Promise.all([second.stop(), owner.stop()]);
  });

  test('redirects in a circle end', async () => {
    broker.script.lookup = () => ({ response: 0 });
    await expect(produce(transportTo({ operationTimeout: 300 }), new ProducerLog())).rejects.toMatchObject({
      message: expect.stringContaining('redirects'),
    });
  });

  test('behind a proxy the broker is reached through it', async () => {
    broker.script.lookup = () => ({ brokerServiceUrl: 'pulsar://inner:6650', proxyThroughServiceUrl: true });
    const log = new ProducerLog();
    (await produce(transportTo(), log)).send(message('a'));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    expect(broker.commands('connect').map(({ proxyToBrokerUrl }) => proxyToBrokerUrl)).toEqual([
      '',
      'inner:6650',
    ]);
  });
});

describe('token authentication', () => {
  const withTokens = (...tokens: string[]): PulsarSettings['authentication'] => ({
    type: 'token',
    token: async () => tokens.shift() ?? 'none left',
  });

  test('the token goes with the first command, a challenge is answered with a fresh one', async () => {
    broker.script.tokens = ['first', 'second'];
    const log = new ProducerLog();
    const producer = await produce(transportTo({ authentication: withTokens('first', 'second') }), log);
    expect(broker.commands('connect')[0]).toMatchObject({ authMethodName: 'token' });
    broker.tell('authChallenge', {});
    await received(() => broker.commands('authResponse').length === 1);
    const answer = broker.commands('authResponse')[0]?.response;
    expect(Buffer.from(answer?.authData ?? []).toString()).toBe('second');
    producer.send(message('a'));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
  });

  test('a refused token is PULSAR_AUTHENTICATION, and is in no message', async () => {
    broker.script.tokens = ['right'];
    const failure = await produce(
      transportTo({ authentication: withTokens('wr0ng-secret') }),
      new ProducerLog(),
    ).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'PULSAR_AUTHENTICATION', retryable: false });
    expect(String((failure as Error).stack)).not.toContain('wr0ng-secret');
  });

  test('a token that cannot be had is no reason to hang', async () => {
    const authentication = { type: 'token' as const, token: () => Promise.reject(new Error('no such file')) };
    await expect(
      produce(transportTo({ authentication, operationTimeout: 50 }), new ProducerLog()),
    ).rejects.toMatchObject({
      code: 'PULSAR_UNAVAILABLE',
      message: expect.stringContaining('no such file'),
    });
  });
});

/** Waits for something the fake broker has seen; it has no events of its own for all of it. */
async function received(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((turn) => setImmediate(turn));
  }
}

async function muteServer(): Promise<[Server, string]> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return [server, `pulsar://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`];
}
