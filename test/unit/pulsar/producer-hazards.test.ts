import { connect, type Socket } from 'node:net';
import type { ProducerSettings, PulsarSettings } from '../../../src/config/types';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import type { OutgoingMessage, Producer, Transport } from '../../../src/pulsar/transport';
import { sleep, systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { message, ProducerLog, textOf } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

const brokers: FakePulsarBroker[] = [];
const transports: Transport[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(500)));
  await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
  sockets.length = 0;
});

async function startBroker(): Promise<FakePulsarBroker> {
  const broker = await FakePulsarBroker.start();
  brokers.push(broker);
  return broker;
}

function transportTo(
  broker: FakePulsarBroker,
  producer: Partial<ProducerSettings> = {},
  pulsar: Partial<PulsarSettings> = {},
): BinaryTransport {
  const transport = new BinaryTransport(
    pulsarSettings(broker.serviceUrl, pulsar),
    { ...PRODUCER, ...producer },
    {
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      connect: (host, port) => {
        const socket = connect({ host, port, noDelay: true });
        sockets.push(socket);
        return socket;
      },
    },
  );
  transports.push(transport);
  return transport;
}

function produce(
  transport: Transport,
  log: ProducerLog,
  topic = 'orders',
): Promise<Producer<OutgoingMessage>> {
  return transport.createProducer({ topic, listener: log });
}

/** Resolves when the kernel takes no more of what one of the sockets has to write. */
async function stalled(): Promise<void> {
  let [quietTurns, before] = [0, -1];
  while (quietTurns < 100) {
    await new Promise((turn) => setImmediate(turn));
    const waiting = sockets.reduce((sum, { writableLength }) => sum + writableLength, 0);
    quietTurns = waiting > 0 && waiting === before ? quietTurns + 1 : 0;
    before = waiting;
  }
}

test('behind a damaged frame on a topic with deduplication nothing is confirmed that is not stored', async () => {
  const broker = await startBroker();
  broker.script.deduplicates = true;
  broker.script.send = ({ sequenceId }) => {
    if (sequenceId > 0) {
      return 'store';
    }
    broker.script.send = () => 'store';
    return { error: 9 };
  };
  const log = new ProducerLog();
  const producer = await produce(transportTo(broker, { batchingEnabled: false }), log);
  for (const text of ['a', 'b', 'c']) {
    producer.send(message(text));
  }
  await log.until(({ confirmedTexts, failures }) => confirmedTexts.length === 3 || failures.length === 1);
  const stored = broker.stored.map(textOf);
  expect(log.confirmedTexts.filter((text) => !stored.includes(text))).toEqual([]);
  expect(log.failures).toMatchObject([{ code: 'PULSAR_SEND_FAILED', treatment: 'retry' }]);
});

test('a topic that moves away from a stalled broker is sent to the new one only', async () => {
  const [from, to] = [await startBroker(), await startBroker()];
  to.script.lookup = () => ({ brokerServiceUrl: from.serviceUrl });
  const log = new ProducerLog();
  const value = Buffer.alloc(100_000);
  const texts = Array.from({ length: 200 }, (_, i) => String(i));
  const producer = await produce(transportTo(to, { batchingEnabled: false }), log);
  from.pause();
  for (const key of texts) {
    producer.send(message('', { key, value }));
  }
  await stalled();
  to.script.lookup = () => ({});
  to.script.send = () => {
    from.resume();
    return 'store';
  };
  from.unload();
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 200);
  expect(to.stored.map(({ key }) => key)).toEqual(texts);
});

test('what a stalled broker has not received when a producer was closed by force never reaches it', async () => {
  const broker = await startBroker();
  const log = new ProducerLog();
  const producer = await produce(transportTo(broker, { batchingEnabled: false }), log);
  broker.pause();
  // As slow to answer as a disk: a receipt to nobody would end the connection.
  broker.script.send = () => 'lose-receipt';
  const value = Buffer.alloc(64 * 1024);
  for (let i = 0; i < 200; i++) {
    producer.send(message('', { value }));
  }
  await stalled();
  await producer.close(50);
  const ended = broker.disconnected();
  broker.resume();
  await ended;
  // What the fake broker's own process held is beyond reach.
  expect(broker.stored.length).toBeLessThan(10);
});

test('a receipt that stays out fails the producer, even while those behind it come', async () => {
  const broker = await startBroker();
  broker.script.send = ({ sequenceId }) => (sequenceId === 0 ? 'lose-receipt' : 'store');
  const log = new ProducerLog();
  const producer = await produce(transportTo(broker, { batchingEnabled: false, sendTimeout: 200 }), log);
  const began = systemClock.monotonic();
  while (log.failures.length === 0 && systemClock.monotonic() - began < 2000) {
    producer.send(message('x'));
    await sleep(systemClock, 20);
  }
  expect(log.failures.map(({ code }) => code)).toEqual(['PULSAR_SEND_TIMEOUT']);
});

test('a message in many chunks may take longer than a receipt, as long as that of each chunk comes in time', async () => {
  const broker = await startBroker();
  broker.script.maxMessageSize = 1000;
  let chunks = 0;
  broker.script.send = () => ({ receipt: sleep(systemClock, 100 * ++chunks) });
  const log = new ProducerLog();
  const producer = await produce(transportTo(broker, { sendTimeout: 500 }), log);
  producer.send(message('x'.repeat(6000)));
  await log.until(({ confirmedTexts, failures }) => confirmedTexts.length + failures.length > 0);
  expect(log.failures).toEqual([]);
  expect(chunks).toBeGreaterThan(6);
});

test('behind a message that can never be stored nothing leaves before its sender has decided what that means', async () => {
  const broker = await startBroker();
  broker.script.maxMessageSize = 1000;
  let revoked = false;
  class DecidingLog extends ProducerLog {
    override rejected(...refusal: Parameters<ProducerLog['rejected']>): void {
      revoked = refusal[0].key === 'last';
      super.rejected(...refusal);
    }
  }
  const log = new DecidingLog();
  const transport = transportTo(broker, { batchingMaxMessages: 1, chunkingEnabled: false });
  const producer = await transport.createProducer({
    topic: 'orders',
    listener: log,
    mayStillSend: () => !revoked,
  });
  const large = 'x'.repeat(1100);
  for (const one of [message('a'), message(large), message('b')]) {
    producer.send(one);
  }
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
  for (const one of [message('c'), message(large, { key: 'last' }), message('d')]) {
    producer.send(one);
  }
  await log.until(({ failures }) => failures.length === 1);
  await producer.close(1000);
  expect(broker.sent.flatMap(({ messages }) => messages.map(textOf))).not.toContain('d');
  expect(log.failures).toMatchObject([{ code: 'PULSAR_SEND_REVOKED' }]);
});
