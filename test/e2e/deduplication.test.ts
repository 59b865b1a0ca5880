import { connect } from 'node:net';
import { BinaryTransport } from '../../src/pulsar/binary-transport';
import type { OutgoingMessage, Producer } from '../../src/pulsar/transport';
import { systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { message, ProducerLog, textOf } from '../support/producer-log';
import { type PulsarBroker, startPulsarBroker } from '../support/pulsar-broker';
import { readTopicUntil } from '../support/pulsar-reader';
import { PRODUCER, pulsarSettings } from '../support/transport-settings';

const LIMIT_BYTES = 16 * 1024;
/** Four chunks each. */
const LARGE_BYTES = 3.5 * LIMIT_BYTES;
const NAME = 'stream/shard/1';

let broker: PulsarBroker;
const transports: BinaryTransport[] = [];

beforeAll(async () => {
  const conf = {
    brokerDeduplicationEnabled: 'true',
    maxMessageSize: String(LIMIT_BYTES),
    defaultRetentionTimeInMinutes: '-1',
    defaultRetentionSizeInMB: '-1',
  };
  broker = await startPulsarBroker({ conf });
}, 300_000);

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(5000)));
});

afterAll(() => broker.dispose());

class SequencedLog extends ProducerLog {
  readonly duplicates: string[] = [];

  override confirmed(stored: OutgoingMessage, duplicate = false): void {
    if (duplicate) {
      this.duplicates.push(idOf(textOf(stored)));
    }
    super.confirmed(stored);
  }
}

const large = (id: number): OutgoingMessage =>
  message(`${id}:`.padEnd(LARGE_BYTES, '.'), { recordSequence: id });
const idOf = (text: string): string => text.slice(0, text.indexOf(':'));
const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => String(from + i));

/** A producer of the one name on a client of its own, as another process has it. */
function produce(
  topic: string,
  listener: ProducerLog,
  {
    mayStillSend = () => true,
    operationTimeout = 20_000,
    producerName = NAME,
  }: {
    readonly mayStillSend?: () => boolean;
    readonly operationTimeout?: number;
    readonly producerName?: string;
  } = {},
): Promise<Producer<OutgoingMessage>> {
  const parts = {
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    connect: (host: string, port: number) => connect({ host, port, noDelay: true }),
  };
  const transport = new BinaryTransport(
    pulsarSettings(broker.serviceUrl, { operationTimeout }),
    PRODUCER,
    parts,
  );
  transports.push(transport);
  const sequencing = {
    producerName,
    firstId: 0,
    enablesDeduplication: false,
    partitions: () => Promise.resolve(0),
    repartition: () => Promise.resolve(),
    abandon: () => Promise.resolve(),
    reached: async () => undefined,
  };
  return transport.createProducer({ topic, mayStillSend, sequencing, listener });
}

/** Sends large messages of these ids as a new process does. @returns those that were stored before */
async function send(topic: string, from: number, to: number, producerName = NAME): Promise<string[]> {
  const log = new SequencedLog();
  const producer = await produce(topic, log, { producerName });
  for (let id = from; id < to; id++) {
    producer.send(large(id));
  }
  await log.until(
    ({ confirmedTexts, failures }) => confirmedTexts.length === to - from || failures.length > 0,
  );
  expect(log.failures).toEqual([]);
  await producer.close(5000);
  return log.duplicates;
}

/** Ids in the topic, in order, up to the message that comes last. */
async function stored(topic: string): Promise<string[]> {
  const end = new ProducerLog();
  const producer = await transports[0]?.createProducer({ topic, listener: end });
  producer?.send(message('end:'));
  producer?.flush();
  await end.until(({ confirmedTexts }) => confirmedTexts.length > 0);
  const isEnd = ({ payload }: { readonly payload: Buffer }): boolean => payload.toString() === 'end:';
  const messages = await readTopicUntil(broker.wsUrl, topic, (read) => read.some(isEnd));
  return messages.filter((one) => !isEnd(one)).map(({ payload }) => idOf(payload.toString()));
}

const unload = (topic: string): Promise<unknown> =>
  broker.admin('PUT', `/persistent/public/default/${topic}/unload`);

async function entries(topic: string): Promise<number> {
  const text = await broker.admin('GET', `/persistent/public/default/${topic}/internalStats`);
  return (JSON.parse(text ?? '{}') as { numberOfEntries?: number }).numberOfEntries ?? 0;
}

test('a message whose sender ended between its chunks is stored by the next one, though the topic was loaded anew', async () => {
  const topic = 'half-a-message';
  const log = new SequencedLog();
  let frames = Number.POSITIVE_INFINITY;
  const producer = await produce(topic, log, { mayStillSend: () => frames-- > 0 });
  producer.send(large(0));
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 1);
  const whole = await entries(topic);
  frames = 2;
  producer.send(large(1));
  await log.until(({ failures }) => failures.length > 0);
  await producer.close(5000);
  expect(await entries(topic)).toBeGreaterThan(whole);
  await unload(topic);
  expect(await send(topic, 0, 3)).toEqual(['0']);
  expect(await stored(topic)).toEqual(ids(0, 3));
});

test('chunks of copies do not make a topic that is loaded anew forget what was stored behind them', async () => {
  const topic = 'copies';
  expect(await send(topic, 0, 10)).toEqual([]);
  expect(await send(topic, 0, 5)).toEqual(ids(0, 5));
  await unload(topic);
  expect(await send(topic, 0, 10)).toEqual(ids(0, 10));
  expect(await stored(topic)).toEqual(ids(0, 10));
});

test('chunks of copies do not make the Java client drop what is sent behind them by several at once', async () => {
  const topic = 'crowded';
  for (let times = 0; times < 5; times++) {
    await send(topic, 0, 8);
  }
  const shards = ['stream/shard/2', 'stream/shard/3', 'stream/shard/4'];
  await Promise.all(shards.map((name) => send(topic, 0, 120, name)));
  expect((await stored(topic)).sort()).toEqual([...shards.flatMap(() => ids(0, 120)), ...ids(0, 8)].sort());
});

test('a second sender of the same numbers is kept out for as long as the first is connected', async () => {
  const topic = 'two-senders';
  const log = new SequencedLog();
  const first = await produce(topic, log);
  first.send(large(0));
  first.send(large(1));
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
  const second = produce(topic, new SequencedLog(), { operationTimeout: 1000 });
  await expect(second).rejects.toMatchObject({ message: expect.stringContaining('already connected') });
  first.send(large(2));
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 3);
  await first.close(5000);
  expect(await send(topic, 0, 4)).toEqual(ids(0, 3));
  expect(await stored(topic)).toEqual(ids(0, 4));
});
