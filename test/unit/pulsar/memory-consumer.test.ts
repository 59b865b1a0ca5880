import { ConnectorError } from '../../../src/errors';
import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import type { Consumer, ReceivedMessage } from '../../../src/pulsar/transport';
import { ManualClock } from '../../support/manual-clock';
import { memoryConsumer, publish, received, text } from '../../support/memory-consumers';
import { message, ProducerLog, textOf } from '../../support/producer-log';

let clock: ManualClock;
let broker: MemoryBroker;

beforeEach(() => {
  clock = new ManualClock();
  broker = new MemoryBroker();
});

const texts = async (...args: Parameters<typeof received>) => (await received(...args)).map(text);

/** Everything that `consumer` gets, acknowledged as it comes. */
async function all(consumer: Consumer): Promise<ReceivedMessage[]> {
  const got: ReceivedMessage[] = [];
  for (let more = await received(consumer, clock); more.length > 0; more = await received(consumer, clock)) {
    got.push(...more);
    for (const one of more) {
      consumer.acknowledge(one);
    }
  }
  return got;
}

describe('a broker', () => {
  test('that keeps nothing keeps what a subscription has not acknowledged, and drops it then', async () => {
    broker = new MemoryBroker({ keep: 0 });
    publish(broker, 'lost');
    const [slow, fast] = [
      await memoryConsumer(broker, clock, { subscription: 'slow' }),
      await memoryConsumer(broker, clock, { subscription: 'fast' }),
    ];
    publish(broker, ...Array.from({ length: 100 }, (_, i) => String(i)));
    const waiting = await received(slow, clock);
    for (const one of await received(fast, clock)) {
      fast.acknowledge(one);
    }
    expect([broker.backlog('orders', 'fast'), broker.backlog('orders', 'slow')]).toEqual([0, 100]);
    expect(broker.messages('orders')).toHaveLength(100);
    waiting.forEach((one, i) => {
      slow.acknowledge(one);
      const kept = 99 - i;
      expect(broker.messages('orders').length).toBeLessThanOrEqual(kept * 2);
    });
    expect(broker.stored('orders')).toBe(101);
    expect(waiting.map(text)).not.toContain('lost');
  });

  test('drops what only a deleted subscription needed', async () => {
    broker = new MemoryBroker({ keep: 0 });
    const consumer = await memoryConsumer(broker, clock);
    publish(broker, 'a', 'b');
    await consumer.close(100, { unsubscribe: true });
    expect(broker.messages('orders')).toEqual([]);
    expect(broker.backlog('orders', 'export')).toBeUndefined();
  });

  test('stores what producers send with the time of their clock, and copies of values', async () => {
    const consumer = await memoryConsumer(broker, clock);
    const producer = await consumer.transport.createProducer({
      topic: 'orders',
      listener: new ProducerLog(),
    });
    await clock.advance(5);
    const value = Buffer.from('sent');
    producer.send(message('', { value, key: 'k', eventTime: 3, properties: { p: 'q' } }));
    await clock.advance(0);
    value.fill(0);
    const [got] = await received(consumer, clock);
    expect(got && text(got)).toBe('sent');
    expect(got).toMatchObject({ key: 'k', eventTime: 3, properties: { p: 'q' }, publishTime: clock.now() });
  });

  test('keeps a subscription that others are still connected to', async () => {
    const options = { subscriptionType: 'Shared' } as const;
    const [leaving, staying] = [
      await memoryConsumer(broker, clock, options),
      await memoryConsumer(broker, clock, options),
    ];
    await leaving.close(100, { unsubscribe: true });
    publish(broker, 'a');
    expect(await texts(staying, clock)).toEqual(['a']);
    await staying.close(100, { unsubscribe: true });
    expect(broker.backlog('orders', 'export')).toBeUndefined();
  });

  test('tells who is connected, and cuts one of them alone', async () => {
    const options = { subscriptionType: 'Failover' } as const;
    await memoryConsumer(broker, clock, { ...options, consumerName: 'a' });
    const b = await memoryConsumer(broker, clock, { ...options, consumerName: 'b' });
    broker.disconnectConsumers('a');
    expect(broker.consumers('orders', 'export')).toEqual(['b']);
    await clock.advance(1000);
    expect(broker.consumers('orders', 'export')).toEqual(['b', 'a']);
    publish(broker, 'to b');
    expect(await texts(b, clock)).toEqual(['to b']);
  });

  test('serves other keys while the consumer of one is full, and keeps the order of each key', async () => {
    const options = { subscriptionType: 'Key_Shared', receiverQueueSize: 2 } as const;
    const idle = await memoryConsumer(broker, clock, options);
    const busy = await memoryConsumer(broker, clock, options);
    for (let i = 0; i < 100; i++) {
      broker.publish('orders', { key: `k${i % 10}`, value: Buffer.from(String(i)) });
    }
    const got = await all(busy);
    const keys = new Set(got.map(({ key }) => key));
    expect(keys.size).toBeGreaterThan(1);
    expect(keys.size).toBeLessThan(10);
    expect(got).toHaveLength(keys.size * 10);
    expect(await received(idle, clock)).toHaveLength(2);
    await idle.close(100);
    const rest = await all(busy);
    expect(rest).toHaveLength(100 - got.length);
    expect(rest.map(text)).toEqual(rest.map(text).sort((a, b) => Number(a) - Number(b)));
  });
});

describe('a consumer', () => {
  test('gets a message when it has travelled', async () => {
    broker.behaviour.deliveryLatencyMs = 20;
    const consumer = await memoryConsumer(broker, clock);
    publish(broker, 'a');
    await clock.advance(10);
    publish(broker, 'b');
    const arrivals: (readonly [number, string[]])[] = [];
    const follow = async (): Promise<void> => {
      for (;;) {
        const messages = await consumer.receive(10);
        arrivals.push([clock.monotonic(), messages.map(text)]);
      }
    };
    const ended = expect(follow()).rejects.toMatchObject({ code: 'PULSAR_CLOSED' });
    await clock.advance(100);
    expect(arrivals).toEqual([
      [20, ['a']],
      [30, ['b']],
    ]);
    await consumer.close(100);
    await ended;
    expect(clock.pending).toBe(0);
  });

  test('lets no more bytes wait than its queue takes, and one message beyond', async () => {
    const options = { subscriptionType: 'Shared', receiverQueueBytes: 1000 } as const;
    const [idle, busy] = [
      await memoryConsumer(broker, clock, { ...options, consumerName: 'idle' }),
      await memoryConsumer(broker, clock, options),
    ];
    publish(broker, ...Array.from({ length: 20 }, () => 'x'.repeat(300)));
    let got = 0;
    for (let more = await received(busy, clock); more.length > 0; more = await received(busy, clock)) {
      got += more.length;
    }
    expect(got).toBe(16);
    expect(await received(idle, clock)).toHaveLength(4);
  });

  test('needs one timer for all it has refused', async () => {
    const consumer = await memoryConsumer(broker, clock);
    publish(broker, ...Array.from({ length: 50 }, (_, i) => String(i)));
    for (const one of await received(consumer, clock)) {
      await clock.advance(1);
      consumer.negativeAcknowledge(one);
    }
    expect(clock.pending).toBe(1);
    await clock.advance(975);
    expect(await texts(consumer, clock)).toEqual(Array.from({ length: 25 }, (_, i) => String(i)));
  });

  test('that nobody lets in again for good ends with the reason', async () => {
    const consumer = await memoryConsumer(broker, clock);
    publish(broker, 'a');
    await received(consumer, clock);
    const caughtUp = consumer.whenCaughtUp();
    const outcome = consumer.receive(1);
    broker.behaviour.refuseConsumer = () => new ConnectorError('PULSAR_UNAVAILABLE', 'not now');
    broker.disconnectConsumers();
    await clock.advance(10_000);
    broker.behaviour.refuseConsumer = () => new ConnectorError('PULSAR_AUTHORIZATION', 'never');
    const ended = [outcome, caughtUp].map((promise) =>
      expect(promise).rejects.toMatchObject({ code: 'PULSAR_AUTHORIZATION' }),
    );
    await clock.advance(1000);
    await Promise.all(ended);
    await expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_AUTHORIZATION' });
    expect(clock.pending).toBe(0);
    expect(await consumer.close(100)).toBe(true);
  });

  test('closes when the broker is back and has heard of everything, or at the deadline', async () => {
    for (const [away, heard] of [
      [500, true],
      [5000, false],
    ] as const) {
      broker = new MemoryBroker();
      const consumer = await memoryConsumer(broker, clock);
      publish(broker, 'a');
      const messages = await received(consumer, clock);
      broker.behaviour.refuseConsumer = () => new ConnectorError('PULSAR_UNAVAILABLE', 'away');
      broker.disconnectConsumers();
      consumer.acknowledge(messages[0] as NonNullable<(typeof messages)[0]>);
      clock.setTimer(() => {
        broker.behaviour.refuseConsumer = () => undefined;
      }, away);
      expect(await clock.run(consumer.close(1000))).toBe(heard);
      await clock.advance(10_000);
      expect(broker.backlog('orders', 'export')).toBe(heard ? 0 : 1);
      expect(broker.consumers('orders', 'export')).toEqual([]);
      expect(clock.pending).toBe(0);
    }
  });

  test('tells an acknowledgement until it is heard', async () => {
    const consumer = await memoryConsumer(broker, clock);
    publish(broker, 'a');
    broker.behaviour.loseAcknowledgements = 2;
    for (const one of await received(consumer, clock)) {
      consumer.acknowledge(one);
    }
    broker.disconnectConsumers();
    await clock.advance(1000);
    expect(broker.behaviour.loseAcknowledgements).toBe(0);
    expect(broker.backlog('orders', 'export')).toBe(0);
  });

  test('goes on when the broker has filled its queue with what it has in hand', async () => {
    const consumer = await memoryConsumer(broker, clock, { receiverQueueSize: 2 });
    publish(broker, 'a', 'b', 'c');
    const inHand = await received(consumer, clock);
    expect(inHand).toHaveLength(2);
    broker.disconnectConsumers();
    await clock.advance(1000);
    expect(await texts(consumer, clock)).toEqual(['c']);
  });

  test('takes nothing while it is paused: others get it', async () => {
    const [paused, other] = [
      await memoryConsumer(broker, clock, { subscriptionType: 'Shared' }),
      await memoryConsumer(broker, clock, { subscriptionType: 'Shared' }),
    ];
    paused.pause();
    publish(broker, 'a', 'b', 'c');
    expect(await texts(other, clock)).toEqual(['a', 'b', 'c']);
  });

  test('sets a key free for others when it has settled the last message of it', async () => {
    const options = { subscriptionType: 'Key_Shared' } as const;
    const holder = await memoryConsumer(broker, clock, options);
    const round = () => {
      for (let i = 0; i < 20; i++) {
        broker.publish('orders', { key: `k${i}`, value: Buffer.from('') });
      }
    };
    round();
    const inHand = await received(holder, clock);
    holder.pause();
    const next = await memoryConsumer(broker, clock, options);
    round();
    expect(await received(next, clock)).toEqual([]);
    let freed = 0;
    for (const one of inHand) {
      holder.acknowledge(one);
      freed += (await texts(next, clock)).length;
    }
    expect(freed).toBeGreaterThan(0);
    expect(freed).toBeLessThan(20);
    await holder.close(100);
    expect(await all(next)).toHaveLength(20 - freed);
  });

  test('that was closed has no timer left, whatever it had refused', async () => {
    const consumer = await memoryConsumer(broker, clock);
    publish(broker, 'a');
    for (const one of await received(consumer, clock)) {
      consumer.negativeAcknowledge(one);
    }
    expect(clock.pending).toBe(1);
    await consumer.close(100);
    expect(clock.pending).toBe(0);
  });

  test('deletes its subscription when the broker is back in time, and says when it was not', async () => {
    for (const [away, deleted] of [
      [500, true],
      [5000, false],
    ] as const) {
      broker = new MemoryBroker();
      const consumer = await memoryConsumer(broker, clock);
      broker.behaviour.refuseConsumer = () => new ConnectorError('PULSAR_UNAVAILABLE', 'away');
      broker.disconnectConsumers();
      clock.setTimer(() => {
        broker.behaviour.refuseConsumer = () => undefined;
      }, away);
      expect(await clock.run(consumer.close(1000, { unsubscribe: true }))).toBe(deleted);
      await clock.advance(10_000);
      expect(broker.backlog('orders', 'export')).toBe(deleted ? undefined : 0);
    }
  });

  test('does not ask again for what it has refused once another one holds it', async () => {
    const [cut, other] = [
      await memoryConsumer(broker, clock, { subscriptionType: 'Shared', consumerName: 'cut' }),
      await memoryConsumer(broker, clock, { subscriptionType: 'Shared' }),
    ];
    publish(broker, 'a');
    for (const one of await received(cut, clock)) {
      cut.negativeAcknowledge(one);
    }
    broker.disconnectConsumers('cut');
    expect(await texts(other, clock)).toEqual(['a']);
    await clock.advance(10_000);
    expect([await texts(cut, clock), await texts(other, clock)]).toEqual([[], []]);
  });

  test('drops the copy of a message that it acknowledges while the copy travels', async () => {
    const consumer = await memoryConsumer(broker, clock);
    publish(broker, 'a');
    const [inHand] = await received(consumer, clock);
    broker.behaviour.deliveryLatencyMs = 50;
    broker.disconnectConsumers();
    await clock.advance(120);
    consumer.acknowledge(inHand as NonNullable<typeof inHand>);
    await clock.advance(1000);
    expect(await received(consumer, clock)).toEqual([]);
    expect(broker.backlog('orders', 'export')).toBe(0);
  });

  test('gets a refused message once, though a copy travels when its delay is over', async () => {
    const consumer = await memoryConsumer(broker, clock, { negativeAckRedeliveryDelayMs: 120 });
    publish(broker, 'a');
    const [refused] = await received(consumer, clock);
    broker.behaviour.deliveryLatencyMs = 50;
    consumer.negativeAcknowledge(refused as NonNullable<typeof refused>);
    broker.disconnectConsumers();
    await clock.advance(1000);
    expect(await texts(consumer, clock)).toEqual(['a']);
    expect(await received(consumer, clock)).toEqual([]);
  });
});

describe('a process that dies', () => {
  test('leaves what it had not settled to the next, and neither tells nor hears anything', async () => {
    const dead = await memoryConsumer(broker, clock);
    publish(broker, 'a', 'b', 'c');
    const [a, b] = await received(dead, clock);
    dead.acknowledge(a as NonNullable<typeof a>);
    let heard = false;
    const hear = (): void => {
      heard = true;
    };
    dead.receive(1).then(hear, hear);
    dead.transport.crash();
    dead.acknowledge(b as NonNullable<typeof b>);
    dead.transport.subscribe({} as never).then(hear, hear);
    const next = await memoryConsumer(broker, clock);
    expect(await texts(next, clock)).toEqual(['b', 'c']);
    await clock.advance(10_000);
    expect(heard).toBe(false);
    expect(clock.pending).toBe(0);
    await dead.transport.close(100);
  });

  test('stores nothing more, and tells its producers’ listeners nothing', async () => {
    broker.behaviour.latencyMs = 100;
    const { transport } = await memoryConsumer(broker, clock);
    const log = new ProducerLog();
    const options = { topic: 'orders', producerName: 'p', listener: log };
    const producer = await transport.createProducer(options);
    producer.send(message('early'));
    await clock.advance(100);
    producer.send(message('travels'));
    void producer.close(1000);
    await clock.advance(50);
    producer.send(message('queued'));
    const { events } = log;
    transport.crash();
    const next = await memoryConsumer(broker, clock);
    const successor = await next.transport.createProducer({ ...options, listener: new ProducerLog() });
    await clock.advance(10_000);
    expect(broker.messages('orders').map(textOf)).toEqual(['early']);
    expect(log.events).toBe(events);
    await expect(next.transport.createProducer(options)).rejects.toMatchObject({ code: 'PULSAR_BUSY' });
    await successor.close(100);
  });
});
