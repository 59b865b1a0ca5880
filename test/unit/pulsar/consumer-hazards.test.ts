import { connect } from 'node:net';
import { deflateSync } from 'node:zlib';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import type { Consumer, ConsumerOptions, ReceivedMessage } from '../../../src/pulsar/transport';
import { sleep, systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { type AckVerdict, messageFrame } from '../../support/fake-consumers';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import type { FakeEntry, FakeTopic } from '../../support/fake-subscriptions';
import { encodeSingle } from '../../support/message-codec';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

const OPERATION_MS = 150;

let broker: FakePulsarBroker;
let topic: FakeTopic;
const transports: BinaryTransport[] = [];

beforeEach(async () => {
  broker = await FakePulsarBroker.start();
  topic = broker.consumers.topic('orders');
});

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close(200)));
  await broker.stop().catch(() => undefined);
});

function subscribe(options: Partial<ConsumerOptions> = {}): Promise<Consumer> {
  const settings = pulsarSettings(broker.serviceUrl, { operationTimeout: OPERATION_MS });
  const transport = new BinaryTransport(settings, PRODUCER, {
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
    receiverQueueBytes: 1024 * 1024,
    negativeAckRedeliveryDelayMs: 50,
    ...options,
  });
}

async function take(consumer: Consumer, count: number): Promise<ReceivedMessage[]> {
  const taken: ReceivedMessage[] = [];
  while (taken.length < count) {
    taken.push(...(await consumer.receive(count - taken.length)));
  }
  return taken;
}

const textsOf = (messages: readonly ReceivedMessage[]): string[] =>
  messages.map(({ value }) => Buffer.from(value ?? []).toString());

test('what still comes from the place it has left is not handed out before what goes ahead of it', async () => {
  const entries = ['a', 'b', 'c', 'd'].map((text) =>
    topic.append(encodeSingle({ value: Buffer.from(text) })),
  );
  const consumer = await subscribe();
  const [first] = (await take(consumer, 1)) as [ReceivedMessage];
  const verdicts: AckVerdict[] = [{ error: 0 }];
  broker.consumers.script.ack = () => verdicts.shift() ?? 'answer';
  broker.consumers.script.subscribeError = ({ consumerId }) => {
    // On its way since before the consumer was closed.
    broker.write(messageFrame(consumerId, entries[3] as FakeEntry, 0));
    return undefined;
  };
  consumer.acknowledge(first);
  while (broker.commands('subscribe').length < 2) {
    await sleep(systemClock, 2);
  }
  expect(textsOf(await take(consumer, 3))).toEqual(['b', 'c', 'd']);
});

test('a broker that takes no acknowledgement is asked more and more seldom, until it takes one', async () => {
  topic.append(encodeSingle({ value: Buffer.from('a') }));
  const consumer = await subscribe();
  const [message] = (await take(consumer, 1)) as [ReceivedMessage];
  broker.consumers.script.ack = () => ({ error: 0 });
  const start = systemClock.monotonic();
  consumer.acknowledge(message);
  while (broker.commands('ack').length < 6) {
    await sleep(systemClock, 2);
  }
  // Ceilings of 200, 400, 800, 1600 and 3200 ms; a first wait is 50 ms on average.
  expect(systemClock.monotonic() - start).toBeGreaterThan(1000);
  broker.consumers.script.ack = () => 'answer';
  await consumer.whenCaughtUp();
});

test('a schema is waited for as long as the broker is away', async () => {
  const schemaVersion = Buffer.alloc(8);
  topic.append(encodeSingle({ value: Buffer.from('a') }, { schemaVersion }));
  broker.consumers.script.schema = () => ({ name: 'n', type: 1, schemaData: Buffer.alloc(0) });
  const consumer = await subscribe();
  const [message] = (await take(consumer, 1)) as [ReceivedMessage];
  await broker.stop();
  const schema = consumer.schemaOf(message);
  await sleep(systemClock, 3 * OPERATION_MS);
  await broker.listen();
  expect(await schema).toMatchObject({ type: 'STRING' });
});

test('a message whose schema the broker does not have is one that cannot be read', async () => {
  const schemaVersion = Buffer.from([0, 0, 0, 9]);
  topic.append(encodeSingle({ value: Buffer.from('a') }, { schemaVersion }));
  const consumer = await subscribe();
  const [message] = (await take(consumer, 1)) as [ReceivedMessage];
  await expect(consumer.schemaOf(message)).rejects.toMatchObject({
    code: 'PULSAR_MESSAGE_UNREADABLE',
    message: expect.stringContaining('no schema of version 00000009'),
  });
});

test('compressed messages are not all unpacked at once, however many are asked for', async () => {
  const size = 600 * 1024;
  for (let i = 0; i < 20; i++) {
    topic.append(encodeSingle({ value: Buffer.alloc(size, i) }, { compression: 2, compress: deflateSync }));
  }
  const consumer = await subscribe();
  const found: (number | undefined)[] = [];
  while (found.length < 20) {
    const messages = await consumer.receive(100);
    expect(messages.length).toBeLessThanOrEqual(2);
    found.push(...messages.map(({ value }) => value?.[size - 1]));
  }
  expect(found).toEqual(Array.from({ length: 20 }, (_, i) => i));
});
