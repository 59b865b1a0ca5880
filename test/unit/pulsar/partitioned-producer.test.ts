import { connect } from 'node:net';
import type { ProducerSettings, PulsarSettings } from '../../../src/config/types';
import type { RecordSequencing } from '../../../src/io';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import { murmur3Hash } from '../../../src/pulsar/protocol/message-router';
import type { OutgoingMessage, Producer, ProducerOptions, Transport } from '../../../src/pulsar/transport';
import { systemClock } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { message, ProducerLog, textOf } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

const TOPIC = 'persistent://public/default/orders';
let broker: FakePulsarBroker;
const transports: Transport[] = [];

beforeEach(async () => {
  broker = await FakePulsarBroker.start();
  broker.script.partitions = 4;
});

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(500)));
  await broker.stop();
});

async function produce(
  options: Partial<ProducerOptions<OutgoingMessage>> = {},
  producer: Partial<ProducerSettings> = {},
  pulsar: Partial<PulsarSettings> = {},
): Promise<{ producer: Producer<OutgoingMessage>; log: ProducerLog; transport: BinaryTransport }> {
  const log = new ProducerLog();
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
  const made = await transport.createProducer({ topic: 'orders', listener: log, ...options });
  return { producer: made, log, transport };
}

/** A sequencing that uses `count` partitions. */
function sequencing(count: number, firstId = 0): RecordSequencing {
  return {
    producerName: 'stream/shard/1',
    firstId,
    enablesDeduplication: false,
    partitions: async () => count,
    repartition: async () => undefined,
    abandon: async () => undefined,
    reached: async () => undefined,
  };
}

const keyed = (i: number): OutgoingMessage => message(`${i}`, { key: `key-${i % 31}` });
const partition = (index: number): string => `${TOPIC}-partition-${index}`;
/** Texts that were stored, by topic. */
function storedByTopic(): { readonly [topic: string]: readonly string[] } {
  const topics: { [topic: string]: string[] } = {};
  for (const { topic, messages } of broker.sent) {
    topics[topic] = [...(topics[topic] ?? []), ...messages.map(textOf)];
  }
  return topics;
}

test('each key has its partition, and what comes to a partition keeps its order', async () => {
  const { producer, log } = await produce();
  const messages = Array.from({ length: 500 }, (_, i) => keyed(i));
  for (const one of messages) {
    producer.send(one);
  }
  producer.flush();
  await log.until(({ confirmedTexts }) => confirmedTexts.length === messages.length);
  const expected: { [topic: string]: string[] } = {};
  for (const one of messages) {
    const topic = partition(murmur3Hash(one.key ?? '') % 4);
    expected[topic] = [...(expected[topic] ?? []), textOf(one)];
  }
  expect(storedByTopic()).toEqual(expected);
  expect([producer.partitions, producer.topic]).toEqual([4, TOPIC]);
});

test('a partition to which nothing is sent costs no producer', async () => {
  const { producer, log } = await produce();
  expect(broker.commands('producer')).toHaveLength(1);
  producer.send(message('a', { key: 'x' }));
  producer.send(message('b', { key: 'x' }));
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
  expect(broker.commands('producer').length).toBeLessThanOrEqual(2);
});

test('a topic whose name is that of a partition is none that has any', async () => {
  const { producer, log } = await produce({ topic: 'orders-partition-3' });
  producer.send(message('a', { key: 'x' }));
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
  expect(broker.sent.map(({ topic }) => topic)).toEqual([partition(3)]);
  expect(producer.partitions).toBe(0);
});

test('messages for a partition whose producer is still being made count against the bounds', async () => {
  const { producer, log } = await produce({}, { maxPendingMessages: 10 });
  const gate = deferred<void>();
  broker.script.producersHeld = gate.promise;
  for (let i = 0; i < 10; i++) {
    expect(producer.writable).toBe(true);
    producer.send(keyed(i));
  }
  expect(producer.writable).toBe(false);
  gate.resolve();
  await log.until(({ confirmedTexts, drains }) => confirmedTexts.length === 10 && drains > 0);
  expect(producer.writable).toBe(true);
  await producer.close(1000);
});

test('when one partition fails the producer fails, once, and nothing more of the others is confirmed', async () => {
  const { producer, log } = await produce();
  const late = deferred<void>();
  broker.script.send = ({ topic }) => (topic === partition(0) ? { error: 22 } : { receipt: late.promise });
  for (let i = 0; i < 50; i++) {
    producer.send(keyed(i));
  }
  producer.flush();
  await log.until(({ failures }) => failures.length > 0);
  await broker.until(() => broker.producers === 0);
  late.resolve();
  producer.send(keyed(0));
  await producer.close(1000);
  expect(log.failures).toMatchObject([{ code: 'PULSAR_NOT_ALLOWED' }]);
  expect(log.confirmedTexts).toEqual([]);
});

test('a partition that is gone says nothing about the topic: that is looked at again', async () => {
  const { log } = await produce();
  broker.script.producerError = () => 11;
  broker.unload();
  await log.until(({ failures }) => failures.length > 0);
  expect(log.failures).toMatchObject([{ code: 'PULSAR_PARTITIONS_CHANGED', treatment: 'retry' }]);
});

test('a partition that refuses its producer later fails the whole, and what waited for it counts no more', async () => {
  const { producer, log, transport } = await produce({}, { maxPendingMessages: 10 });
  broker.script.producerError = () => 18;
  const open = broker.commands('producer')[0]?.topic;
  const elsewhere = ['a', 'b', 'c', 'd'].find((key) => partition(murmur3Hash(key) % 4) !== open);
  for (let i = 0; i < 10; i++) {
    producer.send(message(`${i}`, { key: elsewhere ?? 'none' }));
  }
  await log.until(({ failures }) => failures.length > 0);
  expect(log.failures).toMatchObject([{ code: 'PULSAR_SCHEMA_REFUSED' }]);
  await producer.close(1000);
  expect(broker.producers).toBe(0);
  broker.script.producerError = () => undefined;
  const next = await transport.createProducer({ topic: 'orders', listener: log });
  expect(next.writable).toBe(true);
});

test('close ends all partitions at once, those in the making too', async () => {
  const { producer, log } = await produce();
  for (let i = 0; i < 50; i++) {
    producer.send(keyed(i));
  }
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 50);
  expect(broker.producers).toBe(4);
  broker.script.answersClose = false;
  const begun = systemClock.monotonic();
  await producer.close(100);
  expect(systemClock.monotonic() - begun).toBeLessThan(300);
  await broker.disconnected();

  broker.script.answersClose = true;
  const second = await produce();
  const gate = deferred<void>();
  broker.script.producersHeld = gate.promise;
  for (let i = 0; i < 50; i++) {
    second.producer.send(keyed(i));
  }
  await second.producer.close(1000);
  gate.resolve();
  await broker.until(() => broker.commands('closeProducer').length >= 4 && broker.producers === 0);
});

describe('a topic that grows', () => {
  const often = { autoUpdatePartitionsInterval: 10 };

  test('has its new partitions used', async () => {
    broker.script.partitions = 2;
    const { producer, log } = await produce({}, often);
    producer.send(message('a', { key: 'b' }));
    broker.script.partitions = 8;
    await broker.until(() => producer.partitions === 8);
    for (let i = 0; i < 50; i++) {
      producer.send(keyed(i));
    }
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 51);
    const used = Object.keys(storedByTopic()).map((topic) => Number(topic.split('-').at(-1)));
    expect(Math.max(...used)).toBeGreaterThan(3);
    expect(log.failures).toEqual([]);
  });

  test.each([4, 0])('is not asked after its producer was closed (%i partitions)', async (count) => {
    broker.script.partitions = count;
    const { producer } = await produce({}, often);
    await producer.close(1000);
    const asked = broker.commands('partitionMetadata').length;
    await new Promise((resolve) => systemClock.setTimer(() => resolve(undefined), 60));
    expect(broker.commands('partitionMetadata')).toHaveLength(asked);
  });

  test.each([0, 3])('and then has %i partitions was made anew: to be tried again', async (left) => {
    const { log } = await produce({}, often);
    broker.script.partitions = left;
    await log.until(({ failures }) => failures.length > 0);
    expect(log.failures).toMatchObject([{ code: 'PULSAR_PARTITIONS_CHANGED', treatment: 'retry' }]);
  });
});

test('a topic without partitions that was made anew with some is sent to no more under its own name', async () => {
  broker.script.partitions = 0;
  const { producer, log } = await produce({}, { autoUpdatePartitionsInterval: 10 });
  broker.script.partitions = 2;
  await log.until(({ failures }) => failures.length > 0);
  producer.send(message('a'));
  producer.flush();
  await producer.close(1000);
  expect(log.failures).toMatchObject([{ code: 'PULSAR_PARTITIONS_CHANGED', treatment: 'retry' }]);
  expect(broker.sent).toEqual([]);
});

describe('with sequence ids', () => {
  const numbered = (recordSequence: number): OutgoingMessage => ({
    ...keyed(recordSequence),
    recordSequence,
  });

  beforeEach(() => {
    broker.script.deduplicates = true;
  });

  test('the name is taken in every partition before anything is sent', async () => {
    await produce({ sequencing: sequencing(4) });
    expect(
      broker
        .commands('producer')
        .map(({ topic, producerName }) => [topic, producerName])
        .sort(),
    ).toEqual([0, 1, 2, 3].map((index) => [partition(index), 'stream/shard/1']));
  });

  test('when the name is taken in one partition none is left open in the others', async () => {
    const { transport } = await produce({ topic: 'orders-partition-2', producerName: 'stream/shard/1' });
    const creating = produce({ sequencing: sequencing(4) }, {}, { operationTimeout: 200 });
    await expect(creating).rejects.toMatchObject({ code: 'PULSAR_BUSY' });
    expect(broker.producers).toBe(1);
    await transport.close(500);
  });

  test('what is sent again comes to the partition where it was, and is stored once', async () => {
    const first = await produce({ sequencing: sequencing(4) });
    const messages = Array.from({ length: 200 }, (_, i) =>
      i % 3 === 0 ? { ...message(`${i}`), recordSequence: i } : numbered(i),
    );
    const sendAll = async ({ producer, log }: typeof first): Promise<void> => {
      for (const one of messages) {
        producer.send(one);
      }
      producer.flush();
      await log.until(({ confirmedTexts }) => confirmedTexts.length === messages.length);
    };
    await sendAll(first);
    await first.producer.close(1000);
    await sendAll(await produce({ sequencing: sequencing(4) }));
    expect(broker.stored).toHaveLength(messages.length);
  });

  test('new partitions are told of once, and not used', async () => {
    broker.script.partitions = 2;
    const grown: number[] = [];
    const log = Object.assign(new ProducerLog(), { grown: (found: number) => grown.push(found) });
    const often = { autoUpdatePartitionsInterval: 10 };
    const { producer } = await produce({ sequencing: sequencing(2), listener: log }, often);
    broker.script.partitions = 4;
    await broker.until(() => grown.length > 0);
    broker.script.partitions = 8;
    const asked = broker.commands('partitionMetadata').length;
    await broker.until(() => broker.commands('partitionMetadata').length > asked + 3);
    for (let i = 0; i < 50; i++) {
      producer.send(numbered(i));
    }
    producer.flush();
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 50);
    expect([grown, producer.partitions]).toEqual([[4], 2]);
    expect(Object.keys(storedByTopic()).sort()).toEqual([partition(0), partition(1)]);
  });

  test('partitions that were there already, and are not used, are told of as soon as it is open', async () => {
    const grown = deferred<number>();
    const log = Object.assign(new ProducerLog(), { grown: grown.resolve });
    await produce({ sequencing: sequencing(2), listener: log });
    expect(await grown.promise).toBe(4);
  });

  test('new partitions are told of once all that may be stored in the others was sent again', async () => {
    broker.script.partitions = 2;
    const sendAll = async (
      { producer, log }: Awaited<ReturnType<typeof produce>>,
      from: number,
      to: number,
    ): Promise<void> => {
      const before = log.confirmedTexts.length;
      for (let i = from; i < to; i++) {
        producer.send(numbered(i));
      }
      producer.flush();
      await log.until(({ confirmedTexts }) => confirmedTexts.length === before + to - from);
    };
    const first = await produce({ sequencing: sequencing(2) });
    await sendAll(first, 0, 100);
    await first.producer.close(1000);
    broker.script.partitions = 4;
    const grown: number[] = [];
    const listener = Object.assign(new ProducerLog(), { grown: (found: number) => grown.push(found) });
    const second = await produce({ sequencing: sequencing(2), listener });
    await sendAll({ ...second, log: listener }, 0, 99);
    expect(grown).toEqual([]);
    await sendAll({ ...second, log: listener }, 99, 101);
    expect(grown).toEqual([4]);
    expect(broker.stored).toHaveLength(101);
    await second.producer.close(1000);
    const behind = await produce({ sequencing: sequencing(2, 101), listener });
    await new Promise((resolve) => setImmediate(resolve));
    expect(grown).toEqual([4, 4]);
    await behind.producer.close(1000);
  });

  test.each([
    [4, 2],
    [4, 0],
    [0, 4],
  ])('records spread over %i partitions of a topic that has %i now are not sent', async (used, found) => {
    broker.script.partitions = found;
    await expect(produce({ sequencing: sequencing(used) })).rejects.toMatchObject({
      code: 'PULSAR_PARTITIONS_LOST',
      treatment: 'fatal',
    });
    expect(broker.commands('producer')).toEqual([]);
  });

  test('that something was forgotten is told when no partition remembers anything, not when one does', async () => {
    const forgotten: number[] = [];
    const log = Object.assign(new ProducerLog(), { forgotten: (lastId: number) => forgotten.push(lastId) });
    const first = await produce({ sequencing: sequencing(4, 7), listener: log });
    expect(forgotten).toEqual([-1]);
    first.producer.send(numbered(7));
    first.producer.flush();
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    await first.producer.close(1000);
    await produce({ sequencing: sequencing(4, 8), listener: log });
    expect(forgotten).toEqual([-1]);
  });
});
