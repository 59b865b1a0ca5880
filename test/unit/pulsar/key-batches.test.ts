import { connect } from 'node:net';
import fc from 'fast-check';
import type { ProducerSettings } from '../../../src/config/types';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import { KeyBatches } from '../../../src/pulsar/protocol/key-batches';
import type { OutgoingMessage } from '../../../src/pulsar/transport';
import { systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { message, ProducerLog, textOf } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

const key = fc.constantFrom(undefined, '', 'a', 'b', 'ordering a');
const sent: fc.Arbitrary<OutgoingMessage> = fc
  .record({ key, orderingKey: key, keyIsBase64: fc.boolean() })
  .map((fields) => message('', fields));

test('what is taken out is what was put in, each batch of one key and in the order of that', () => {
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 30 }), (messages) => {
      const batches = new KeyBatches<OutgoingMessage>();
      for (const one of messages) {
        batches.add(one, 3);
      }
      expect([batches.count, batches.bytes]).toEqual([messages.length, 3 * messages.length]);
      const taken = [...batches.take()];
      expect([batches.count, batches.bytes, [...batches.take()]]).toEqual([0, 0, []]);
      const readersKey = (one: OutgoingMessage): unknown =>
        one.orderingKey === undefined
          ? [one.key, one.key !== undefined && one.keyIsBase64]
          : [one.orderingKey];
      const keys = taken.map((batch) => new Set(batch.map((one) => JSON.stringify(readersKey(one)))));
      expect(keys.map(({ size }) => size)).toEqual(taken.map(() => 1));
      expect(new Set(keys.flatMap((one) => [...one])).size).toBe(taken.length);
      for (const batch of taken) {
        const indices = batch.map((one) => messages.indexOf(one));
        expect(indices).toEqual([...indices].sort((a, b) => a - b));
      }
      expect(taken.flat()).toHaveLength(messages.length);
    }),
  );
});

describe('a producer that batches by key', () => {
  let broker: FakePulsarBroker;
  let transport: BinaryTransport;

  beforeEach(async () => {
    broker = await FakePulsarBroker.start();
  });

  afterEach(async () => {
    await transport.close(500);
    await broker.stop();
  });

  async function send(settings: Partial<ProducerSettings>, texts: readonly string[]): Promise<ProducerLog> {
    transport = new BinaryTransport(
      pulsarSettings(broker.serviceUrl),
      { ...PRODUCER, batchBuilder: 'KEY_BASED', ...settings },
      {
        clock: systemClock,
        random: seededRandom(1),
        logger: silentLogger,
        connect: (host, port) => connect({ host, port, noDelay: true }),
      },
    );
    const log = new ProducerLog();
    const producer = await transport.createProducer({ topic: 'orders', listener: log });
    for (const text of texts) {
      producer.send(message(text.padEnd(text === 'a9' ? 2000 : 2), { key: text[0] }));
    }
    await log.until(({ confirmedTexts }) => confirmedTexts.length === texts.length);
    return log;
  }

  const batches = (): string[] => broker.sent.map(({ messages }) => messages.map(textOf).join(' '));

  test('sends one batch a key when the first of them has waited long enough', async () => {
    const log = await send({}, ['a1', 'b1', 'a2', 'c1', 'b2', 'a3']);
    expect(batches()).toEqual(['a1 a2 a3', 'b1 b2', 'c1']);
    expect(log.confirmedTexts).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'c1']);
    expect(broker.sent.map(({ sequenceId }) => sequenceId)).toEqual([0, 3, 5]);
  });

  test('closes all of them when together they reach the limits of one', async () => {
    await send({ batchingMaxMessages: 3, batchingMaxPublishDelay: 50 }, ['a1', 'b1', 'a2', 'b2', 'b3', 'a3']);
    expect(batches()).toEqual(['a1 a2', 'b1', 'b2 b3', 'a3']);
  });

  test('sends what is too large for a batch behind what came before it', async () => {
    await send({ batchingMaxBytes: 1000 }, ['a1', 'b1', 'a9', 'a3']);
    expect(batches().map((one) => one.trim())).toEqual(['a1', 'b1', 'a9', 'a3']);
  });

  test('sends again after a lost connection what was sent, in the same batches', async () => {
    broker.script.send = ({ connection }) => (connection === 0 ? 'lose-receipt' : 'store');
    const sending = send({}, ['a1', 'b1', 'a2']);
    await broker.until(() => broker.sent.length === 2);
    broker.disconnect();
    await sending;
    expect(batches()).toEqual(['a1 a2', 'b1', 'a1 a2', 'b1']);
  });
});
