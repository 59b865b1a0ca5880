import { connect } from 'node:net';
import type { ProducerSettings, PulsarSettings } from '../../../src/config/types';
import type { RecordSequencing } from '../../../src/io';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import type { OutgoingMessage, Producer } from '../../../src/pulsar/transport';
import { systemClock } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { joinChunks } from '../../support/message-codec';
import { message, ProducerLog, textOf } from '../../support/producer-log';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

const NAME = 'app/stream/shard-0/a1';
const TOPIC = 'orders';
/** Nothing is sent because it has waited. */
const HOUR = 3_600_000;

let broker: FakePulsarBroker;
let transport: BinaryTransport;

beforeEach(async () => {
  broker = await FakePulsarBroker.start();
  broker.script.deduplicates = true;
  transport = open();
});

afterEach(async () => {
  await transport.close(500);
  await broker.stop();
});

function open(
  settings: Partial<ProducerSettings> = {},
  pulsar: Partial<PulsarSettings> = {},
): BinaryTransport {
  return new BinaryTransport(
    pulsarSettings(broker.serviceUrl, pulsar),
    { ...PRODUCER, batchingMaxPublishDelay: HOUR, ...settings },
    {
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      connect: (host, port) => connect({ host, port, noDelay: true }),
    },
  );
}

/** Writes down, besides, what was confirmed as a duplicate, and what was forgotten. */
class SequencedLog extends ProducerLog {
  readonly duplicates: string[] = [];
  readonly forgottenBehind: number[] = [];

  override confirmed(stored: OutgoingMessage, duplicate = false): void {
    if (duplicate) {
      this.duplicates.push(textOf(stored));
    }
    super.confirmed(stored);
  }

  forgotten(lastId: number): void {
    this.forgottenBehind.push(lastId);
  }
}

function produce(log: ProducerLog, firstId = 0, topic = TOPIC): Promise<Producer<OutgoingMessage>> {
  const sequencing: RecordSequencing = {
    producerName: NAME,
    firstId,
    enablesDeduplication: false,
    partitions: async () => 0,
    repartition: async () => undefined,
    abandon: async () => undefined,
    reached: async () => undefined,
  };
  return transport.createProducer({ topic, sequencing, listener: log });
}

/** The topic has stored those ids under the producer's name, and accepted some more. */
function remember(stored: number, accepted = stored): void {
  const memory = broker.deduplication(TOPIC);
  memory.offer(NAME, accepted);
  if (stored >= 0) {
    memory.persisted(NAME, stored);
  }
}

function sendIds(producer: Producer<OutgoingMessage>, ...ids: number[]): void {
  for (const id of ids) {
    producer.send(message(String(id), { recordSequence: id }));
  }
  producer.flush();
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const sends = (): string[] =>
  broker.sent.map(({ sequenceId, highestSequenceId, messages }) =>
    messages.length === 1 ? `${sequenceId}` : `${sequenceId}-${highestSequenceId}`,
  );

describe('what the broker may have', () => {
  test('is sent again one by one, and the first batch begins behind it', async () => {
    remember(4);
    const log = new SequencedLog();
    sendIds(await produce(log), ...range(0, 10));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 10);
    expect(sends()).toEqual(['0', '1', '2', '3', '4', '5-9']);
    expect(broker.stored.map(({ sequenceId }) => sequenceId)).toEqual(range(5, 10));
    expect(log.confirmedTexts).toEqual(range(0, 10).map(String));
    expect(log.duplicates).toEqual(range(0, 5).map(String));
  });

  test('keeps everything else back until all of it is answered, and undecided it ends the producer', async () => {
    remember(1, 4);
    const log = new SequencedLog();
    const producer = await produce(log);
    sendIds(producer, ...range(0, 10));
    await log.until(({ failures }) => failures.length === 1);
    expect(log.failures).toMatchObject([{ code: 'PULSAR_SEND_FAILED', treatment: 'retry' }]);
    expect(log.confirmedTexts).toEqual(['0', '1']);
    await producer.close(1000);
    expect(sends()).toEqual(['0', '1', '2', '3', '4']);
    expect(broker.deduplication(TOPIC).lastSequenceId(NAME)).toBe(4);
  });

  test('after a lost connection is cut anew: no batch of before lies across what the broker tells then', async () => {
    const log = new SequencedLog();
    remember(0);
    const producer = await produce(log, 1);
    broker.script.send = ({ sequenceId }) => (sequenceId === 1 ? 'lose-receipt' : 'disconnect');
    sendIds(producer, 1, 2, 3);
    sendIds(producer, 4, 5);
    sendIds(producer, 6, 9);
    await broker.until(() => broker.commands('producer').length === 2);
    broker.script.send = () => 'store';
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 7);
    expect(sends()).toEqual(['1-3', '4-5', '1', '2', '3', '4-9']);
    expect(broker.stored.map(textOf)).toEqual(['1', '2', '3', '4', '5', '6', '9']);
    expect(log.duplicates).toEqual(['1', '2', '3']);
  });

  test('in chunks is sent again whole, and is a duplicate by its last chunk', async () => {
    broker.script.maxMessageSize = 1000;
    remember(0);
    const large = 'x'.repeat(2500);
    const log = new SequencedLog();
    const producer = await produce(log, 1);
    broker.script.send = () => 'lose-receipt';
    producer.send(message(large, { recordSequence: 1 }));
    await broker.until(() => broker.stored.length === 4);
    broker.script.send = () => 'store';
    broker.disconnect();
    producer.send(message('after', { recordSequence: 2 }));
    producer.flush();
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
    expect(broker.sent.map(({ messages }) => messages[0]?.chunk?.id ?? -1)).toEqual([
      0, 1, 2, 3, 0, 1, 2, 3, -1,
    ]);
    expect(joinChunks(broker.stored).map(textOf)).toEqual([large, 'after']);
    expect(log.duplicates).toEqual([large]);
  });
});

test('a batch tells its first and its last id, and each message its own', async () => {
  remember(0);
  const log = new SequencedLog();
  sendIds(await produce(log, 1), 3, 7, 1000);
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 3);
  expect(sends()).toEqual(['3-1000']);
  expect(broker.stored.map(({ sequenceId }) => sequenceId)).toEqual([3, 7, 1000]);
  expect(broker.deduplication(TOPIC).lastSequenceId(NAME)).toBe(1000);
});

describe('a topic that has not shown yet that it deduplicates', () => {
  test('gets one message, is asked again under the next epoch, and from then on is known', async () => {
    const [log, other] = [new SequencedLog(), new SequencedLog()];
    const producer = await produce(log);
    sendIds(producer, ...range(0, 10));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 10);
    expect(sends()).toEqual(['0', '1-9']);
    expect(broker.commands('producer').map(({ epoch, producerName }) => [epoch, producerName])).toEqual([
      [0, NAME],
      [1, NAME],
    ]);
    const names = broker.received.map(({ name }) => name);
    expect(names.indexOf('closeProducer')).toBeLessThan(names.lastIndexOf('producer'));
    expect(log.duplicates).toEqual([]);

    await producer.close(1000);
    broker.deduplication(TOPIC).forget(NAME);
    sendIds(await produce(other), ...range(0, 10));
    await other.until(({ confirmedTexts }) => confirmedTexts.length === 10);
    expect(sends().slice(2)).toEqual(['0-9']);
  });

  test('and does not, ends the producer before anything else is sent', async () => {
    broker.script.deduplicates = false;
    const log = new SequencedLog();
    sendIds(await produce(log), ...range(0, 10));
    await log.until(({ failures }) => failures.length === 1);
    expect(log.failures).toMatchObject([{ code: 'PULSAR_DEDUPLICATION_OFF', treatment: 'fatal' }]);
    expect(sends()).toEqual(['0']);
  });

  test('is asked again as well when the connection is lost with that message', async () => {
    const log = new SequencedLog();
    broker.script.send = () => {
      broker.script.send = () => 'store';
      return 'disconnect';
    };
    sendIds(await produce(log), ...range(0, 10));
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 10);
    expect(sends()).toEqual(['0', '0', '1-9']);
    expect(broker.commands('producer').map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
  });

  test('is not asked before the broker has let go of the producer, or the connection is gone', async () => {
    await transport.close(500);
    transport = open({}, { operationTimeout: 100 });
    const log = new SequencedLog();
    const producer = await produce(log);
    broker.script.answersClose = false;
    sendIds(producer, 0, 1);
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
    expect(broker.commands('producer')).toHaveLength(2);
    expect(broker.commands('connect')).toHaveLength(2);
    broker.script.answersClose = true;
  });

  test('closing while the broker lets go of the producer waits for that', async () => {
    const log = new SequencedLog();
    const producer = await produce(log);
    broker.script.answersClose = false;
    sendIds(producer, 0, 1);
    await broker.until(() => broker.commands('closeProducer').length === 1);
    expect(broker.producers).toBe(1);
    broker.script.answersClose = true;
    await producer.close(5000);
    expect(broker.producers).toBe(0);
    expect(broker.commands('producer')).toHaveLength(1);
    expect(sends()).toEqual(['0']);
    expect(log.failures).toEqual([]);
  });

  test('closing while it is asked waits until the broker has let go of the producer', async () => {
    const held = deferred<void>();
    const log = new SequencedLog();
    const producer = await produce(log);
    broker.script.producersHeld = held.promise;
    sendIds(producer, 0, 1);
    await broker.until(() => broker.commands('producer').length === 2);
    const closing = producer.close(5000);
    held.resolve();
    await closing;
    expect(broker.producers).toBe(0);
    expect(sends()).toEqual(['0']);
    expect(log.failures).toEqual([]);
  });
});

describe('an answer that cannot be true', () => {
  test('a duplicate above what the broker told ends the producer, and confirms nothing', async () => {
    remember(4);
    const log = new SequencedLog();
    const producer = await produce(log, 5);
    remember(7);
    sendIds(producer, 5, 6);
    await log.until(({ failures }) => failures.length === 1);
    expect(log.failures).toMatchObject([
      { code: 'SEQUENCE_ID_CLASH', message: expect.stringContaining('expected sequence id 6 to be new') },
    ]);
    expect(log.confirmedTexts).toEqual([]);
  });

  test('a receipt in front of one that is due: what was passed over would be a duplicate of it', async () => {
    remember(0);
    const log = new SequencedLog();
    const producer = await produce(log, 1);
    broker.script.send = ({ sequenceId }) => (sequenceId === 2 ? 'swallow' : 'store');
    sendIds(producer, 1);
    sendIds(producer, 2);
    sendIds(producer, 3);
    await log.until(({ failures }) => failures.length === 1);
    expect(log.failures[0]?.code).toBe('SEQUENCE_ID_CLASH');
    expect(log.confirmedTexts).toEqual(['1']);
  });
});

describe('a send that the broker refuses without looking at it', () => {
  const refusal = { error: 2, message: 'fenced' };

  test('ends the producer for good when something behind it was stored', async () => {
    remember(0);
    const log = new SequencedLog();
    const producer = await produce(log, 1);
    broker.script.send = ({ sequenceId }) => (sequenceId === 1 ? refusal : 'lose-receipt');
    sendIds(producer, 1);
    sendIds(producer, 2);
    await log.until(({ failures }) => failures.length === 1);
    expect(log.failures).toMatchObject([
      { code: 'SEQUENCE_ID_CLASH', message: expect.stringContaining('fenced') },
    ]);
    expect(log.confirmedTexts).toEqual([]);
  });

  test.each([
    [refusal, 'PULSAR_SEND_FAILED'],
    [{ error: 9 }, 'PULSAR_SEND_FAILED'],
    [{ error: 22 }, 'PULSAR_NOT_ALLOWED'],
  ])('ends it as %j when nothing was', async (verdict, code) => {
    remember(0);
    const log = new SequencedLog();
    const producer = await produce(log, 1);
    broker.script.send = () => verdict;
    sendIds(producer, 1);
    sendIds(producer, 2);
    await log.until(({ failures }) => failures.length === 1);
    expect(log.failures[0]?.code).toBe(code);
    await producer.close(1000);
    expect(broker.producers).toBe(0);
  });
});

describe('a producer that ends before it knows what was stored behind a refused send', () => {
  const fenced = { error: 2, message: 'fenced' };
  const NOT_READY = 6;

  /** Message 1 is refused, 2 is stored, and the producer is asking what the broker has when it ends. */
  async function ended(end: (producer: Producer<OutgoingMessage>, log: SequencedLog) => Promise<void>) {
    remember(0);
    const log = new SequencedLog();
    const producer = await produce(log, 1);
    broker.script.producerError = () => NOT_READY;
    broker.script.send = ({ sequenceId }) => (sequenceId === 1 ? fenced : 'lose-receipt');
    sendIds(producer, 1);
    sendIds(producer, 2);
    await broker.until(() => broker.commands('producer').length === 2);
    await end(producer, log);
    broker.script.producerError = () => undefined;
    broker.script.send = () => 'store';
    return log;
  }

  test('is followed by one that does not take the refused message for stored', async () => {
    await transport.close(500);
    transport = open({ sendTimeout: 100 });
    await ended(async (producer, log) => {
      await log.until(({ failures }) => failures.length === 1);
      expect(log.failures[0]?.code).toBe('PULSAR_SEND_TIMEOUT');
      await producer.close(1000);
    });
    const next = new SequencedLog();
    await produce(next, 1);
    expect(next.failures).toMatchObject([{ code: 'SEQUENCE_ID_CLASH' }]);
  });

  test('is followed by one that sends it again when nothing was stored', async () => {
    remember(0);
    const log = new SequencedLog();
    const producer = await produce(log, 1);
    broker.script.producerError = () => NOT_READY;
    broker.script.send = () => fenced;
    sendIds(producer, 1);
    await broker.until(() => broker.commands('producer').length === 2);
    await producer.close(1000);
    expect(log.failures).toEqual([]);
    broker.script.producerError = () => undefined;
    broker.script.send = () => 'store';
    const next = new SequencedLog();
    sendIds(await produce(next, 1), 1);
    await next.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    expect(broker.stored.map(textOf)).toEqual(['1']);
  });

  test('tells that when it is closed: nobody may go on with these numbers', async () => {
    const log = await ended((producer) => producer.close(50));
    expect(log.failures).toMatchObject([{ code: 'SEQUENCE_ID_CLASH' }]);
  });

  test('tells it as well of a refusal, or of what was passed over, that shows while it closes', async () => {
    for (const verdict of [fenced, 'swallow'] as const) {
      const log = new SequencedLog();
      broker.deduplication(TOPIC).forget(NAME);
      remember(0);
      const producer = await produce(log, 1);
      broker.script.send = ({ sequenceId }) => (sequenceId === 1 ? verdict : 'store');
      sendIds(producer, 1);
      sendIds(producer, 2);
      await broker.until(() => broker.sent.length > 0);
      await producer.close(1000);
      expect(log.failures).toMatchObject([{ code: 'SEQUENCE_ID_CLASH' }]);
      broker.sent.length = 0;
      await transport.close(500);
      transport = open();
    }
  });
});

describe('a broker that has forgotten the producer', () => {
  test('is reported when numbers were confirmed before, and sending goes on', async () => {
    const log = new SequencedLog();
    sendIds(await produce(log, 5), 5, 6);
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
    expect(log.forgottenBehind).toEqual([-1]);
  });

  test('is reported at the connection that shows it, once', async () => {
    remember(4);
    const log = new SequencedLog();
    const producer = await produce(log, 5);
    sendIds(producer, 5, 6);
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
    broker.deduplication(TOPIC).forget(NAME);
    for (const connections of [2, 3]) {
      broker.disconnect();
      await broker.until(() => broker.commands('producer').length === connections);
    }
    sendIds(producer, 7);
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 3);
    expect(log.forgottenBehind).toEqual([-1]);
  });

  test('is not one that was never told anything', async () => {
    const log = new SequencedLog();
    const producer = await produce(log);
    broker.disconnect();
    await broker.until(() => broker.commands('producer').length === 2);
    sendIds(producer, 0);
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
    expect(log.forgottenBehind).toEqual([]);
  });
});

test.each([
  ['no number', message('x')],
  ['the same number again', message('x', { recordSequence: 3 })],
  ['a number below the first', message('x', { recordSequence: 1 })],
  ['a number that is not exact', message('x', { recordSequence: 2 ** 53 })],
])('a message with %s ends the producer, and neither it nor what follows is sent', async (_what, wrong) => {
  remember(1);
  const log = new SequencedLog();
  const producer = await produce(log, 2);
  if (wrong.recordSequence === 3) {
    sendIds(producer, 3);
    await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
  }
  const before = sends();
  producer.send(wrong);
  sendIds(producer, 4);
  expect(log.failures).toEqual([]);
  await log.until(({ failures }) => failures.length === 1);
  expect(log.failures[0]?.code).toBe('SEQUENCE_ID_CLASH');
  await producer.close(1000);
  expect(sends()).toEqual(before);
});

test('batches by key are refused', async () => {
  await transport.close(500);
  transport = open({ batchBuilder: 'KEY_BASED' });
  await expect(produce(new SequencedLog())).rejects.toMatchObject({
    message: expect.stringContaining('batches by key'),
  });
  expect(broker.commands('producer')).toEqual([]);
});

test('without sequence ids a duplicate is a success like any other', async () => {
  const log = new SequencedLog();
  const producer = await transport.createProducer({ topic: TOPIC, producerName: NAME, listener: log });
  broker.script.send = () => {
    broker.script.send = () => 'store';
    return 'lose-receipt';
  };
  producer.send(message('a'));
  producer.flush();
  await broker.until(() => broker.stored.length === 1);
  broker.disconnect();
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
  expect(log.duplicates).toEqual([]);
  expect(broker.stored).toHaveLength(1);
});
