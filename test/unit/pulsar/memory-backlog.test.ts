import { processBroker } from '../../../src/pulsar/create-transport';
import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../../src/pulsar/memory-transport';
import type { ConsumerOptions } from '../../../src/pulsar/transport';
import { ManualClock, settle } from '../../support/manual-clock';
import { message, ProducerLog } from '../../support/producer-log';
import { PRODUCER } from '../../support/transport-settings';

const SUBSCRIBE: ConsumerOptions = {
  topic: 'a',
  subscription: 'slow',
  subscriptionType: 'Failover',
  initialPosition: 'earliest',
  receiverQueueSize: 10,
  receiverQueueBytes: 1_000_000,
  negativeAckRedeliveryDelayMs: 1000,
};

/** A producer that has sent all it may into a topic whose only subscription takes nothing. */
async function stalled() {
  const broker = new MemoryBroker({ keep: 0, backlog: { messages: 100, bytes: 1000 } });
  const transport = new MemoryTransport(broker, PRODUCER, new ManualClock());
  const consumer = await transport.subscribe(SUBSCRIBE);
  const log = new ProducerLog();
  const producer = await transport.createProducer({ topic: 'a', listener: log });
  let sent = 0;
  while (producer.writable && sent < 10_000) {
    producer.send(message('x'.repeat(20)));
    sent++;
    await settle();
  }
  return { broker, transport, consumer, log, producer, sent };
}

test('a topic that nobody empties takes no more than its bound, and what it took is confirmed', async () => {
  const { broker, log, sent } = await stalled();
  expect(sent).toBe(50);
  expect(log.confirmedTexts).toHaveLength(50);
  expect(broker.messages('a')).toHaveLength(50);
});

test('its producers go on once it has room again, those of other topics never wait', async () => {
  const { transport, consumer, log, producer, sent } = await stalled();
  const other = await transport.createProducer({ topic: 'b', listener: new ProducerLog() });
  expect(other.writable).toBe(true);
  const drained = log.drains;
  for (let left = sent; left > 0; ) {
    const messages = await consumer.receive(10);
    left -= messages.length;
    for (const received of messages) {
      consumer.acknowledge(received);
    }
  }
  expect(producer.writable).toBe(true);
  expect(log.drains).toBeGreaterThan(drained);
});

test('a producer that is closed is told nothing more', async () => {
  const { consumer, log, producer } = await stalled();
  await producer.close(0);
  const drained = log.drains;
  for (let turn = 0; turn < 5; turn++) {
    for (const received of await consumer.receive(10)) {
      consumer.acknowledge(received);
    }
  }
  expect(log.drains).toBe(drained);
});

test('memory:// is bounded', async () => {
  const transport = new MemoryTransport(
    processBroker,
    { ...PRODUCER, maxPendingBytes: 2 ** 40 },
    new ManualClock(),
  );
  await transport.subscribe(SUBSCRIBE);
  const producer = await transport.createProducer({ topic: 'a', listener: new ProducerLog() });
  let bytes = 0;
  while (producer.writable && bytes < 2 ** 28) {
    producer.send(message('x'.repeat(2 ** 20)));
    bytes += 2 ** 20;
    await settle();
  }
  expect(bytes).toBeLessThan(2 ** 28);
  await transport.close(0);
});
