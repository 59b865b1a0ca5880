import { consumerSettings } from '../../../src/config/consumer-settings';
import type { Consumer, ConsumerOptions, ReceivedMessage } from '../../../src/pulsar/transport';
import { sleep, systemClock } from '../../../src/util/clock';
import { binaryBackend } from './binary-backend';
import { ConsumerLab, memoryBackend, take, textMessage, textsOf } from './consumer-lab';

const SETTINGS = {
  ...consumerSettings(),
  autoUpdatePartitionsInterval: 20,
  patternAutoDiscoveryPeriod: 20,
};
const PATTERN = 'persistent://public/default/orders-.*';

describe.each([
  ['memory', memoryBackend],
  ['binary', binaryBackend],
])('a consumer of several topics of the %s transport', (_name, start) => {
  let lab: ConsumerLab;

  beforeEach(async () => {
    lab = new ConsumerLab(await start());
  });

  afterEach(() => lab.stop());

  const partition = (count: number): void => lab.backend.partition?.('orders', count);
  const partitionOf = (index: number): string => `orders-partition-${index}`;
  const publish = async (topic: string, ...texts: string[]): Promise<void> =>
    lab.backend.publish(topic, ...texts.map(textMessage));
  const subscribe = (options: Partial<ConsumerOptions> = {}): Promise<Consumer> =>
    lab.subscribe({ settings: SETTINGS, ...options });
  const matching = (options: Partial<ConsumerOptions> = {}): Promise<Consumer> =>
    subscribe({ topic: PATTERN, isPattern: true, ...options });
  const acknowledge = (consumer: Consumer, messages: readonly ReceivedMessage[]): void => {
    for (const message of messages) {
      consumer.acknowledge(message);
    }
  };

  describe('the partitions of a topic', () => {
    test('gives what all of them hold, in the order of each, and says from which', async () => {
      partition(3);
      for (let i = 0; i < 30; i++) {
        await publish(partitionOf(i % 3), `m${i}`);
      }
      const consumer = await subscribe();
      const messages = await take(consumer, 30);
      expect(consumer.topic).toBe('persistent://public/default/orders');
      for (let i = 0; i < 3; i++) {
        const own = messages.filter(({ topic }) => topic === `persistent://public/default/${partitionOf(i)}`);
        expect(textsOf(own)).toEqual(Array.from({ length: 10 }, (_, n) => `m${n * 3 + i}`));
      }
    });

    test('gives each its turn: a full one does not keep the others waiting', async () => {
      partition(2);
      await publish(partitionOf(0), ...Array.from({ length: 100 }, (_, i) => `full ${i}`));
      await publish(partitionOf(1), 'other');
      const consumer = await subscribe();
      const messages: ReceivedMessage[] = [];
      while (!textsOf(messages).includes('other')) {
        messages.push(...(await consumer.receive(10)));
      }
      expect(messages.length).toBeLessThan(50);
    });

    test('takes those in that are added while it runs', async () => {
      partition(1);
      const consumer = await subscribe();
      await publish(partitionOf(0), 'a');
      expect(textsOf(await take(consumer, 1))).toEqual(['a']);
      partition(3);
      await publish(partitionOf(2), 'c');
      await publish(partitionOf(1), 'b');
      expect(textsOf(await take(consumer, 2)).sort()).toEqual(['b', 'c']);
    });

    test('settles each message where it came from', async () => {
      partition(2);
      await publish(partitionOf(0), 'a0', 'a1');
      await publish(partitionOf(1), 'b0', 'b1');
      const first = await subscribe({ negativeAckRedeliveryDelayMs: 20 });
      const messages = await take(first, 4);
      const [refused, ...others] = messages.sort((x, y) =>
        (textsOf([x])[0] ?? '').localeCompare(textsOf([y])[0] ?? ''),
      );
      first.negativeAcknowledge(refused as ReceivedMessage);
      acknowledge(first, others.slice(0, 2));
      expect(textsOf(await take(first, 1))).toEqual(['a0']);
      expect(await first.close(1000)).toBe(true);
      const second = await subscribe();
      expect(textsOf(await take(second, 2)).sort()).toEqual(['a0', 'b1']);
    });

    test('has caught up when all of them are acknowledged', async () => {
      partition(2);
      await publish(partitionOf(0), 'a');
      await publish(partitionOf(1), 'b');
      const consumer = await subscribe();
      const messages = await take(consumer, 2);
      let caughtUp = false;
      const done = consumer.whenCaughtUp().then(() => {
        caughtUp = true;
      });
      acknowledge(consumer, messages.slice(1));
      await sleep(systemClock, 250);
      expect(caughtUp).toBe(false);
      acknowledge(consumer, messages.slice(0, 1));
      await done;
    });

    test('comes back to all of them after its connection was cut', async () => {
      partition(2);
      await publish(partitionOf(0), 'a');
      await publish(partitionOf(1), 'b');
      const consumer = await subscribe();
      const inHand = await take(consumer, 2);
      lab.backend.cut();
      await publish(partitionOf(0), 'c');
      await publish(partitionOf(1), 'd');
      const rest = await take(consumer, 2);
      expect(textsOf(rest).sort()).toEqual(['c', 'd']);
      acknowledge(consumer, [...inHand, ...rest]);
      await consumer.whenCaughtUp();
    });

    test('takes nothing more after a pause, and ends by close', async () => {
      partition(2);
      const consumer = await subscribe();
      consumer.pause();
      await publish(partitionOf(0), 'a');
      expect(await consumer.receive(1)).toEqual([]);
      expect(await consumer.close(1000, { unsubscribe: true })).toBe(true);
      await expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_CLOSED' });
      await publish(partitionOf(1), 'b');
      const next = await subscribe({ initialPosition: 'latest' });
      await publish(partitionOf(1), 'c');
      expect(textsOf(await take(next, 1))).toEqual(['c']);
    });

    test('ends when one of them is deleted', async () => {
      partition(2);
      const consumer = await subscribe();
      const ends = expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_TOPIC_NOT_FOUND' });
      lab.backend.deleteTopic?.(partitionOf(1));
      await ends;
      await expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_TOPIC_NOT_FOUND' });
    });

    test('ends with its transport, and looks for nothing more', async () => {
      partition(2);
      const transport = lab.transport();
      const consumer = await transport.subscribe({
        topic: 'orders',
        subscription: 'export',
        subscriptionType: 'Exclusive',
        initialPosition: 'earliest',
        receiverQueueSize: 10,
        receiverQueueBytes: 1000,
        negativeAckRedeliveryDelayMs: 100,
        settings: SETTINGS,
      });
      const pending = expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_CLOSED' });
      await transport.close(1000);
      await pending;
      await subscribe();
    });

    test('leaves nothing behind when one of them cannot be subscribed to', async () => {
      partition(2);
      const holder = await lab.subscribe({ topic: partitionOf(1), subscriptionType: 'Shared' });
      await expect(subscribe()).rejects.toMatchObject({ code: 'PULSAR_SUBSCRIPTION_MISMATCH' });
      await lab.subscribe({ topic: partitionOf(0) });
      await holder.close(1000);
    });
  });

  describe('the topics of a pattern', () => {
    test('means those it matches as a whole, and partitions by the name of their topic', async () => {
      partition(1);
      lab.backend.partition?.('orders-parted', 2);
      await publish('orders-a', 'a');
      await publish('my-orders-a', 'other');
      await publish('orders', 'other');
      await publish('orders-parted-partition-1', 'parted');
      const consumer = await matching({ excluded: (topic) => topic.endsWith('/orders-dead') });
      await publish('orders-dead', 'dead');
      expect(consumer.topic).toBe(PATTERN);
      const messages = await take(consumer, 2);
      expect(textsOf(messages).sort()).toEqual(['a', 'parted']);
      await publish('orders-late', 'late');
      expect(textsOf(await take(consumer, 1))).toEqual(['late']);
    });

    test('are none at first, if there are none', async () => {
      const consumer = await matching();
      await consumer.whenCaughtUp();
      const first = consumer.receive(1);
      await publish('orders-a', 'a');
      expect(textsOf(await first)).toEqual(['a']);
    });

    test('may be deleted: it goes on with the others, and what is in hand of it may still be settled', async () => {
      await publish('orders-a', 'a');
      await publish('orders-b', 'b');
      const consumer = await matching();
      const messages = await take(consumer, 2);
      lab.backend.deleteTopic?.('orders-a');
      await publish('orders-b', 'more');
      messages.push(...(await take(consumer, 1)));
      expect(textsOf(messages.slice(2))).toEqual(['more']);
      acknowledge(consumer, messages);
      await consumer.whenCaughtUp();
      expect(await consumer.close(1000)).toBe(true);
    });

    test('may be deleted while it catches up with the others', async () => {
      await publish('orders-a', 'a');
      await publish('orders-b', 'b');
      const consumer = await matching();
      acknowledge(consumer, await take(consumer, 2));
      lab.backend.deleteTopic?.('orders-a');
      await consumer.whenCaughtUp();
    });

    test.each(['public/.*/orders', 'non-persistent://public/default/a.*', 'orders-('])(
      '%s is no pattern of topics',
      async (topic) => {
        await expect(subscribe({ topic, isPattern: true })).rejects.toMatchObject({
          code: 'PULSAR_TOPIC_INVALID',
        });
      },
    );
  });
});

describe.each([
  ['memory', memoryBackend],
  ['binary', binaryBackend],
])('the redelivery of the %s transport', (_name, start) => {
  test.each(['Exclusive', 'Shared'] as const)('on %s takes longer each time, up to a limit', async (type) => {
    const lab = new ConsumerLab(await start());
    const consumer = await lab.subscribe({
      subscriptionType: type,
      negativeAckRedeliveryDelayMs: 30,
      settings: { ...SETTINGS, negativeAckRedeliveryBackoff: { maxDelayMs: 100, multiplier: 2 } },
    });
    await lab.publish('poison');
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      const start = systemClock.monotonic();
      const messages = await take(consumer, 1);
      waits.push(systemClock.monotonic() - start);
      consumer.negativeAcknowledge(messages[0] as ReceivedMessage);
    }
    const [, ...delays] = waits;
    // A timer may fire a fraction of a millisecond early.
    [30, 60, 100, 100].forEach((least, i) => {
      expect(delays[i]).toBeGreaterThanOrEqual(least - 1);
    });
    expect(delays[3]).toBeLessThan(200);
    await lab.stop();
  });
});
