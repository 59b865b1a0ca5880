import { Writable } from 'node:stream';
import type { ProducerSettings } from '../../../src/config/types';
import { createTransport } from '../../../src/pulsar/create-transport';
import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import type { OutgoingMessage, Producer, ProducerOptions, Transport } from '../../../src/pulsar/transport';
import { systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { systemRandom } from '../../../src/util/random';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { joinChunks } from '../../support/message-codec';
import { message, ProducerLog, textOf } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

/** The other side of a transport, as far as every one of them can be made to behave. */
interface Backend {
  readonly serviceUrl: string;
  readonly memory?: MemoryBroker;
  stored(): readonly Pick<OutgoingMessage, 'key' | 'value' | 'eventTime' | 'properties'>[];
  /** The next send is not stored, and says so. */
  failNext(): void;
  /** The next receipt never comes. */
  loseReceipt(): void;
  limitSize(bytes: number): void;
  stop(): Promise<void>;
}

async function memoryBackend(): Promise<Backend> {
  const memory = new MemoryBroker();
  return {
    serviceUrl: 'memory://',
    memory,
    stored: () => memory.messages('orders'),
    failNext: () => {
      memory.behaviour.failNext = 1;
    },
    loseReceipt: () => {
      memory.behaviour.loseReceipts = 1;
    },
    limitSize: (bytes) => {
      memory.behaviour.maxMessageBytes = bytes;
    },
    stop: async () => undefined,
  };
}

async function binaryBackend(): Promise<Backend> {
  const broker = await FakePulsarBroker.start();
  const once = (verdict: 'lose-receipt' | { error: number }) => () => {
    broker.script.send = () => {
      broker.script.send = () => 'store';
      return verdict;
    };
  };
  return {
    serviceUrl: broker.serviceUrl,
    stored: () => joinChunks(broker.stored),
    failNext: once({ error: 2 }),
    loseReceipt: once('lose-receipt'),
    limitSize: (bytes) => {
      broker.script.maxMessageSize = bytes;
    },
    stop: () => broker.stop(),
  };
}

describe.each([
  ['memory', memoryBackend],
  ['binary', binaryBackend],
])('the %s transport', (_name, start) => {
  let backend: Backend;
  const transports: Transport[] = [];

  beforeEach(async () => {
    backend = await start();
  });

  afterEach(async () => {
    await Promise.all(transports.splice(0).map((transport) => transport.close(1000)));
    await backend.stop();
  });

  function transportWith(producer: Partial<ProducerSettings> = {}, operationTimeout = 10_000): Transport {
    const settings = pulsarSettings(backend.serviceUrl, { operationTimeout });
    const transport = createTransport(
      settings,
      { ...PRODUCER, ...producer },
      {
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        stdout: new Writable(),
        ...(backend.memory === undefined ? {} : { memory: backend.memory }),
      },
    );
    transports.push(transport);
    return transport;
  }

  function produce(
    transport: Transport,
    log: ProducerLog,
    extra: Partial<ProducerOptions<OutgoingMessage>> = {},
  ): Promise<Producer<OutgoingMessage>> {
    return transport.createProducer({ topic: 'orders', listener: log, ...extra });
  }

  const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `m${i}`);

  test('messages are stored and confirmed in the order they were sent, with all they carry', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith(), log);
    const sent = numbers(250).map((text, i) =>
      message(text, {
        key: `schlüssel-${i % 7}`,
        eventTime: 1_700_000_000_000 + i,
        properties: { 'kinesis.shard.id': `shardId-${i}`, empty: '', ü: '日本' },
      }),
    );
    for (const one of sent) {
      producer.send(one);
    }
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 250);
    expect(log.confirmedTexts).toEqual(numbers(250));
    const carried = ({ key, value, eventTime, properties }: OutgoingMessage): object => ({
      key,
      text: textOf({ value }),
      eventTime,
      properties,
    });
    expect(backend.stored().map(carried)).toEqual(sent.map(carried));
  });

  test('bytes are stored as they are, every value of them', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith(), log);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    producer.send(message('', { value: bytes }));
    producer.send(message(''));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
    expect(backend.stored().map(({ value }) => Buffer.from(value).toString('hex'))).toEqual([
      bytes.toString('hex'),
      '',
    ]);
  });

  test('nothing is called back from inside send, flush or close', async () => {
    backend.limitSize(1000);
    const log = new ProducerLog();
    const producer = await produce(transportWith({ maxPendingMessages: 2 }), log);
    for (const text of [...numbers(3), 'x'.repeat(1001)]) {
      producer.send(message(text));
      producer.flush();
    }
    expect(log.events).toBe(0);
    const closing = producer.close(1000);
    expect(log.events).toBe(0);
    await closing;
  });

  test('a message beyond the limit is rejected alone, the others are stored', async () => {
    backend.limitSize(20_000);
    const log = new ProducerLog();
    const producer = await produce(transportWith({ chunkingEnabled: false }), log);
    for (const text of ['before', 'x'.repeat(20_001), 'y'.repeat(20_000), 'after']) {
      producer.send(message(text));
    }
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 3);
    expect(log.confirmedTexts).toEqual(['before', 'y'.repeat(20_000), 'after']);
    expect(log.rejections.map(({ error }) => error.code)).toEqual(['PULSAR_MESSAGE_TOO_LARGE']);
    expect(log.rejections[0]?.text).toHaveLength(20_001);
    expect(log.failures).toEqual([]);
  });

  test.each([
    ['its settings say so', {}, {}],
    ['it was asked for', { chunkingEnabled: false }, { chunked: true }],
  ])(
    'messages beyond the limit are stored whole and in their place when %s',
    async (_why, settings, asked) => {
      backend.limitSize(20_000);
      const log = new ProducerLog();
      const transport = transportWith(settings);
      expect(transport.chunks).toBe(true);
      const producer = await produce(transport, log, asked);
      const sent = ['before', 'x'.repeat(20_001), 'between', 'y'.repeat(99_999), 'after'].map((text, i) =>
        message(text, { key: `k${i}`, eventTime: 1000 + i, properties: { place: `${i}` } }),
      );
      for (const one of sent) {
        producer.send(one);
      }
      await log.until(({ confirmedTexts }) => confirmedTexts.length === 5);
      expect(log.confirmedTexts).toEqual(sent.map(textOf));
      const carried = ({ key, value, eventTime, properties }: OutgoingMessage) => [
        key,
        textOf({ value }),
        eventTime,
        properties,
      ];
      expect(backend.stored().map(carried)).toEqual(sent.map(carried));
    },
  );

  test('after a failed send nothing behind it is confirmed, and the producer says so once', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith({ batchingEnabled: false }), log);
    producer.send(message('a'));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    backend.failNext();
    for (const text of ['b', 'c', 'd']) {
      producer.send(message(text));
    }
    await log.until(({ failures }) => failures.length > 0);
    producer.send(message('e'));
    await producer.close(1000);
    expect(log.failures.map(({ code }) => code)).toEqual(['PULSAR_SEND_FAILED']);
    expect(log.confirmedTexts).toEqual(['a']);
    expect(backend.stored().map(textOf)).not.toContain('b');
    expect(backend.stored().map(textOf)).not.toContain('e');
  });

  test('once the sender may not send any more nothing leaves, and the producer fails', async () => {
    let may = true;
    const log = new ProducerLog();
    const producer = await produce(transportWith(), log, { mayStillSend: () => may });
    producer.send(message('a'));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    may = false;
    producer.send(message('b'));
    await log.until(({ failures }) => failures.length > 0);
    await producer.close(1000);
    expect(log.failures.map(({ code }) => code)).toEqual(['PULSAR_SEND_REVOKED']);
    expect(backend.stored().map(textOf)).toEqual(['a']);
  });

  test('close sends nothing that was queued, and nothing is heard behind it', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith(), log);
    producer.send(message('queued'));
    await producer.close(1000);
    const heard = log.events;
    producer.send(message('late'));
    const other = new ProducerLog();
    (await produce(transportWith(), other)).send(message('after'));
    await other.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    expect(backend.stored().map(textOf)).toEqual(['after']);
    expect(log.events).toBe(heard);
  });

  test('closing twice is closing once', async () => {
    const producer = await produce(transportWith(), new ProducerLog());
    await Promise.all([producer.close(1000), producer.close(1000)]);
    await producer.close(1000);
  });

  test('the bound on what is pending is shared by all producers, and all hear when there is room', async () => {
    const transport = transportWith({ maxPendingMessages: 10 });
    const [full, other] = [new ProducerLog(), new ProducerLog()];
    const [first, second] = [await produce(transport, full), await produce(transport, other, { topic: 'b' })];
    for (const text of numbers(9)) {
      first.send(message(text));
    }
    expect([first.writable, second.writable]).toEqual([true, true]);
    first.send(message('tenth'));
    expect([first.writable, second.writable]).toEqual([false, false]);
    await full.until(({ drains, confirmedTexts }) => drains === 1 && confirmedTexts.length === 10);
    expect(other.drains).toBe(1);
    expect([first.writable, second.writable]).toEqual([true, true]);
  });

  test('the bound counts bytes too, and one message beyond it is still taken', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith({ maxPendingBytes: 1000 }), log);
    producer.send(message('x'.repeat(5000)));
    expect(producer.writable).toBe(false);
    await log.until(({ confirmedTexts, drains }) => confirmedTexts.length === 1 && drains === 1);
    expect(producer.writable).toBe(true);
  });

  test('what a closed producer held counts no more', async () => {
    const transport = transportWith({ maxPendingMessages: 1 });
    const log = new ProducerLog();
    const [closed, open] = [await produce(transport, log), await produce(transport, log, { topic: 'b' })];
    closed.send(message('a'));
    expect(open.writable).toBe(false);
    await closed.close(1000);
    expect(open.writable).toBe(true);
  });

  test('a receipt that stays out fails the producer, nothing behind it is confirmed', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith({ sendTimeout: 50, batchingEnabled: false }), log);
    backend.loseReceipt();
    producer.send(message('a'));
    producer.send(message('b'));
    await log.until(({ failures }) => failures.length > 0);
    expect(log.failures.map(({ code }) => code)).toEqual(['PULSAR_SEND_TIMEOUT']);
    expect(log.confirmedTexts).toEqual([]);
  });

  test('flush sends a batch before its delay is over', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith({ batchingMaxPublishDelay: 60_000 }), log);
    producer.send(message('a'));
    producer.flush();
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
  });

  test('a batch leaves by itself when its delay is over', async () => {
    const log = new ProducerLog();
    const producer = await produce(transportWith({ batchingMaxPublishDelay: 5 }), log);
    producer.send(message('a'));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
  });

  test('a producer name is taken while its holder lives, free when it was closed', async () => {
    const transport = transportWith({}, 200);
    const options = { producerName: 'only-me' };
    const holder = await produce(transport, new ProducerLog(), options);
    await expect(produce(transport, new ProducerLog(), options)).rejects.toMatchObject({
      code: 'PULSAR_BUSY',
      retryable: true,
    });
    await holder.close(1000);
    await produce(transport, new ProducerLog(), options);
  });

  test('a topic name that is none is a configuration error', async () => {
    await expect(produce(transportWith(), new ProducerLog(), { topic: 'a/b' })).rejects.toMatchObject({
      code: 'PULSAR_TOPIC_INVALID',
      treatment: 'config',
    });
  });

  test('a closed transport has closed its producers and makes no others', async () => {
    const transport = transportWith();
    const log = new ProducerLog();
    const producer = await produce(transport, log);
    await transport.close(1000);
    producer.send(message('late'));
    await expect(produce(transport, log)).rejects.toMatchObject({ code: 'PULSAR_CLOSED' });
    expect(backend.stored()).toEqual([]);
  });
});
