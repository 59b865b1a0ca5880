import { connect } from 'node:net';
import { deflateSync } from 'node:zlib';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import type { Consumer, ConsumerOptions, ReceivedMessage } from '../../../src/pulsar/transport';
import { sleep, systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import type { AckVerdict } from '../../support/fake-consumers';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import type { FakeTopic } from '../../support/fake-subscriptions';
import { encodeBatch, encodeSingle } from '../../support/message-codec';
import { message, ProducerLog } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

let broker: FakePulsarBroker;
let topic: FakeTopic;
const transports: BinaryTransport[] = [];

beforeEach(async () => {
  broker = await FakePulsarBroker.start();
  topic = broker.consumers.topic('orders');
});

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(200)));
  await broker.stop().catch(() => undefined);
});

function transportTo(operationTimeout = 1000): BinaryTransport {
  const transport = new BinaryTransport(pulsarSettings(broker.serviceUrl, { operationTimeout }), PRODUCER, {
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
    connect: (host, port) => connect({ host, port, noDelay: true }),
  });
  transports.push(transport);
  return transport;
}

function subscribe(options: Partial<ConsumerOptions> = {}, transport = transportTo()): Promise<Consumer> {
  return transport.subscribe({
    topic: 'orders',
    subscription: 'export',
    subscriptionType: 'Exclusive',
    initialPosition: 'earliest',
    receiverQueueSize: 100,
    receiverQueueBytes: 16 * 1024 * 1024,
    negativeAckRedeliveryDelayMs: 50,
    ...options,
  });
}

const single = (text: string) => encodeSingle({ value: Buffer.from(text) });
const batch = (...texts: string[]) => encodeBatch(texts.map((text) => ({ value: Buffer.from(text) })));
const textsOf = (messages: readonly ReceivedMessage[]): string[] =>
  messages.map(({ value }) => Buffer.from(value ?? []).toString());

function publish(...texts: string[]): void {
  for (const text of texts) {
    topic.append(single(text));
  }
}

async function take(consumer: Consumer, count: number): Promise<ReceivedMessage[]> {
  const taken: ReceivedMessage[] = [];
  while (taken.length < count) {
    taken.push(...(await consumer.receive(count - taken.length)));
  }
  return taken;
}

function acknowledge(consumer: Consumer, messages: readonly ReceivedMessage[]): void {
  for (const one of messages) {
    consumer.acknowledge(one);
  }
}

/** The next ACKs are met by those verdicts, all later ones are answered. */
function answerAcks(...verdicts: AckVerdict[]): void {
  broker.consumers.script.ack = () => verdicts.shift() ?? 'answer';
}

describe('acknowledgements', () => {
  test('of one moment go together, and each is answered', async () => {
    publish(...Array.from({ length: 50 }, (_, i) => String(i)));
    const consumer = await subscribe();
    acknowledge(consumer, await take(consumer, 50));
    await consumer.whenCaughtUp();
    const acks = broker.commands('ack');
    expect(acks.length).toBeLessThan(5);
    expect(acks.flatMap(({ messageId }) => messageId)).toHaveLength(50);
  });

  test.each<[string, AckVerdict]>([
    ['the broker took, but could not answer', 'lose-answer'],
    ['the broker never heard', 'swallow'],
    ['a connection was cut over', 'disconnect'],
    ['the broker refused', { error: 2 }],
  ])('which %s are told again, and their messages are not handed out again', async (_what, verdict) => {
    publish('a', 'b', 'c');
    const consumer = await subscribe({}, transportTo(300));
    answerAcks(verdict);
    acknowledge(consumer, await take(consumer, 2));
    const rest = await take(consumer, 1);
    expect(textsOf(rest)).toEqual(['c']);
    acknowledge(consumer, rest);
    await consumer.whenCaughtUp();
    await until(() => broker.commands('subscribe').length > 1);
    publish('d');
    expect(textsOf(await take(consumer, 1))).toEqual(['d']);
  });

  test('come before permits on a new connection', async () => {
    publish('a', 'b');
    const consumer = await subscribe();
    answerAcks('swallow');
    acknowledge(consumer, await take(consumer, 2));
    await until(() => broker.commands('ack').length === 1);
    const before = broker.received.length;
    broker.disconnect();
    await consumer.whenCaughtUp();
    const names = broker.received.slice(before).map(({ name }) => name);
    expect(names.indexOf('ack')).toBeLessThan(names.indexOf('flow'));
    expect(broker.consumers.delivered).toHaveLength(2);
  });

  test('of a part of a batch are kept through a reconnect: only the rest is handed out', async () => {
    topic.append(batch('a', 'b', 'c', 'd'), 4);
    const consumer = await subscribe({ subscriptionType: 'Shared' });
    const [a, b, c] = await take(consumer, 3);
    acknowledge(
      consumer,
      [a, b].flatMap((one) => one ?? []),
    );
    broker.disconnect();
    const rest = await take(consumer, 1);
    expect(textsOf(rest)).toEqual(['d']);
    expect(broker.commands('ack')).toEqual([]);
    acknowledge(
      consumer,
      [...rest, c].flatMap((one) => one ?? []),
    );
    await consumer.whenCaughtUp();
  });

  test('that cannot be told in time make close say so', async () => {
    publish('a');
    const consumer = await subscribe();
    const messages = await take(consumer, 1);
    await broker.stop();
    acknowledge(consumer, messages);
    expect(await consumer.close(100)).toBe(false);
  });

  test('are told by a close that had to wait for the broker to come back', async () => {
    publish('a');
    const consumer = await subscribe();
    const messages = await take(consumer, 1);
    await broker.stop();
    acknowledge(consumer, messages);
    const closed = consumer.close(5000);
    await broker.listen();
    expect(await closed).toBe(true);
    expect(topic.subscriptions.get('export')?.markDelete).toBe(topic.entries[0]);
  });
});

describe('permits', () => {
  test('never let more than the queue and the rest of a batch wait', async () => {
    for (let i = 0; i < 100; i++) {
      topic.append(batch(...Array.from({ length: 10 }, (_, j) => `${i * 10 + j}`)), 10);
    }
    const consumer = await subscribe({ receiverQueueSize: 45 });
    for (let got = 0; got < 1000; ) {
      const messages = await consumer.receive(7);
      got += messages.length;
      expect(broker.consumers.delivered.length * 10 - got).toBeLessThan(45 + 10);
    }
  });

  test('are given back for copies of what is in hand', async () => {
    publish(...Array.from({ length: 60 }, (_, i) => String(i)));
    const consumer = await subscribe({ receiverQueueSize: 5 });
    await take(consumer, 50);
    broker.disconnect();
    expect(textsOf(await take(consumer, 10))).toEqual(Array.from({ length: 10 }, (_, i) => String(i + 50)));
  });

  test('are held back while refused messages are kept here', async () => {
    publish(...Array.from({ length: 30 }, (_, i) => String(i)));
    const limits = { receiverQueueSize: 4, receiverQueueBytes: 64 * 1024 * 1024 };
    const consumer = await subscribe({ ...limits, negativeAckRedeliveryDelayMs: 100 });
    const refused = await take(consumer, 4);
    for (const one of refused) {
      consumer.negativeAcknowledge(one);
    }
    const next = await take(consumer, 4);
    expect(broker.consumers.delivered.length).toBeLessThanOrEqual(12);
    acknowledge(consumer, next);
    const again = await take(consumer, 12);
    expect(textsOf(again)).toEqual(expect.arrayContaining(textsOf(refused)));
  });
});

describe('a message that cannot be read', () => {
  const damaged = (): Buffer => {
    const frame = single('damaged');
    frame[frame.length - 1] = (frame[frame.length - 1] ?? 0) ^ 1;
    return frame;
  };
  const chunk = (extra: object): Buffer =>
    encodeSingle(
      { value: Buffer.from('x') },
      { uuid: 'u', numChunksFromMsg: 3, totalChunkMsgSize: 3, chunkId: 0, ...extra },
    );
  test.each<[string, () => Buffer, string]>([
    ['whose checksum does not match', damaged, 'CRC-32C'],
    ['that is one chunk too many', () => chunk({ chunkId: 3 }), 'chunk 3 of 3'],
    ['that is a chunk of too much', () => chunk({ totalChunkMsgSize: 2 ** 30 }), `${2 ** 30} bytes`],
    ['that is an encrypted chunk', () => chunk({ encryptionAlgo: 'AES' }), 'encrypted'],
    ['of an unknown compression', () => encodeSingle({ value: Buffer.from('x') }, { compression: 9 }), '9'],
    [
      'whose compressed bytes are none',
      () => encodeSingle({ value: Buffer.from('not deflated') }, { compression: 2 }),
      'header',
    ],
    [
      'larger than it says',
      () =>
        encodeSingle(
          { value: Buffer.alloc(1000) },
          { compression: 2, uncompressedSize: 10, compress: deflateSync },
        ),
      'larger',
    ],
    ['in a batch that is cut off', () => encodeBatch([], { numMessagesInBatch: 1 }), 'messages in 0 bytes'],
    [
      'in a batch too large to be true',
      () => encodeBatch([], { numMessagesInBatch: 2 ** 30 }),
      'messages in',
    ],
    ['without metadata', () => Buffer.from([1, 2]), 'cannot be read'],
  ])('%s ends the consumer behind what came before, unacknowledged', async (_what, frame, reason) => {
    publish('a', 'b');
    topic.append(frame());
    publish('c');
    const consumer = await subscribe();
    const before = await take(consumer, 2);
    acknowledge(consumer, before);
    expect(textsOf(before)).toEqual(['a', 'b']);
    for (let i = 0; i < 2; i++) {
      await expect(consumer.receive(1)).rejects.toMatchObject({
        code: 'PULSAR_MESSAGE_UNREADABLE',
        message: expect.stringMatching(new RegExp(`7:2.*${reason}`)),
      });
    }
    expect(await consumer.close(1000)).toBe(true);
    expect(topic.subscriptions.get('export')?.markDelete).toBe(topic.entries[1]);
  });
});

describe('an entry', () => {
  test('that is encrypted is one message, with what is needed to decrypt it and its bytes as they are', async () => {
    const bytes = Buffer.from('secret bytes of a whole batch');
    const fields = {
      numMessagesInBatch: 3,
      compression: 1,
      uncompressedSize: 99,
      encryptionAlgo: 'AES/GCM/NoPadding',
      encryptionParam: Buffer.from('iv'),
      encryptionKeys: [{ key: 'k1', value: Buffer.from('wrapped'), metadata: [{ key: 'kms', value: 'eu' }] }],
    };
    topic.append(encodeSingle({ key: 'a', value: bytes, properties: { p: 'q' } }, fields), 3);
    const consumer = await subscribe();
    const [received] = await take(consumer, 1);
    expect(received).toMatchObject({
      id: '7:0',
      key: 'a',
      value: bytes,
      properties: { p: 'q' },
      encryption: {
        keys: [{ name: 'k1', value: Buffer.from('wrapped'), metadata: { kms: 'eu' } }],
        param: Buffer.from('iv'),
        algorithm: 'AES/GCM/NoPadding',
        compressionType: 'LZ4',
        uncompressedMessageSize: 99,
        batchSize: 3,
      },
    });
    acknowledge(consumer, [received as ReceivedMessage]);
    await consumer.whenCaughtUp();
  });

  test('with messages that compaction took out is handed out without them, and acknowledged with the rest', async () => {
    const parts = ['a', 'b', 'c'].map((text) => ({ value: Buffer.from(text), compactedOut: text !== 'b' }));
    topic.append(encodeBatch(parts), 3);
    topic.append(encodeBatch(parts.map((one) => ({ ...one, compactedOut: true }))), 3);
    publish('end');
    const consumer = await subscribe();
    const messages = await take(consumer, 2);
    expect(textsOf(messages)).toEqual(['b', 'end']);
    acknowledge(consumer, messages);
    await consumer.whenCaughtUp();
  });
});

describe('a consumer', () => {
  test('keeps its name and its id, whatever happens', async () => {
    const consumer = await subscribe({ subscriptionType: 'Key_Shared' });
    broker.disconnect();
    publish('a');
    await take(consumer, 1);
    broker.unload();
    publish('b');
    await take(consumer, 1);
    const subscribes = broker.commands('subscribe');
    expect(subscribes.length).toBeGreaterThanOrEqual(3);
    expect(
      new Set(subscribes.map(({ consumerName, consumerId }) => `${consumerName} ${consumerId}`)).size,
    ).toBe(1);
    expect(subscribes[0]).toMatchObject({ subType: 3, keySharedMeta: { keySharedMode: 0 } });
    expect(subscribes[0]?.consumerName).not.toBe('');
  });

  test('is not stopped when the broker stops reading from producers', async () => {
    const transport = transportTo();
    const producer = await transport.createProducer({ topic: 'orders', listener: new ProducerLog() });
    broker.pause();
    producer.send(message('stopped'));
    publish('a');
    const consumer = await subscribe({}, transport);
    expect(textsOf(await take(consumer, 1))).toEqual(['a']);
  });

  test.each([
    [4, 'PULSAR_AUTHORIZATION'],
    [11, 'PULSAR_TOPIC_NOT_FOUND'],
    [12, 'PULSAR_NOT_ALLOWED'],
  ])('that is refused with error %d when it comes back has ended with %s', async (error, code) => {
    publish('a');
    const consumer = await subscribe();
    acknowledge(consumer, await take(consumer, 1));
    await consumer.whenCaughtUp();
    broker.consumers.script.subscribeError = () => error;
    publish('b');
    await take(consumer, 1);
    const pending = expect(consumer.receive(1)).rejects.toMatchObject({ code });
    const caughtUp = expect(consumer.whenCaughtUp()).rejects.toMatchObject({ code });
    broker.unload();
    await pending;
    await caughtUp;
    await expect(consumer.receive(1)).rejects.toMatchObject({ code });
    expect(await consumer.close(1000)).toBe(true);
  });

  test('of a topic that keeps no messages is refused: they could not be told apart', async () => {
    await expect(subscribe({ topic: 'non-persistent://public/default/x' })).rejects.toMatchObject({
      code: 'PULSAR_TOPIC_INVALID',
    });
  });

  test('comes back however often it is refused for what heals', async () => {
    const consumer = await subscribe();
    broker.consumers.script.subscribeError = (_asked, attempt) =>
      attempt < 4 ? 5 + (attempt % 2) : undefined;
    broker.unload();
    publish('a');
    expect(textsOf(await take(consumer, 1))).toEqual(['a']);
  });

  test('that becomes inactive drops what waits, and hands out nothing twice when it is active again', async () => {
    publish(...Array.from({ length: 20 }, (_, i) => String(i)));
    const options = { subscriptionType: 'Failover' } as const;
    const second = await subscribe({ ...options, consumerName: 'b' });
    const held = await take(second, 5);
    const first = await subscribe({ ...options, consumerName: 'a' });
    expect(textsOf(await take(first, 20))).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    await first.close(1000);
    expect(textsOf(await take(second, 15))).toEqual(Array.from({ length: 15 }, (_, i) => String(i + 5)));
    expect(textsOf(held)).toEqual(['0', '1', '2', '3', '4']);
  });

  test('asks for the schema of a version once, and again only after it could not be had', async () => {
    const version = Buffer.from([0, 0, 0, 0, 0, 0, 0, 3]);
    for (const text of ['a', 'b', 'c']) {
      topic.append(encodeSingle({ value: Buffer.from(text) }, { schemaVersion: version }));
    }
    const consumer = await subscribe();
    const [a, b, c] = (await take(consumer, 3)) as [ReceivedMessage, ReceivedMessage, ReceivedMessage];
    await expect(consumer.schemaOf(a)).rejects.toMatchObject({ code: 'PULSAR_MESSAGE_UNREADABLE' });
    broker.consumers.script.schema = (asked) =>
      asked.equals(version) ? { name: 'n', type: 1, schemaData: Buffer.alloc(0) } : undefined;
    const [one, other] = await Promise.all([consumer.schemaOf(a), consumer.schemaOf(b)]);
    expect(one).toBe(other);
    expect(consumer.schemaOf(c)).toBe(one);
    expect(broker.commands('getSchema')).toHaveLength(2);
  });
});

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) {
    await sleep(systemClock, 2);
  }
}
