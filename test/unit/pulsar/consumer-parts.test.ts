import { connect } from 'node:net';
import { consumerSettings } from '../../../src/config/consumer-settings';
import type { ConsumerSettings } from '../../../src/config/types';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import type { Consumer, ConsumerOptions, ReceivedMessage } from '../../../src/pulsar/transport';
import { sleep, systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import type { FakeTopic } from '../../support/fake-subscriptions';
import { encodeBatch, encodeSingle } from '../../support/message-codec';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

let broker: FakePulsarBroker;
let topic: FakeTopic;
let skipped: number;
const transports: BinaryTransport[] = [];

beforeEach(async () => {
  broker = await FakePulsarBroker.start();
  topic = broker.consumers.topic('orders');
  skipped = 0;
});

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(200)));
  await broker.stop();
});

function subscribe(
  settings: Partial<ConsumerSettings> = {},
  options: Partial<ConsumerOptions> = {},
): Promise<Consumer> {
  const transport = new BinaryTransport(pulsarSettings(broker.serviceUrl, {}), PRODUCER, {
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
    connect: (host, port) => connect({ host, port, noDelay: true }),
  });
  transports.push(transport);
  return transport.subscribe({
    topic: 'orders',
    subscription: 'export',
    subscriptionType: 'Exclusive',
    initialPosition: 'earliest',
    receiverQueueSize: 100,
    receiverQueueBytes: 16 * 1024 * 1024,
    negativeAckRedeliveryDelayMs: 30,
    settings: { ...consumerSettings(), ...settings },
    skipped: () => {
      skipped++;
    },
    ...options,
  });
}

const batch = (...texts: string[]): void =>
  void topic.append(encodeBatch(texts.map((text) => ({ value: Buffer.from(text) }))), texts.length);
const publish = (...texts: string[]): void => {
  for (const text of texts) {
    topic.append(encodeSingle({ value: Buffer.from(text) }));
  }
};

/** Stores chunk `id` of the message `text`, which has as many as it has letters; undefined = the whole message. */
function chunk(uuid: string, text: string, ...ids: number[]): void {
  for (const chunkId of ids) {
    const value = Buffer.from(text[chunkId] ?? '');
    const fields = { uuid, chunkId, numChunksFromMsg: text.length, totalChunkMsgSize: text.length };
    topic.append(encodeSingle({ key: 'k', value, properties: { of: uuid } }, fields), 1, 'k');
  }
}

const textsOf = (messages: readonly ReceivedMessage[]): string[] =>
  messages.map(({ value }) => Buffer.from(value ?? []).toString());

async function take(consumer: Consumer, count: number): Promise<ReceivedMessage[]> {
  const taken: ReceivedMessage[] = [];
  while (taken.length < count) {
    taken.push(...(await consumer.receive(count - taken.length)));
  }
  return taken;
}

function acknowledge(consumer: Consumer, messages: readonly ReceivedMessage[]): void {
  for (const message of messages) {
    consumer.acknowledge(message);
  }
}

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) {
    await sleep(systemClock, 5);
  }
}

describe('parts of a batch', () => {
  const types = ['Exclusive', 'Shared'] as const;

  test.each(types)('%s: that are done do not come again, where the broker keeps them', async (type) => {
    broker.consumers.script.keepsParts = true;
    batch('a', 'b', 'c', 'd');
    const first = await subscribe({}, { subscriptionType: type });
    const messages = await take(first, 4);
    acknowledge(first, messages.slice(1, 3));
    expect(await first.close(1000)).toBe(true);
    const second = await subscribe({}, { subscriptionType: type });
    publish('end');
    const again = await take(second, 3);
    expect(textsOf(again)).toEqual(['a', 'd', 'end']);
    acknowledge(second, again);
    await second.whenCaughtUp();
  });

  test('are told after a while without a close, and again when their connection was lost', async () => {
    broker.consumers.script.keepsParts = true;
    batch('a', 'b');
    const consumer = await subscribe();
    const messages = await take(consumer, 2);
    broker.consumers.script.ack = () => 'disconnect';
    acknowledge(consumer, messages.slice(0, 1));
    await until(() => broker.commands('ack').length === 1);
    broker.consumers.script.ack = () => 'answer';
    const entry = topic.entries[0];
    await until(() => entry !== undefined && topic.subscriptions.get('export')?.partsOf(entry)[0] === 2);
    acknowledge(consumer, messages.slice(1));
    await consumer.whenCaughtUp();
  });

  test('are not told when the user says so', async () => {
    broker.consumers.script.keepsParts = true;
    batch('a', 'b');
    const first = await subscribe({ batchIndexAckEnabled: false });
    acknowledge(first, (await take(first, 2)).slice(0, 1));
    expect(await first.close(1000)).toBe(true);
    expect(textsOf(await take(await subscribe(), 2))).toEqual(['a', 'b']);
  });
});

describe('one acknowledgement for all before', () => {
  const cumulative = () => broker.commands('ack').filter(({ ackType }) => ackType === 1);

  test.each(['Exclusive', 'Failover'] as const)(
    '%s: stands for what is done without a gap, and for nothing else',
    async (subscriptionType) => {
      const numbers = Array.from({ length: 60 }, (_, i) => String(i));
      publish(...numbers);
      const consumer = await subscribe({}, { subscriptionType });
      const messages = await take(consumer, 60);
      acknowledge(consumer, messages.slice(0, 10));
      await until(() => broker.commands('getLastMessageId').length > 0);
      await sleep(systemClock, 30);
      acknowledge(consumer, messages.slice(10, 30));
      await until(() => cumulative().length > 0);
      acknowledge(consumer, messages.slice(31));
      await sleep(systemClock, 50);
      const subscription = topic.subscriptions.get('export');
      expect(subscription?.markDelete?.entryId).toBe(29);
      expect(cumulative().flatMap(({ messageId }) => messageId.map(({ entryId }) => entryId))).toEqual([29]);
      acknowledge(consumer, messages.slice(30, 31));
      await consumer.whenCaughtUp();
    },
  );

  test('is not used where others have their part of the topic', async () => {
    publish('a', 'b', 'c');
    const consumer = await subscribe({}, { subscriptionType: 'Shared' });
    for (let i = 0; i < 3; i++) {
      acknowledge(consumer, await take(consumer, 1));
      await sleep(systemClock, 20);
    }
    await consumer.whenCaughtUp();
    expect(cumulative()).toEqual([]);
  });

  test('goes by what the broker says after each connection', async () => {
    publish('a', 'b', 'c', 'd');
    const consumer = await subscribe();
    const messages = await take(consumer, 4);
    acknowledge(consumer, messages.slice(0, 1));
    await until(() => broker.commands('getLastMessageId').length > 0);
    broker.disconnect();
    await until(() => broker.commands('subscribe').length > 1);
    acknowledge(consumer, messages.slice(2));
    await sleep(systemClock, 50);
    expect(topic.subscriptions.get('export')?.markDelete?.entryId).toBe(0);
    acknowledge(consumer, messages.slice(1, 2));
    await consumer.whenCaughtUp();
  });
});

describe('messages in chunks', () => {
  test.each(['Exclusive', 'Shared', 'Failover', 'Key_Shared'] as const)(
    '%s: are one message each, in the order of their last chunks, whatever is in between',
    async (subscriptionType) => {
      chunk('one', 'abc', 0, 1);
      publish('plain');
      chunk('two', 'xy', 0);
      chunk('one', 'abc', 2);
      chunk('two', 'xy', 1);
      const consumer = await subscribe({}, { subscriptionType });
      const messages = await take(consumer, 3);
      expect(textsOf(messages)).toEqual(['plain', 'abc', 'xy']);
      expect(messages[1]).toMatchObject({ key: 'k', properties: { of: 'one' }, id: '7:4' });
      acknowledge(consumer, messages);
      await consumer.whenCaughtUp();
      expect(skipped).toBe(0);
    },
  );

  test.each(['Exclusive', 'Shared'] as const)(
    '%s: are acknowledged and come again together',
    async (type) => {
      chunk('one', 'abc', 0, 1, 2);
      const first = await subscribe({}, { subscriptionType: type });
      const [message] = await take(first, 1);
      first.negativeAcknowledge(message as ReceivedMessage);
      const [again] = await take(first, 1);
      expect(again?.redeliveryCount).toBe(type === 'Shared' ? 1 : 0);
      broker.disconnect();
      publish('end');
      expect(textsOf(await take(first, 1))).toEqual(['end']);
      expect(await first.close(1000)).toBe(true);
      const second = await subscribe({}, { subscriptionType: type });
      const messages = await take(second, 2);
      expect(textsOf(messages)).toEqual(['abc', 'end']);
      acknowledge(second, messages.slice(0, 1));
      await until(() => topic.subscriptions.get('export')?.acknowledged.size === 3);
    },
  );

  test('begun anew by their producer, or sent twice in part, are handed out once', async () => {
    chunk('one', 'abc', 0, 1, 0, 1, 1, 2);
    chunk('two', 'de', 0, 1);
    const consumer = await subscribe();
    const messages = await take(consumer, 2);
    expect(textsOf(messages)).toEqual(['abc', 'de']);
    acknowledge(consumer, messages);
    await consumer.whenCaughtUp();
    expect(skipped).toBe(2);
  });

  test.each(['Exclusive', 'Shared'] as const)(
    '%s: without a beginning, with a gap, or without an end, are skipped after a while',
    async (subscriptionType) => {
      chunk('no beginning', 'abc', 1, 2);
      chunk('gap', 'abc', 0, 2);
      chunk('no end', 'abc', 0, 1);
      publish('plain');
      const settings = { expireTimeOfIncompleteChunkedMessage: 60 };
      const consumer = await subscribe(settings, { subscriptionType });
      const messages = await take(consumer, 1);
      expect(textsOf(messages)).toEqual(['plain']);
      acknowledge(consumer, messages);
      await consumer.whenCaughtUp();
      expect(skipped).toBeGreaterThanOrEqual(3);
    },
  );

  test.each(['Exclusive', 'Shared'] as const)(
    '%s: for which there is no room wait at the broker, and none is lost',
    async (subscriptionType) => {
      const all = Array.from({ length: 8 }, (_, i) => `m${i}`);
      for (const part of [0, 1]) {
        for (const text of all) {
          chunk(text, text, part);
        }
      }
      const consumer = await subscribe({ maxPendingChunkedMessage: 3 }, { subscriptionType });
      const messages = await take(consumer, 8);
      expect(textsOf(messages).sort()).toEqual(all);
      acknowledge(consumer, messages);
      await consumer.whenCaughtUp();
      expect(skipped).toBe(0);
    },
  );

  test('for which there are no bytes wait at the broker, the oldest last', async () => {
    for (const part of [0, 1]) {
      chunk('one', 'ab', part);
      chunk('two', 'cd', part);
    }
    const consumer = await subscribe({}, { receiverQueueBytes: 1 });
    const messages = await take(consumer, 2);
    expect(textsOf(messages)).toEqual(['ab', 'cd']);
    acknowledge(consumer, messages);
    await consumer.whenCaughtUp();
  });

  test('give way to new ones where the user says so', async () => {
    chunk('old', 'ab', 0);
    chunk('new', 'cd', 0, 1);
    const settings = { maxPendingChunkedMessage: 1, autoAckOldestChunkedMessageOnQueueFull: true };
    const consumer = await subscribe(settings);
    const messages = await take(consumer, 1);
    expect(textsOf(messages)).toEqual(['cd']);
    acknowledge(consumer, messages);
    await consumer.whenCaughtUp();
    expect(skipped).toBe(1);
  });

  test('whose chunks have other bytes than they say cannot be read', async () => {
    const fields = { uuid: 'one', numChunksFromMsg: 2, totalChunkMsgSize: 5 };
    for (const chunkId of [0, 1]) {
      topic.append(encodeSingle({ value: Buffer.from('xy') }, { ...fields, chunkId }));
    }
    const consumer = await subscribe();
    await expect(consumer.receive(1)).rejects.toMatchObject({
      code: 'PULSAR_MESSAGE_UNREADABLE',
      message: expect.stringContaining('4 bytes instead of 5'),
    });
  });

  test('come whole after the connection was lost between two of them', async () => {
    chunk('one', 'abc', 0, 1);
    const consumer = await subscribe();
    const waiting = take(consumer, 1);
    await until(() => broker.consumers.delivered.length === 2);
    broker.disconnect();
    chunk('one', 'abc', 2);
    expect(textsOf(await waiting)).toEqual(['abc']);
    expect(skipped).toBe(0);
  });
});
