import type { Consumer } from '../../../src/pulsar/transport';
import { sleep, systemClock } from '../../../src/util/clock';
import { CAPABILITIES, type Capability, type TransportName } from './capabilities';
import {
  type ConsumerBackend,
  ConsumerLab,
  share,
  take,
  takeUntil,
  textMessage,
  textOf,
  textsOf,
} from './consumer-lab';

/**
 * What holds for a consumer of every transport.
 * @param start the other side of it.
 * @param faults whether that can be made to lose, refuse and forget.
 */
export function consumerScenarios(
  name: TransportName,
  start: () => Promise<ConsumerBackend>,
  faults = true,
): void {
  describe(`a consumer of the ${name} transport`, () => {
    let lab: ConsumerLab;

    beforeEach(async () => {
      lab = new ConsumerLab(await start());
    });

    afterEach(() => lab.stop());

    const able = (capability: Capability): boolean => CAPABILITIES[capability][name];
    const fullName = (): string => `persistent://public/default/${lab.topic}`;
    const numbers = (count: number, from = 0): string[] =>
      Array.from({ length: count }, (_, i) => `m${from + i}`);

    function acknowledge(consumer: Consumer, messages: Parameters<Consumer['acknowledge']>[0][]): void {
      for (const message of messages) {
        consumer.acknowledge(message);
      }
    }

    describe('receives', () => {
      test('what the topic holds, in its order and with all it carries', async () => {
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
        await lab.backend.publish(
          lab.topic,
          {
            key: 'schlüssel',
            value: bytes,
            eventTime: 1_700_000_000_000,
            properties: { ü: '日本', empty: '' },
          },
          { value: Buffer.from('b') },
        );
        const consumer = await lab.subscribe();
        const [first, second] = await take(consumer, 2);
        expect(consumer.topic).toBe(fullName());
        expect(Buffer.from(first?.value ?? [])).toEqual(bytes);
        expect(first).toMatchObject({
          topic: fullName(),
          key: 'schlüssel',
          keyIsBase64: false,
          eventTime: 1_700_000_000_000,
          properties: { ü: '日本', empty: '' },
          redeliveryCount: 0,
          schemaVersion: undefined,
          encryption: undefined,
        });
        expect(second).toMatchObject({ key: undefined, eventTime: undefined, properties: {} });
        expect(second?.id).not.toBe(first?.id);
      });

      if (able('binaryKeys') && faults) {
        test('a key of bytes as its base64, and the time it was sent', async () => {
          const publishTime = 1_700_000_000_001;
          await lab.backend.publish(lab.topic, {
            key: 'AP8=',
            keyIsBase64: true,
            value: Buffer.from('b'),
            publishTime,
          });
          const [message] = await take(await lab.subscribe(), 1);
          expect(message).toMatchObject({ key: 'AP8=', keyIsBase64: true, publishTime });
        });
      }

      if (able('nullValues') && faults) {
        test('a null value as none and an empty value as one', async () => {
          await lab.backend.publish(
            lab.topic,
            { key: 'a', value: undefined },
            { key: 'b', value: Buffer.alloc(0) },
          );
          const [nothing, empty] = await take(await lab.subscribe(), 2);
          expect(nothing?.value).toBeUndefined();
          expect(empty?.value).toHaveLength(0);
        });
      }

      test('at most as many as asked for, and waits for the first', async () => {
        const consumer = await lab.subscribe();
        const waiting = consumer.receive(3);
        await lab.publish(...numbers(10));
        const sizes = [];
        const got = [];
        for (let messages = await waiting; ; messages = await consumer.receive(3)) {
          sizes.push(messages.length);
          got.push(...textsOf(messages));
          if (got.length === 10) {
            break;
          }
        }
        expect(got).toEqual(numbers(10));
        expect(Math.min(...sizes)).toBeGreaterThan(0);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(3);
      });

      test('more than its queue takes, when it goes on receiving', async () => {
        await lab.publish(...numbers(500));
        const consumer = await lab.subscribe({ receiverQueueSize: 7, receiverQueueBytes: 20 });
        const messages = await take(consumer, 500);
        expect(textsOf(messages)).toEqual(numbers(500));
      });

      test('from the first message on with earliest, and only new ones with latest', async () => {
        await lab.publish('old');
        const early = await lab.subscribe({ subscription: 'early', initialPosition: 'earliest' });
        const late = await lab.subscribe({ subscription: 'late', initialPosition: 'latest' });
        await lab.publish('new');
        expect(textsOf(await take(early, 2))).toEqual(['old', 'new']);
        expect(textsOf(await take(late, 1))).toEqual(['new']);
      });

      test('what came while nobody was connected: the position counts for a new subscription only', async () => {
        await (await lab.subscribe({ initialPosition: 'latest' })).close(1000);
        await lab.publish('meanwhile');
        const consumer = await lab.subscribe({ initialPosition: 'latest' });
        expect(textsOf(await take(consumer, 1))).toEqual(['meanwhile']);
      });

      test('no message of a topic but its own', async () => {
        await lab.backend.publish('other', textMessage('not this'));
        await lab.publish('this');
        expect(textsOf(await take(await lab.subscribe(), 1))).toEqual(['this']);
      });
    });

    describe('settles', () => {
      test('by acknowledgement: what is acknowledged never comes again, what is not comes to the next', async () => {
        await lab.publish(...numbers(6));
        const first = await lab.subscribe();
        const messages = await take(first, 4);
        acknowledge(
          first,
          [messages[0], messages[2]].flatMap((message) => message ?? []),
        );
        expect(await first.close(1000)).toBe(true);
        const second = await lab.subscribe();
        const again = await take(second, 4);
        expect(textsOf(again)).toEqual(['m1', 'm3', 'm4', 'm5']);
        acknowledge(second, again);
        expect(await second.close(1000)).toBe(true);
        const third = await lab.subscribe();
        await lab.publish('end');
        expect(textsOf(await take(third, 1))).toEqual(['end']);
      });

      test('once: what was said first counts', async () => {
        await lab.publish('acknowledged', 'refused');
        const consumer = await lab.subscribe({ negativeAckRedeliveryDelayMs: 20 });
        const [acknowledged, refused] = await take(consumer, 2);
        for (let i = 0; i < 2; i++) {
          consumer.acknowledge(acknowledged as NonNullable<typeof acknowledged>);
          consumer.negativeAcknowledge(refused as NonNullable<typeof refused>);
          consumer.negativeAcknowledge(acknowledged as NonNullable<typeof acknowledged>);
          consumer.acknowledge(refused as NonNullable<typeof refused>);
        }
        const again = await take(consumer, 1);
        acknowledge(consumer, again);
        await lab.publish('end');
        expect(textsOf([...again, ...(await take(consumer, 1))])).toEqual(['refused', 'end']);
      });

      test('a batch message by message: what is left of it comes again, and nothing once all is acknowledged', async () => {
        await lab.backend.publishBatch(lab.topic, ...numbers(3).map(textMessage));
        await lab.publish('single');
        const first = await lab.subscribe();
        const messages = await take(first, 4);
        expect(textsOf(messages)).toEqual([...numbers(3), 'single']);
        acknowledge(first, messages.slice(0, 2));
        await first.close(1000);
        const second = await lab.subscribe();
        const again = await takeUntil(second, 'single');
        expect(textsOf(again).slice(-2)).toEqual(['m2', 'single']);
        acknowledge(second, again);
        await second.close(1000);
        const third = await lab.subscribe();
        await lab.publish('end');
        expect(textsOf(await take(third, 1))).toEqual(['end']);
      });

      test.each(['Exclusive', 'Failover', 'Shared', 'Key_Shared'] as const)(
        'by refusal on %s: it comes again after the delay, not before',
        async (subscriptionType) => {
          const consumer = await lab.subscribe({ subscriptionType, negativeAckRedeliveryDelayMs: 150 });
          await lab.publish('refused');
          const [refused] = await take(consumer, 1);
          const start = systemClock.monotonic();
          consumer.negativeAcknowledge(refused as NonNullable<typeof refused>);
          await lab.publish('next');
          expect(textsOf(await take(consumer, 1))).toEqual(['next']);
          const [again] = await take(consumer, 1);
          // A timer may fire a fraction of a millisecond early.
          expect(systemClock.monotonic() - start).toBeGreaterThanOrEqual(149);
          expect(again && textOf(again)).toBe('refused');
          expect(again?.redeliveryCount).toBe(/Shared/.test(subscriptionType) ? 1 : 0);
        },
      );

      test('by refusal again and again, counted', async () => {
        const consumer = await lab.subscribe({ subscriptionType: 'Shared', negativeAckRedeliveryDelayMs: 1 });
        await lab.publish('poison');
        const counts = [];
        for (let i = 0; i < 4; i++) {
          for (const message of await take(consumer, 1)) {
            counts.push(message.redeliveryCount);
            consumer.negativeAcknowledge(message);
          }
        }
        expect(counts).toEqual([0, 1, 2, 3]);
      });

      test('one of a batch by refusal: it comes again, its neighbours in hand do not', async () => {
        const consumer = await lab.subscribe({
          subscriptionType: 'Shared',
          negativeAckRedeliveryDelayMs: 20,
        });
        await lab.backend.publishBatch(lab.topic, ...numbers(3).map(textMessage));
        const [first, second, third] = await take(consumer, 3);
        consumer.negativeAcknowledge(second as NonNullable<typeof second>);
        acknowledge(
          consumer,
          [first, third].flatMap((one) => one ?? []),
        );
        const again = await take(consumer, 1);
        expect(textsOf(again)).toEqual(['m1']);
        acknowledge(consumer, again);
        await consumer.whenCaughtUp();
      });
    });

    describe('comes back', () => {
      test('after its connection was cut, and hands out nothing again that is in hand', async () => {
        await lab.publish(...numbers(6));
        const consumer = await lab.subscribe();
        const inHand = await take(consumer, 3);
        lab.backend.cut();
        await lab.publish('end');
        const rest = await takeUntil(consumer, 'end');
        expect(textsOf(rest)).toEqual(['m3', 'm4', 'm5', 'end']);
        acknowledge(consumer, [...inHand, ...rest]);
        await consumer.whenCaughtUp();
      });

      test('after each of many cuts', async () => {
        const consumer = await lab.subscribe();
        const got: (string | undefined)[] = [];
        for (let round = 0; round < 4; round++) {
          await lab.publish(...numbers(5, round * 5));
          lab.backend.cut();
          const messages = await take(consumer, 5);
          got.push(...textsOf(messages));
          acknowledge(consumer, messages.slice(round));
        }
        expect(got).toEqual(numbers(20));
      });

      test('without what it has acknowledged while the connection was down', async () => {
        await lab.publish('a');
        const consumer = await lab.subscribe();
        const messages = await take(consumer, 1);
        lab.backend.cut();
        acknowledge(consumer, messages);
        await lab.publish('end');
        const rest = await takeUntil(consumer, 'end');
        expect(textsOf(rest)).toEqual(['end']);
        acknowledge(consumer, rest);
        await consumer.whenCaughtUp();
      });

      if (faults) {
        test('and tells once more an acknowledgement that was lost', async () => {
          await lab.publish('a', 'b');
          const consumer = await lab.subscribe();
          lab.backend.loseAcknowledgements(1);
          acknowledge(consumer, await take(consumer, 1));
          lab.backend.cut();
          const rest = await take(consumer, 1);
          expect(textsOf(rest)).toEqual(['b']);
          acknowledge(consumer, rest);
          await consumer.whenCaughtUp();
          await consumer.close(1000);
          const next = await lab.subscribe();
          await lab.publish('end');
          expect(textsOf(await take(next, 1))).toEqual(['end']);
        });
      }

      test('without what it has refused, until the delay is over', async () => {
        const consumer = await lab.subscribe({
          subscriptionType: 'Shared',
          negativeAckRedeliveryDelayMs: 600,
        });
        await lab.publish('refused');
        const [refused] = await take(consumer, 1);
        const start = systemClock.monotonic();
        consumer.negativeAcknowledge(refused as NonNullable<typeof refused>);
        lab.backend.cut();
        await lab.publish('next');
        expect(textsOf(await take(consumer, 1))).toEqual(['next']);
        expect(textsOf(await take(consumer, 1))).toEqual(['refused']);
        expect(systemClock.monotonic() - start).toBeGreaterThanOrEqual(599);
      });

      if (faults) {
        test('when the broker has been away', async () => {
          await lab.publish(...numbers(4));
          const consumer = await lab.subscribe();
          const inHand = await take(consumer, 2);
          await lab.backend.goAway();
          await sleep(systemClock, 300);
          acknowledge(consumer, inHand);
          await lab.backend.comeBack();
          await lab.publish('end');
          const rest = await takeUntil(consumer, 'end');
          expect(textsOf(rest)).toEqual(['m2', 'm3', 'end']);
          acknowledge(consumer, rest);
          await consumer.whenCaughtUp();
        });
      }
    });

    describe('shares a subscription', () => {
      test('with nobody when it is Exclusive, until it is closed', async () => {
        const holder = await lab.subscribe();
        await expect(lab.subscribe()).rejects.toMatchObject({
          code: 'PULSAR_CONSUMER_BUSY',
          retryable: true,
        });
        await holder.close(1000);
        await lab.subscribe();
      });

      test('with nobody of another type, while one is connected', async () => {
        const holder = await lab.subscribe({ subscriptionType: 'Shared' });
        for (const subscriptionType of ['Failover', 'Key_Shared'] as const) {
          await expect(lab.subscribe({ subscriptionType })).rejects.toMatchObject({
            code: 'PULSAR_SUBSCRIPTION_MISMATCH',
            treatment: 'config',
          });
        }
        await holder.close(1000);
        await lab.subscribe({ subscriptionType: 'Failover' });
      });

      test('Failover: one is served, the next takes over all that is not settled, in order', async () => {
        const consumers = [
          await lab.subscribe({ subscriptionType: 'Failover', consumerName: 'a' }),
          await lab.subscribe({ subscriptionType: 'Failover', consumerName: 'b' }),
        ];
        const served: Consumer[] = [];
        const firsts = consumers.map(async (consumer) => {
          const messages = await consumer.receive(1);
          served.push(consumer);
          return messages;
        });
        await lab.publish(...numbers(5));
        // Which one it is, a broker decides by the name of the topic.
        const first = await Promise.race(firsts);
        const [active] = served;
        const waiting = consumers.findIndex((consumer) => consumer !== active);
        const messages = [...first, ...(await take(active as Consumer, 4))];
        expect(textsOf(messages)).toEqual(numbers(5));
        acknowledge(active as Consumer, messages.slice(1, 2));
        expect(served).toHaveLength(1);
        await active?.close(1000);
        const rest = (await firsts[waiting]) ?? [];
        rest.push(...(await take(consumers[waiting] as Consumer, 3)));
        expect(textsOf(rest)).toEqual(['m0', 'm2', 'm3', 'm4']);
      });

      test('Shared: every message goes to one of them, and all get their part', async () => {
        const options = { subscriptionType: 'Shared', receiverQueueSize: 10 } as const;
        const consumers = [await lab.subscribe(options), await lab.subscribe(options)];
        await lab.publish(...numbers(200));
        const parts = await share(consumers, 200);
        expect(parts.flatMap(textsOf).sort()).toEqual(numbers(200).sort());
        for (const part of parts) {
          expect(part.length).toBeGreaterThan(20);
        }
      });

      test('Shared: what a closed one had not settled goes to the others', async () => {
        const leaving = await lab.subscribe({ subscriptionType: 'Shared' });
        await lab.publish(...numbers(10));
        acknowledge(leaving, await take(leaving, 3));
        await take(leaving, 3);
        const staying = await lab.subscribe({ subscriptionType: 'Shared' });
        await leaving.close(1000);
        expect(textsOf(await take(staying, 7)).sort()).toEqual(numbers(7, 3));
      });

      test('Key_Shared: all messages of a key go to one of them, in order', async () => {
        const options = { subscriptionType: 'Key_Shared', receiverQueueSize: 10 } as const;
        const consumers = [
          await lab.subscribe(options),
          await lab.subscribe(options),
          await lab.subscribe(options),
        ];
        const keyOf = (i: number): string => `key-${(i * 7) % 20}`;
        await lab.backend.publish(
          lab.topic,
          ...Array.from({ length: 300 }, (_, i) => ({ key: keyOf(i), value: Buffer.from(String(i)) })),
        );
        const parts = await share(consumers, 300);
        expect(parts.filter(({ length }) => length > 0).length).toBeGreaterThan(1);
        const places = new Map<string, number[]>();
        for (const [place, part] of parts.entries()) {
          const last = new Map<string, number>();
          for (const message of part) {
            const { key = '' } = message;
            places.set(key, [...new Set([...(places.get(key) ?? []), place])]);
            expect(Number(textOf(message))).toBeGreaterThan(last.get(key) ?? -1);
            last.set(key, Number(textOf(message)));
          }
        }
        expect(places.size).toBe(20);
        expect([...places.values()].filter(({ length }) => length !== 1)).toEqual([]);
      });

      test('Key_Shared: a key that another one holds messages of stays there until they are settled', async () => {
        const options = { subscriptionType: 'Key_Shared' } as const;
        const first = await lab.subscribe(options);
        const keys = numbers(20);
        const round = (text: string) => keys.map((key) => ({ key, value: Buffer.from(text) }));
        await lab.backend.publish(lab.topic, ...round('before'));
        const held = await take(first, 20);
        const second = await lab.subscribe(options);
        await lab.backend.publish(lab.topic, ...round('after'));
        const early = second.receive(20);
        const stayed = await Promise.race([early.then(() => 'moved'), sleep(systemClock, 100)]);
        expect(stayed).toBeUndefined();
        await first.close(1000);
        const got = [...(await early)];
        while (got.length < 40) {
          got.push(...(await second.receive(40)));
        }
        expect(held).toHaveLength(20);
        for (const key of keys) {
          expect(textsOf(got.filter((message) => message.key === key))).toEqual(['before', 'after']);
        }
      });

      test('holding no more than its queue takes while it does not receive', async () => {
        const idle = await lab.subscribe({ subscriptionType: 'Shared', receiverQueueSize: 10 });
        const busy = await lab.subscribe({ subscriptionType: 'Shared', receiverQueueSize: 10 });
        await lab.publish(...numbers(100));
        const messages = await take(busy, 90);
        expect(new Set(textsOf(messages)).size).toBe(90);
        acknowledge(busy, messages);
        await idle.close(1000);
        expect(new Set(textsOf([...messages, ...(await take(busy, 10))])).size).toBe(100);
      });
    });

    describe('ends', () => {
      test('by close: a pending and every later receive is rejected', async () => {
        const consumer = await lab.subscribe();
        const pending = expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_CLOSED' });
        expect(await consumer.close(1000)).toBe(true);
        await pending;
        await lab.publish('late');
        await expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_CLOSED' });
        expect(await consumer.close(1000)).toBe(true);
      });

      if (faults) {
        test('in time when the broker does not answer, and says so', async () => {
          await lab.publish('a');
          const consumer = await lab.subscribe();
          const messages = await take(consumer, 1);
          lab.backend.fallSilent();
          acknowledge(consumer, messages);
          const start = systemClock.monotonic();
          expect(await consumer.close(100)).toBe(false);
          expect(systemClock.monotonic() - start).toBeLessThan(1000);
        });
      }

      test('with its transport, which makes no others then', async () => {
        const transport = lab.transport();
        const options = {
          topic: lab.topic,
          subscription: 'export',
          subscriptionType: 'Exclusive',
          initialPosition: 'earliest',
          receiverQueueSize: 10,
          receiverQueueBytes: 1000,
          negativeAckRedeliveryDelayMs: 100,
        } as const;
        const consumer = await transport.subscribe(options);
        const pending = expect(consumer.receive(1)).rejects.toMatchObject({ code: 'PULSAR_CLOSED' });
        await transport.close(1000);
        await pending;
        await expect(transport.subscribe(options)).rejects.toMatchObject({ code: 'PULSAR_CLOSED' });
        await lab.subscribe();
      });

      test('taking its subscription with it when asked to', async () => {
        await lab.publish(...numbers(3));
        const consumer = await lab.subscribe();
        acknowledge(consumer, await take(consumer, 2));
        expect(await consumer.close(1000, { unsubscribe: true })).toBe(true);
        const next = await lab.subscribe({ initialPosition: 'latest' });
        await lab.publish('new');
        expect(textsOf(await take(next, 1))).toEqual(['new']);
      });

      test('taking messages by pause: what is in hand may be settled, the rest is the next one’s', async () => {
        await lab.publish('a', 'b');
        const consumer = await lab.subscribe();
        const messages = await take(consumer, 1);
        consumer.pause();
        await lab.publish('c');
        expect(await consumer.receive(10)).toEqual([]);
        acknowledge(consumer, messages);
        expect(await consumer.close(1000)).toBe(true);
        expect(textsOf(await take(await lab.subscribe(), 2))).toEqual(['b', 'c']);
      });
    });

    test('stops between entries: what was settled after a pause in the middle of a batch never comes again', async () => {
      await lab.backend.publishBatch(lab.topic, ...numbers(5).map(textMessage));
      await lab.publish('behind');
      const first = await lab.subscribe();
      const messages = await take(first, 2);
      first.pause();
      for (let rest = await first.receive(2); rest.length > 0; rest = await first.receive(2)) {
        messages.push(...rest);
      }
      expect(textsOf(messages)).not.toContain('behind');
      acknowledge(first, messages);
      expect(await first.close(1000)).toBe(true);
      const second = await lab.subscribe();
      const after = await takeUntil(second, 'behind');
      expect([...textsOf(messages), ...textsOf(after)]).toEqual([...numbers(5), 'behind']);
    });

    if (able('caughtUp')) {
      describe('knows that it has caught up', () => {
        test('at once with an empty topic, and with one that is acknowledged to its end', async () => {
          const consumer = await lab.subscribe();
          await consumer.whenCaughtUp();
          await lab.publish('a');
          acknowledge(consumer, await take(consumer, 1));
          await consumer.whenCaughtUp();
        });

        test('when all that was there at the call is acknowledged, whatever came later', async () => {
          await lab.publish('a', 'b');
          const consumer = await lab.subscribe();
          let caughtUp = false;
          const done = consumer.whenCaughtUp().then(() => {
            caughtUp = true;
          });
          const messages = await take(consumer, 2);
          await sleep(systemClock, 50);
          await lab.publish('c');
          acknowledge(consumer, messages.slice(1));
          await take(consumer, 1);
          expect(caughtUp).toBe(false);
          acknowledge(consumer, messages.slice(0, 1));
          await done;
        });
      });
    }

    test('a message without schema is bytes', async () => {
      await lab.publish('a');
      const consumer = await lab.subscribe();
      for (const message of await take(consumer, 1)) {
        expect(await consumer.schemaOf(message)).toMatchObject({ type: 'BYTES', definition: '' });
      }
    });

    if (able('readSchemas') && faults) {
      test('a message with schema is told with the one it was produced with', async () => {
        const schema = { type: 'JSON', name: 'flight', definition: '{"type":"record"}' } as const;
        const other = { type: 'STRING', name: 'text', definition: '' } as const;
        await lab.backend.publish(
          lab.topic,
          { value: Buffer.from('{}'), schema },
          { value: Buffer.from('x'), schema: other },
          { value: Buffer.from('{}'), schema },
        );
        const consumer = await lab.subscribe();
        const messages = await take(consumer, 3);
        const schemas = await Promise.all(messages.map((message) => consumer.schemaOf(message)));
        expect(schemas.map(({ type }) => type)).toEqual(['JSON', 'STRING', 'JSON']);
        expect(schemas[0]).toMatchObject(schema);
      });
    }

    if (!able('patterns')) {
      test('a pattern of topics is refused', async () => {
        const topic = 'persistent://public/default/orders-.*';
        await expect(lab.subscribe({ topic, isPattern: true })).rejects.toMatchObject({
          code: 'NOT_AVAILABLE_YET',
        });
      });
    }

    test('a topic name that is none is a configuration error', async () => {
      await expect(lab.subscribe({ topic: 'a/b' })).rejects.toMatchObject({
        code: 'PULSAR_TOPIC_INVALID',
        treatment: 'config',
      });
    });
  });
}
