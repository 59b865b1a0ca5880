import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { ProducerSettings } from '../../src/config/types';
import { BinaryTransport } from '../../src/pulsar/binary-transport';
import type { OutgoingMessage } from '../../src/pulsar/transport';
import { systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { seededRandom } from '../../src/util/random';
import { message, ProducerLog } from '../support/producer-log';
import { type PulsarBroker, startPulsarBroker } from '../support/pulsar-broker';
import { type ReadMessage, readTopic, readTopicUntil } from '../support/pulsar-reader';
import { sendAll } from '../support/send-all';
import { PRODUCER, pulsarSettings } from '../support/transport-settings';

let broker: PulsarBroker;
const transports: BinaryTransport[] = [];
let connects = 0;
const parts = {
  clock: systemClock,
  random: seededRandom(3),
  logger: silentLogger,
  connect: (host: string, port: number) => {
    connects++;
    return connect({ host, port, noDelay: true });
  },
};

beforeAll(async () => {
  // By default a restart removes what was stored before it, from topics without a subscription.
  const conf = { defaultRetentionTimeInMinutes: '-1', defaultRetentionSizeInMB: '-1' };
  broker = await startPulsarBroker({ conf });
}, 300_000);

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(5000)));
});

afterAll(() => broker.dispose());

function transportWith(extra: Partial<ProducerSettings> = {}): BinaryTransport {
  const transport = new BinaryTransport(pulsarSettings(broker.serviceUrl), { ...PRODUCER, ...extra }, parts);
  transports.push(transport);
  return transport;
}

function outgoing(i: number): OutgoingMessage {
  const value = Buffer.alloc(200 + (i % 300), i);
  value.writeUInt32BE(i, 0);
  return {
    key: `key-${i % 97}-ü`,
    value,
    eventTime: 1_700_000_000_000 + i,
    properties: {
      'kinesis.partition.key': `key-${i % 97}-ü`,
      'kinesis.sequence.number': `4959033827149025660855969253836157109592157598913${i}`,
      'kinesis.shard.id': 'shardId-000000000000',
      'kinesis.arrival.timestamp': String(1_700_000_000_000 + i),
    },
  };
}

/** What a message carries, as text that can be compared. */
function carried({ key, value, eventTime, properties }: OutgoingMessage): string {
  const sorted = Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([key, Buffer.from(value).toString('hex'), eventTime, sorted]);
}

const read = ({ payload, ...rest }: ReadMessage): string => carried({ value: payload, ...rest });

/** The whole topic, copies included: a last message of its own marks the end. */
async function readToEnd(topic: string): Promise<ReadMessage[]> {
  await sendAll(transportWith(), topic, [message('', { key: 'end' })]);
  const found = await readTopicUntil(broker.wsUrl, topic, (messages) => messages.at(-1)?.key === 'end');
  return found.slice(0, -1);
}

test.each([
  ['batched', true],
  ['unbatched', false],
])(
  '20,000 messages sent %s are read by another client in order and byte for byte',
  async (name, batchingEnabled) => {
    const messages = Array.from({ length: 20_000 }, (_, i) => outgoing(i));
    await sendAll(transportWith({ batchingEnabled }), name, messages);
    const found = await readTopic(broker.wsUrl, name, messages.length);
    expect(found.map(read)).toEqual(messages.map(carried));
  },
  120_000,
);

test('the broker stopped and started again in the middle: nothing is lost, first arrivals keep their order', async () => {
  const messages = Array.from({ length: 20_000 }, (_, i) => outgoing(i));
  connects = 0;
  await sendAll(transportWith({ sendTimeout: 120_000 }), 'restarted', messages, async () => {
    await broker.stop();
    await broker.start();
  });
  expect(connects).toBeGreaterThan(1);
  const found = await readToEnd('restarted');
  expect([...new Set(found.map(read))]).toEqual(messages.map(carried));
}, 180_000);

test('a topic unloaded in the middle: nothing is lost, first arrivals keep their order', async () => {
  const messages = Array.from({ length: 20_000 }, (_, i) => outgoing(i));
  await sendAll(transportWith(), 'unloaded', messages, async () => {
    await broker.admin('PUT', '/persistent/public/default/unloaded/unload');
  });
  const found = await readToEnd('unloaded');
  expect([...new Set(found.map(read))]).toEqual(messages.map(carried));
}, 120_000);

test('a topic unloaded between the chunks of messages: each arrives whole, in order and byte for byte', async () => {
  const chunked = (i: number): OutgoingMessage => ({
    ...outgoing(i),
    value: randomFillSync(Buffer.alloc(6 * 1024 * 1024)),
  });
  const messages = Array.from({ length: 6 }, (_, i) => chunked(i));
  await sendAll(transportWith(), 'chunks', messages, async () => {
    await broker.admin('PUT', '/persistent/public/default/chunks/unload');
  });
  const found = new Map<string, number>();
  const whole = ({ payload, key }: ReadMessage) =>
    messages.findIndex((sent) => sent.key === key && payload.equals(sent.value));
  const read = await readTopicUntil(broker.wsUrl, 'chunks', (all) => {
    const last = all.at(-1);
    found.set(last?.key ?? '', last === undefined ? -1 : whole(last));
    return found.size === messages.length;
  });
  expect(read.map(whole)).not.toContain(-1);
  expect([...found.values()]).toEqual(messages.map((_, i) => i));
}, 60_000);

test('the largest message of the broker is stored, one byte more is rejected and nothing is cut off', async () => {
  const log = new ProducerLog();
  const transport = transportWith();
  const producer = await transport.createProducer({ topic: 'large', listener: log, chunked: false });
  const limit = transport.maxMessageBytes ?? 0;
  expect(limit).toBe(5 * 1024 * 1024);
  const properties = { long: 'p'.repeat(8000) };
  const largest = message('', { value: Buffer.alloc(limit, 1), key: 'k', properties });
  producer.send(message('', { value: Buffer.alloc(limit + 1) }));
  producer.send(message('', { value: Buffer.alloc(limit), properties: { long: 'p'.repeat(9000) } }));
  producer.send(largest);
  producer.send(message('after'));
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
  expect(log.rejections.map(({ error }) => error.code)).toEqual([
    'PULSAR_MESSAGE_TOO_LARGE',
    'PULSAR_MESSAGE_TOO_LARGE',
  ]);
  expect(log.failures).toEqual([]);
}, 60_000);

test('behind a damaged frame on a topic with deduplication nothing is confirmed that is not stored', async () => {
  await broker.admin('PUT', '/namespaces/public/deduplicated');
  await broker.admin('POST', '/namespaces/public/deduplicated/deduplication', true);
  const topic = 'persistent://public/deduplicated/damaged';
  const log = new ProducerLog();
  const transport = new BinaryTransport(
    pulsarSettings(broker.serviceUrl),
    { ...PRODUCER, batchingEnabled: false },
    { ...parts, connect: (host, port) => damaging(parts.connect(host, port), 'first') },
  );
  transports.push(transport);
  const producer = await transport.createProducer({ topic, listener: log });
  for (const text of ['first', 'second', 'third']) {
    producer.send(message(text));
  }
  await log.until(
    ({ confirmedTexts, failures }) => confirmedTexts.length + failures.length > 2 || failures.length > 0,
  );
  await producer.close(5000);
  const stored = (await readToEnd(topic)).map(({ payload }) => Buffer.from(payload).toString());
  expect(log.confirmedTexts.filter((text) => !stored.includes(text))).toEqual([]);
  expect(log.failures).toMatchObject([{ code: 'PULSAR_SEND_FAILED', treatment: 'retry' }]);
});

/** `socket`, which flips one bit of the first bytes that hold `mark`, and is as slow as a long way after that. */
function damaging(socket: ReturnType<typeof connect>, mark: string): ReturnType<typeof connect> {
  const write = socket.write.bind(socket) as (chunk: Buffer, taken: () => void) => boolean;
  let damaged = false;
  return Object.assign(socket, {
    write: (chunk: Buffer, taken: () => void) => {
      const at = chunk.indexOf(mark);
      if (damaged) {
        systemClock.setTimer(() => write(chunk, taken), 200);
        return true;
      }
      if (at >= 0) {
        damaged = true;
        chunk[at] = (chunk[at] ?? 0) ^ 1;
      }
      return write(chunk, taken);
    },
  });
}

test('a producer name is free at once when its producer was closed, busy before', async () => {
  const transport = transportWith();
  const options = { topic: 'named', producerName: 'one', listener: new ProducerLog() };
  for (let i = 0; i < 5; i++) {
    const producer = await transport.createProducer(options);
    await producer.close(5000);
  }
  await transport.createProducer(options);
  const impatient = new BinaryTransport(
    pulsarSettings(broker.serviceUrl, { operationTimeout: 300 }),
    PRODUCER,
    parts,
  );
  transports.push(impatient);
  await expect(impatient.createProducer(options)).rejects.toMatchObject({ code: 'PULSAR_BUSY' });
});

test('a closed transport leaves no socket open', async () => {
  const sockets: ReturnType<typeof connect>[] = [];
  const transport = new BinaryTransport(pulsarSettings(broker.serviceUrl), PRODUCER, {
    ...parts,
    connect: (host, port) => {
      const socket = parts.connect(host, port);
      sockets.push(socket);
      return socket;
    },
  });
  await transport.createProducer({ topic: 'sockets', listener: new ProducerLog() });
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  await transport.close(5000);
  await closed;
  expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
});
