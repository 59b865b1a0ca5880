import { connect } from 'node:net';
import { consumerSettings } from '../../src/config/consumer-settings';
import { BinaryTransport } from '../../src/pulsar/binary-transport';
import type { Consumer, ConsumerOptions, ReceivedMessage } from '../../src/pulsar/transport';
import { sleep, systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { type PulsarBroker, startPulsarBroker } from '../support/pulsar-broker';
import { fillTopic } from '../support/topic-fill';
import { PRODUCER, pulsarSettings } from '../support/transport-settings';
import { produceByJava } from '../support/websocket-producer';

const TYPES = ['Exclusive', 'Shared', 'Failover', 'Key_Shared'] as const;

let broker: PulsarBroker;
const transports: BinaryTransport[] = [];

beforeAll(async () => {
  broker = await startPulsarBroker({ conf: { acknowledgmentAtBatchIndexLevelEnabled: 'true' } });
}, 300_000);

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(2000)));
});

afterAll(() => broker.dispose());

function subscribe(topic: string, options: Partial<ConsumerOptions> = {}): Promise<Consumer> {
  const transport = new BinaryTransport(
    pulsarSettings(broker.serviceUrl, { operationTimeout: 5000 }),
    PRODUCER,
    {
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      connect: (host, port) => connect({ host, port, noDelay: true }),
    },
  );
  transports.push(transport);
  return transport.subscribe({
    topic,
    subscription: 'export',
    subscriptionType: 'Exclusive',
    initialPosition: 'earliest',
    receiverQueueSize: 1000,
    receiverQueueBytes: 16 * 1024 * 1024,
    negativeAckRedeliveryDelayMs: 300,
    ...options,
  });
}

const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `message ${i}`);
const keyOf = (i: number): string => `key-${i % 17}`;
const textOf = ({ value }: ReceivedMessage): string => Buffer.from(value ?? []).toString();

/** Sends numbered texts with keys, in batches, by our own producer. */
function fill(topic: string, count: number): Promise<void> {
  return fillTopic(
    broker.serviceUrl,
    topic,
    texts(count).map((text, i) => ({ key: keyOf(i), payload: Buffer.from(text) })),
  );
}

async function take(consumer: Consumer, count: number): Promise<ReceivedMessage[]> {
  const taken: ReceivedMessage[] = [];
  while (taken.length < count) {
    taken.push(...(await consumer.receive(count - taken.length)));
  }
  return taken;
}

interface SubscriptionStats {
  /** Messages that are not acknowledged. */
  readonly msgBacklog: number;
  readonly activeConsumerName?: string;
}

/** The subscription as the broker sees it; undefined when there is none. */
async function stats(topic: string): Promise<SubscriptionStats | undefined> {
  const text = await broker.admin('GET', `/persistent/public/default/${topic}/stats`);
  const { subscriptions } = JSON.parse(text ?? '{}') as {
    readonly subscriptions: { readonly [name: string]: SubscriptionStats };
  };
  return subscriptions.export;
}

const backlog = async (topic: string): Promise<number | undefined> => (await stats(topic))?.msgBacklog;

test.each(TYPES)(
  '%s: every message comes once, and its acknowledgement holds',
  async (subscriptionType) => {
    const topic = `read-${subscriptionType}`;
    await fill(topic, 2000);
    const consumer = await subscribe(topic, { subscriptionType });
    const messages = await take(consumer, 2000);
    const found = messages.map(textOf);
    expect(subscriptionType === 'Key_Shared' ? [...found].sort() : found).toEqual(
      subscriptionType === 'Key_Shared' ? texts(2000).sort() : texts(2000),
    );
    expect(messages[5]).toMatchObject({ key: keyOf(5), redeliveryCount: 0 });
    for (const message of messages) {
      consumer.acknowledge(message);
    }
    await consumer.whenCaughtUp();
    expect(await backlog(topic)).toBe(0);
    expect(await consumer.close(2000)).toBe(true);
  },
  60_000,
);

const COMPRESSIONS = ['NONE', 'LZ4', 'ZLIB', 'ZSTD', 'SNAPPY'];

test.each(COMPRESSIONS.flatMap((type) => [[type, 'true'] as const, [type, 'false'] as const]))(
  'what the Java client compresses with %s (batching %s) is read byte for byte',
  async (compressionType, batchingEnabled) => {
    const topic = `compressed-${compressionType}-${batchingEnabled}`;
    const sent = Array.from({ length: 40 }, (_, i) => ({
      key: keyOf(i),
      payload: Buffer.concat([
        Buffer.from(`flight ${i} `.repeat(i * 20)),
        Buffer.from(Array.from({ length: 300 }, (__, j) => (i * j * 31) & 255)),
      ]),
      properties: { number: String(i), ü: '日本' },
      eventTime: 1_700_000_000_000 + i,
    }));
    await produceByJava(broker.wsUrl, topic, sent, { compressionType, batchingEnabled });
    const consumer = await subscribe(topic);
    const messages = await take(consumer, sent.length);
    expect(
      messages.map(({ key, value, properties, eventTime }) => ({
        key,
        payload: Buffer.from(value ?? []),
        properties,
        eventTime,
      })),
    ).toEqual(sent);
  },
);

test.each(['Exclusive', 'Failover', 'Shared'] as const)(
  '%s: the broker stopped and started in the middle: nothing is lost, nothing is handed out twice',
  async (subscriptionType) => {
    const topic = `restarted-${subscriptionType}`;
    await fill(topic, 3000);
    const consumer = await subscribe(topic, { subscriptionType, receiverQueueSize: 100 });
    const first = await take(consumer, 1000);
    for (const message of first.slice(0, 500)) {
      consumer.acknowledge(message);
    }
    await broker.stop();
    // Acknowledged while nobody hears it.
    for (const message of first.slice(500, 800)) {
      consumer.acknowledge(message);
    }
    await broker.start();
    const rest = await take(consumer, 2000);
    const found = [...first, ...rest].map(textOf);
    expect(found).toEqual(texts(3000));
    for (const message of [...first, ...rest]) {
      consumer.acknowledge(message);
    }
    await consumer.whenCaughtUp();
    expect(await consumer.close(2000)).toBe(true);
    expect(await backlog(topic)).toBe(0);
  },
  120_000,
);

test('the broker killed in the middle: nothing is lost', async () => {
  await fill('killed', 3000);
  const consumer = await subscribe('killed');
  const first = await take(consumer, 1500);
  for (const message of first) {
    consumer.acknowledge(message);
  }
  await broker.kill();
  await broker.start();
  const found = new Set(first.map(textOf));
  while (found.size < 3000) {
    for (const message of await consumer.receive(100)) {
      found.add(textOf(message));
      consumer.acknowledge(message);
    }
  }
  await consumer.whenCaughtUp();
}, 120_000);

test.each(TYPES)(
  '%s: a topic unloaded in the middle: nothing is lost, nothing is handed out twice',
  async (subscriptionType) => {
    const topic = `unloaded-${subscriptionType}`;
    await fill(topic, 1000);
    const consumer = await subscribe(topic, { subscriptionType, receiverQueueSize: 50 });
    const messages = await take(consumer, 400);
    for (const message of messages.slice(0, 200)) {
      consumer.acknowledge(message);
    }
    await broker.admin('PUT', `/persistent/public/default/${topic}/unload`);
    messages.push(...(await take(consumer, 600)));
    expect(messages.map(textOf).sort()).toEqual(texts(1000).sort());
    for (const message of messages) {
      consumer.acknowledge(message);
    }
    await consumer.whenCaughtUp();
  },
  60_000,
);

test.each(TYPES)('%s: a refused message comes again, its neighbours do not', async (subscriptionType) => {
  const topic = `refused-${subscriptionType}`;
  await fill(topic, 10);
  const consumer = await subscribe(topic, { subscriptionType });
  const messages = await take(consumer, 10);
  for (const message of messages) {
    if (textOf(message) === 'message 3') {
      consumer.negativeAcknowledge(message);
    } else {
      consumer.acknowledge(message);
    }
  }
  const [again, ...others] = await take(consumer, 1);
  expect(others).toEqual([]);
  expect(again && textOf(again)).toBe('message 3');
  expect(again?.redeliveryCount).toBe(/Shared/.test(subscriptionType) ? 1 : 0);
  consumer.acknowledge(again as ReceivedMessage);
  await consumer.whenCaughtUp();
  expect(await backlog(topic)).toBe(0);
});

/** Two batches of ten, by the Java client. */
function fillBatches(topic: string): Promise<void> {
  return produceByJava(
    broker.wsUrl,
    topic,
    texts(20).map((text) => ({ payload: Buffer.from(text) })),
    { batchingEnabled: 'true', batchingMaxMessages: '10', batchingMaxPublishDelay: '1000' },
  );
}

test('a batch is acknowledged when all of it is, and not before, unless parts are told', async () => {
  await fillBatches('batched');
  const settings = { ...consumerSettings(), batchIndexAckEnabled: false };
  const first = await subscribe('batched', { settings });
  const messages = await take(first, 20);
  expect(messages[13]?.id).toMatch(/^\d+:1:3$/);
  for (const message of messages.filter(({ id }) => !id.endsWith(':1:3'))) {
    first.acknowledge(message);
  }
  expect(await first.close(2000)).toBe(true);
  const second = await subscribe('batched');
  const again = await take(second, 10);
  expect(again.map(textOf)).toEqual(texts(20).slice(10));
  for (const message of again) {
    second.acknowledge(message);
  }
  await second.whenCaughtUp();
});

test.each(TYPES)('%s: parts of a batch that are told do not come again', async (subscriptionType) => {
  const topic = `parts-${subscriptionType}`;
  await fillBatches(topic);
  const first = await subscribe(topic, { subscriptionType });
  const messages = await take(first, 20);
  const missing = [3, 13, 19].map((i) => messages[i]);
  for (const message of messages) {
    if (!missing.includes(message)) {
      first.acknowledge(message);
    }
  }
  expect(await first.close(2000)).toBe(true);
  const second = await subscribe(topic, { subscriptionType });
  const again = await take(second, 3);
  expect(again.map(({ id }) => id)).toEqual(missing.map((message) => message?.id));
  const nothingMore = expect(second.receive(1)).rejects.toMatchObject({ code: 'PULSAR_CLOSED' });
  for (const message of again) {
    second.acknowledge(message);
  }
  await second.whenCaughtUp();
  expect(await second.close(2000)).toBe(true);
  await nothingMore;
  expect(await backlog(topic)).toBe(0);
});

test('Shared: a neighbour of what is refused, done before, comes to no other consumer', async () => {
  await fillBatches('neighbours');
  const options = { subscriptionType: 'Shared', negativeAckRedeliveryDelayMs: 20 } as const;
  const first = await subscribe('neighbours', options);
  const messages = await take(first, 20);
  for (const message of messages.slice(1)) {
    first.acknowledge(message);
  }
  const second = await subscribe('neighbours', options);
  first.pause();
  first.negativeAcknowledge(messages[0] as ReceivedMessage);
  expect(await first.close(2000)).toBe(true);
  const again = await take(second, 1);
  expect(again.map(({ id }) => id)).toEqual([messages[0]?.id]);
  second.acknowledge(again[0] as ReceivedMessage);
  await second.whenCaughtUp();
});

test('a partitioned topic is read as all its partitions, those that are added later too', async () => {
  await broker.admin('PUT', '/persistent/public/default/parted/partitions', 3);
  const settings = { ...consumerSettings(), autoUpdatePartitionsInterval: 200 };
  const consumer = await subscribe('parted', { settings, receiverQueueSize: 30 });
  const send = (from: number, count: number): Promise<void> =>
    produceByJava(
      broker.wsUrl,
      'parted',
      Array.from({ length: count }, (_, i) => ({ key: `k${from + i}`, payload: Buffer.from(`${from + i}`) })),
    );
  await send(0, 300);
  const first = await take(consumer, 300);
  await broker.admin('POST', '/persistent/public/default/parted/partitions', 5);
  await send(300, 300);
  const all = [...first, ...(await take(consumer, 300))];
  expect(new Set(all.map(textOf)).size).toBe(600);
  expect(new Set(all.map(({ topic }) => topic)).size).toBe(5);
  expect(consumer.topic).toBe('persistent://public/default/parted');
  let caughtUp = false;
  const done = consumer.whenCaughtUp().then(() => {
    caughtUp = true;
  });
  for (const message of all.slice(1)) {
    consumer.acknowledge(message);
  }
  await sleep(systemClock, 300);
  expect(caughtUp).toBe(false);
  consumer.acknowledge(all[0] as ReceivedMessage);
  await done;
  expect(await consumer.close(2000)).toBe(true);
}, 60_000);

test('Failover: the partitions of a topic are shared out, and taken over', async () => {
  await broker.admin('PUT', '/persistent/public/default/shared-out/partitions', 4);
  const options = { subscriptionType: 'Failover' } as const;
  const [a, b] = [
    await subscribe('shared-out', { ...options, consumerName: 'a' }),
    await subscribe('shared-out', { ...options, consumerName: 'b' }),
  ];
  await produceByJava(
    broker.wsUrl,
    'shared-out',
    texts(200).map((text, i) => ({ key: `k${i}`, payload: Buffer.from(text) })),
  );
  const taken: ReceivedMessage[][] = [[], []];
  const follow = async (consumer: Consumer, own: ReceivedMessage[]): Promise<void> => {
    for (;;) {
      own.push(...(await consumer.receive(100)));
    }
  };
  const following = [a, b].map((consumer, i) => follow(consumer, taken[i] ?? []).catch(() => undefined));
  while (taken.flat().length < 200) {
    await sleep(systemClock, 20);
  }
  const partitions = taken.map((own) => new Set(own.map(({ topic }) => topic)));
  expect(partitions.map(({ size }) => size)).toEqual([2, 2]);
  await a.close(2000);
  while (new Set(taken[1]?.map(textOf)).size < 200) {
    await sleep(systemClock, 20);
  }
  await b.close(2000);
  await Promise.all(following);
}, 60_000);

test('a pattern means the topics it matches, those that come later too, and no others', async () => {
  await broker.admin('PUT', '/namespaces/public/patterns');
  const send = (topic: string, ...found: string[]): Promise<void> =>
    fillTopic(
      broker.serviceUrl,
      `public/patterns/${topic}`,
      found.map((text) => ({ key: 'k', payload: Buffer.from(text) })),
    );
  await broker.admin('PUT', '/persistent/public/patterns/orders-parted/partitions', 2);
  await send('orders-eu', 'eu');
  await send('other', 'other');
  await send('orders-dead', 'dead');
  const consumer = await subscribe('public/patterns/orders-.*', {
    isPattern: true,
    excluded: (topic) => topic.endsWith('-dead'),
    settings: { ...consumerSettings(), patternAutoDiscoveryPeriod: 200 },
  });
  await send('orders-parted', 'parted');
  await send('orders-us', 'us');
  const messages = await take(consumer, 3);
  expect(messages.map(textOf).sort()).toEqual(['eu', 'parted', 'us']);
  for (const message of messages) {
    consumer.acknowledge(message);
  }
  await consumer.whenCaughtUp();
  await broker.admin('DELETE', '/persistent/public/patterns/orders-eu?force=true');
  await send('orders-us', 'more');
  expect((await take(consumer, 1)).map(textOf)).toEqual(['more']);
  await expect(subscribe('public/nowhere/.*', { isPattern: true })).rejects.toMatchObject({
    code: 'PULSAR_TOPIC_NOT_FOUND',
  });
  await broker.admin('PUT', '/namespaces/public/empty');
  await broker.admin('POST', '/namespaces/public/empty/autoTopicCreation', { allowAutoTopicCreation: false });
  const none = await subscribe('public/empty/.*', { isPattern: true });
  await none.whenCaughtUp();
}, 60_000);

test.each(TYPES)(
  '%s: messages in chunks are put together, and acknowledged together',
  async (subscriptionType) => {
    const topic = `chunked-${subscriptionType}`;
    const large = Buffer.alloc(11 * 1024 * 1024, 'chunks ');
    const before = await subscribe(topic, { subscriptionType });
    await fillTopic(broker.serviceUrl, topic, [
      { key: 'a', payload: large },
      { key: 'a', payload: Buffer.from('small') },
    ]);
    const [whole, small] = await take(before, 2);
    expect(whole && large.equals(whole.value ?? Buffer.alloc(0))).toBe(true);
    before.negativeAcknowledge(whole as ReceivedMessage);
    before.acknowledge(small as ReceivedMessage);
    const [again] = await take(before, 1);
    expect(again?.id).toBe(whole?.id);
    expect(await before.close(2000)).toBe(true);
    const after = await subscribe(topic, { subscriptionType });
    const [last] = await take(after, 1);
    expect(last && large.equals(last.value ?? Buffer.alloc(0))).toBe(true);
    after.acknowledge(last as ReceivedMessage);
    await after.whenCaughtUp();
    expect(await backlog(topic)).toBe(0);
  },
  60_000,
);

test('Failover: what one had not settled goes to the next one, in order, and back', async () => {
  await produceByJava(
    broker.wsUrl,
    'failover',
    texts(500).map((text) => ({ payload: Buffer.from(text) })),
    { batchingEnabled: 'false' },
  );
  const options = { subscriptionType: 'Failover', receiverQueueSize: 50 } as const;
  const last = await subscribe('failover', { ...options, consumerName: 'last' });
  const held = await take(last, 120);
  for (const message of held.slice(0, 100)) {
    last.acknowledge(message);
  }
  // Which one becomes active the broker decides by a hash over their names.
  const others = new Map<string, Consumer>();
  while ((await stats('failover'))?.activeConsumerName === 'last') {
    const consumerName = `other-${others.size}`;
    others.set(consumerName, await subscribe('failover', { ...options, consumerName }));
  }
  const next = others.get((await stats('failover'))?.activeConsumerName ?? '');
  expect(next && (await take(next, 200)).map(textOf)).toEqual(texts(300).slice(100));
  const rest = take(last, 380);
  for (const other of others.values()) {
    await other.close(2000);
  }
  // Not handed out again is what it holds all the time.
  expect((await rest).map(textOf)).toEqual(texts(500).slice(120));
});

test('Key_Shared: the messages of a key go to one consumer, in order', async () => {
  const options = { subscriptionType: 'Key_Shared' } as const;
  const consumers = [await subscribe('keys', options), await subscribe('keys', options)];
  const sent = texts(600).map((text, i) => ({ key: keyOf(i), payload: Buffer.from(text) }));
  await produceByJava(broker.wsUrl, 'keys', sent, { batchingEnabled: 'false' });
  const parts: string[][] = [[], []];
  let missing = 600;
  await new Promise<void>((resolve, reject) => {
    consumers.forEach((consumer, i) => {
      const follow = async (): Promise<void> => {
        for (;;) {
          for (const message of await consumer.receive(50)) {
            parts[i]?.push(`${message.key} ${textOf(message)}`);
            consumer.acknowledge(message);
            if (--missing === 0) {
              resolve();
            }
          }
        }
      };
      follow().catch((error) => missing > 0 && reject(error));
    });
  });
  const owners = parts.map((part) => new Set(part.map((line) => line.split(' ')[0])));
  expect([...(owners[0] ?? [])].filter((key) => owners[1]?.has(key))).toEqual([]);
  for (const part of parts) {
    expect(part.length).toBeGreaterThan(0);
    const numbersOf = (key: string) =>
      part.filter((line) => line.startsWith(`${key} `)).map((line) => Number(line.split(' ')[2]));
    for (const key of new Set(part.map((line) => line.split(' ')[0] ?? ''))) {
      expect(numbersOf(key)).toEqual([...numbersOf(key)].sort((a, b) => a - b));
    }
  }
});

test('schemas are told as they were registered, version by version', async () => {
  const consumer = await subscribe('schemas');
  const post = (body: object) => broker.admin('POST', '/schemas/public/default/schemas/schema', body);
  const record = (fields: string[]): string =>
    JSON.stringify({
      type: 'record',
      name: 'Flight',
      fields: fields.map((name) => ({ name, type: ['null', 'string'], default: null })),
    });
  await post({ type: 'AVRO', schema: record(['from']), properties: {} });
  await post({ type: 'AVRO', schema: record(['from', 'to']), properties: {} });
  const version = (number: number): ReceivedMessage => {
    const schemaVersion = Buffer.alloc(8);
    schemaVersion.writeBigInt64BE(BigInt(number));
    return { schemaVersion } as unknown as ReceivedMessage;
  };
  const schemas = [await consumer.schemaOf(version(0)), await consumer.schemaOf(version(1))];
  expect(schemas.map(({ type }) => type)).toEqual(['AVRO', 'AVRO']);
  expect(schemas.map(({ definition }) => JSON.parse(definition))).toEqual([
    JSON.parse(record(['from'])),
    JSON.parse(record(['from', 'to'])),
  ]);
  await expect((async () => consumer.schemaOf(version(7)))()).rejects.toMatchObject({
    name: 'ConnectorError',
  });
});

test('a key-value schema is told with both its parts', async () => {
  const consumer = await subscribe('pairs');
  await broker.admin('POST', '/schemas/public/default/pairs/schema', {
    type: 'KEY_VALUE',
    schema: JSON.stringify({ key: '', value: { type: 'record', name: 'Flight', fields: [] } }),
    properties: {
      'key.schema.name': 'k',
      'key.schema.type': 'STRING',
      'key.schema.properties': '{}',
      'value.schema.name': 'v',
      'value.schema.type': 'JSON',
      'value.schema.properties': '{}',
      'kv.encoding.type': 'SEPARATED',
    },
  });
  const schemaVersion = Buffer.alloc(8);
  expect(await consumer.schemaOf({ schemaVersion } as unknown as ReceivedMessage)).toMatchObject({
    type: 'KEY_VALUE',
    keyValue: { key: { type: 'STRING' }, value: { type: 'JSON' }, encoding: 'SEPARATED' },
  });
});

test('messages of 5 MiB come through a queue of 16 MiB', async () => {
  const records = Array.from({ length: 12 }, (_, i) => ({
    key: String(i),
    payload: Buffer.alloc(5 * 1024 * 1024, i),
  }));
  await fillTopic(broker.serviceUrl, 'large', records);
  const consumer = await subscribe('large');
  for (let i = 0; i < records.length; i++) {
    const [received] = (await take(consumer, 1)) as [ReceivedMessage];
    expect(records[i]?.payload.equals(received.value ?? Buffer.alloc(0))).toBe(true);
    consumer.acknowledge(received);
  }
  await consumer.whenCaughtUp();
}, 60_000);

test('an empty topic is caught up with', async () => {
  const consumer = await subscribe('empty');
  await consumer.whenCaughtUp();
});

test('a subscription goes with its last consumer when asked to, not with another', async () => {
  await fill('unsubscribed', 5);
  const options = { subscriptionType: 'Shared' } as const;
  const [first, last] = [await subscribe('unsubscribed', options), await subscribe('unsubscribed', options)];
  expect(await first.close(2000, { unsubscribe: true })).toBe(true);
  expect(await backlog('unsubscribed')).toBeDefined();
  expect(await last.close(2000, { unsubscribe: true })).toBe(true);
  expect(await backlog('unsubscribed')).toBeUndefined();
});

test('what cannot be subscribed to is refused by its name', async () => {
  const holder = await subscribe('held');
  await expect(subscribe('held')).rejects.toMatchObject({ code: 'PULSAR_CONSUMER_BUSY', retryable: true });
  await expect(subscribe('held', { subscriptionType: 'Shared' })).rejects.toMatchObject({
    code: 'PULSAR_SUBSCRIPTION_MISMATCH',
  });
  await holder.close(2000);
  await broker.admin('PUT', '/namespaces/public/strict');
  await broker.admin('POST', '/namespaces/public/strict/autoTopicCreation', {
    allowAutoTopicCreation: false,
  });
  await expect(subscribe('public/strict/nothing')).rejects.toMatchObject({ code: 'PULSAR_TOPIC_NOT_FOUND' });
  await broker.admin('PUT', '/persistent/public/strict/deleted');
  const consumer = await subscribe('public/strict/deleted');
  const pending = expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_TOPIC_NOT_FOUND' });
  await broker.admin('DELETE', '/persistent/public/strict/deleted?force=true');
  await pending;
}, 60_000);
