import { Writable } from 'node:stream';
import type { ProducerSettings } from '../../../src/config/types';
import type { RecordSequencing, Schema } from '../../../src/io';
import { createTransport } from '../../../src/pulsar/create-transport';
import type { OutgoingMessage, Producer, ProducerOptions, Transport } from '../../../src/pulsar/transport';
import { systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { systemRandom } from '../../../src/util/random';
import { message, ProducerLog, textOf } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';
import { CAPABILITIES, type Capability, type TransportName } from './capabilities';
import type { ProducerBackend } from './producer-backends';

/**
 * What holds for a producer of every transport.
 * @param start the other side of it.
 * @param faults whether that can be made to refuse and to lose.
 */
export function producerScenarios(
  name: TransportName,
  start: () => Promise<ProducerBackend>,
  faults = true,
): void {
  describe(`the ${name} transport`, () => {
    let backend: ProducerBackend;
    const transports: Transport[] = [];

    beforeEach(async () => {
      backend = await start();
    });

    afterEach(async () => {
      await Promise.all(transports.splice(0).map((transport) => transport.close(1000)));
      await backend.stop();
    });

    function transportWith(producer: Partial<ProducerSettings> = {}, operationTimeout = 10_000): Transport {
      const settings = pulsarSettings(backend.serviceUrl, { operationTimeout, ...backend.settings?.() });
      const transport = createTransport(
        settings,
        { ...PRODUCER, ...producer },
        {
          clock: systemClock,
          random: systemRandom,
          logger: silentLogger,
          stdout: new Writable(),
          ...(backend.memory === undefined ? {} : { memory: backend.memory }),
          ...(backend.connect === undefined ? {} : { connect: backend.connect }),
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
      return transport.createProducer({ topic: topic(), listener: log, ...extra });
    }

    const able = (capability: Capability): boolean => CAPABILITIES[capability][name];
    const topic = (): string => backend.topic ?? 'orders';
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
      expect((await backend.stored()).map(carried)).toEqual(sent.map(carried));
    });

    test('bytes are stored as they are, every value of them', async () => {
      const log = new ProducerLog();
      const producer = await produce(transportWith(), log);
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      producer.send(message('', { value: bytes }));
      producer.send(message(''));
      await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
      expect((await backend.stored()).map(({ value }) => Buffer.from(value).toString('hex'))).toEqual([
        bytes.toString('hex'),
        '',
      ]);
    });

    test('nothing is called back from inside send, flush or close', async () => {
      if (faults) {
        backend.limitSize(1000);
      }
      const log = new ProducerLog();
      const producer = await produce(transportWith({ maxPendingMessages: 2 }), log);
      for (const text of [...numbers(3), 'x'.repeat(1003)]) {
        producer.send(message(text));
        producer.flush();
      }
      expect(log.events).toBe(0);
      const closing = producer.close(1000);
      expect(log.events).toBe(0);
      await closing;
    });

    if (faults) {
      test('a message beyond the limit is rejected alone, the others are stored', async () => {
        backend.limitSize(20_000);
        const log = new ProducerLog();
        const producer = await produce(transportWith({ chunkingEnabled: false }), log);
        for (const text of ['before', 'x'.repeat(20_003), 'y'.repeat(20_000), 'after']) {
          producer.send(message(text));
        }
        await log.until(({ confirmedTexts }) => confirmedTexts.length === 3);
        expect(log.confirmedTexts).toEqual(['before', 'y'.repeat(20_000), 'after']);
        expect(log.rejections.map(({ error }) => error.code)).toEqual(['PULSAR_MESSAGE_TOO_LARGE']);
        expect(log.rejections[0]?.text).toHaveLength(20_003);
        expect(log.failures).toEqual([]);
      });
    }

    if (able('chunks') && faults) {
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
          const sent = ['before', 'x'.repeat(20_003), 'between', 'y'.repeat(99_999), 'after'].map((text, i) =>
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
          expect((await backend.stored()).map(carried)).toEqual(sent.map(carried));
        },
      );
    }

    if (faults) {
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
        expect((await backend.stored()).map(textOf)).not.toContain('b');
        expect((await backend.stored()).map(textOf)).not.toContain('e');
      });
    }

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
      expect((await backend.stored()).map(textOf)).toEqual(['a']);
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
      expect((await backend.stored()).map(textOf)).toEqual(['after']);
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
      const [first, second] = [
        await produce(transport, full),
        await produce(transport, other, { topic: 'b' }),
      ];
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

    if (faults) {
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
    }

    if (able('flush')) {
      test('flush sends a batch before its delay is over', async () => {
        const log = new ProducerLog();
        const producer = await produce(transportWith({ batchingMaxPublishDelay: 60_000 }), log);
        producer.send(message('a'));
        producer.flush();
        await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
      });
    }

    test('a batch leaves by itself when its delay is over', async () => {
      const log = new ProducerLog();
      const producer = await produce(transportWith({ batchingMaxPublishDelay: 5 }), log);
      producer.send(message('a'));
      await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    });

    test('through cuts of its connection all is stored, the first copies in order, when the rest is sent again', async () => {
      const transport = transportWith();
      const texts = numbers(300);
      let confirmed = 0;
      for (let round = 0; confirmed < texts.length; round++) {
        const log = new ProducerLog();
        const producer = await produce(transport, log);
        for (const text of texts.slice(confirmed)) {
          producer.send(message(text));
        }
        if (round < 3) {
          await log.until(({ events }) => events > 0);
          backend.cut();
        }
        const left = texts.length - confirmed;
        await log.until(
          ({ failures, confirmedTexts }) => failures.length > 0 || confirmedTexts.length === left,
        );
        await producer.close(2000);
        expect(log.failures.map(({ retryable }) => retryable)).not.toContain(false);
        expect(log.confirmedTexts).toEqual(texts.slice(confirmed, confirmed + log.confirmedTexts.length));
        confirmed += log.confirmedTexts.length;
      }
      const stored = (await backend.stored()).map(textOf);
      expect([...new Set(stored)]).toEqual(texts);
    });

    const sequencing = (firstId: number): RecordSequencing => ({
      producerName: 'shard-1',
      firstId,
      partitions: async (_topic, found) => found,
      repartition: async () => undefined,
      enablesDeduplication: false,
      abandon: async () => undefined,
      reached: async () => undefined,
    });

    if (able('effectivelyOnce') && faults) {
      test('with sequence ids a topic stores each message once, and says which it had', async () => {
        backend.deduplicate();
        const texts = numbers(9);
        const sendFrom = async (first: number, end: number): Promise<readonly number[]> => {
          const duplicates: number[] = [];
          const log = new ProducerLog();
          const transport = transportWith();
          const producer = await transport.createProducer({
            topic: topic(),
            sequencing: sequencing(first),
            listener: {
              confirmed: (stored, duplicate) => {
                if (duplicate) {
                  duplicates.push(stored.recordSequence ?? -1);
                }
                log.confirmed(stored);
              },
              rejected: (refused, error) => log.rejected(refused, error),
              failed: (error) => log.failed(error),
              drained: () => log.drained(),
            },
          });
          for (let id = first; id < end; id++) {
            producer.send(message(texts[id] ?? '', { recordSequence: id }));
          }
          await log.until(
            ({ confirmedTexts, failures }) => confirmedTexts.length + failures.length >= end - first,
          );
          expect(log.failures).toEqual([]);
          await producer.close(1000);
          return duplicates;
        };
        expect(await sendFrom(0, 5)).toEqual([]);
        expect(await sendFrom(3, 9)).toEqual([3, 4]);
        expect((await backend.stored()).map(textOf)).toEqual(texts);
      });
    }

    if (!able('effectivelyOnce')) {
      test('sequence ids are refused, with the transports that take them', async () => {
        const transport = transportWith();
        expect(transport.sequences).toBe(false);
        await expect(
          produce(transport, new ProducerLog(), { sequencing: sequencing(0) }),
        ).rejects.toMatchObject({
          code: 'NOT_AVAILABLE_YET',
          expected: expect.stringMatching(/pulsar:\/\/.*pulsar-client/),
        });
      });
    }

    const text: Schema = { type: 'STRING', name: 'text', definition: '' };

    test(able('schemas') ? 'a schema is taken' : 'a schema is refused', async () => {
      const made = produce(transportWith(), new ProducerLog(), { schema: text });
      if (able('schemas')) {
        await made;
      } else {
        await expect(made).rejects.toMatchObject({
          code: 'NOT_AVAILABLE_YET',
          found: 'a schema of type STRING',
        });
      }
    });

    if (!able('chunks') && faults) {
      test('a message beyond the limit is rejected even when it may go in chunks', async () => {
        backend.limitSize(100_000);
        const transport = transportWith();
        expect(transport.chunks).toBe(false);
        const log = new ProducerLog();
        const producer = await produce(transport, log, { chunked: true });
        producer.send(message('x'.repeat(100_003)));
        await log.until(({ rejections }) => rejections.length === 1);
        expect(log.rejections[0]?.error.code).toBe('PULSAR_MESSAGE_TOO_LARGE');
      });
    }

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
      expect(await backend.stored()).toEqual([]);
    });
  });
}
