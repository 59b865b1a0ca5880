import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../../src/pulsar/memory-transport';
import { ManualClock } from '../../support/manual-clock';
import { message, ProducerLog, textOf } from '../../support/producer-log';
import { PRODUCER } from '../../support/transport-settings';

test('a rate is kept over all producers, on the clock given', async () => {
  const clock = new ManualClock();
  const broker = new MemoryBroker({ messagesPerSecond: 100 });
  const transport = new MemoryTransport(broker, PRODUCER, clock);
  const log = new ProducerLog();
  const producers = [
    await transport.createProducer({ topic: 'a', listener: log }),
    await transport.createProducer({ topic: 'b', listener: log }),
  ];
  for (let i = 0; i < 300; i++) {
    producers[i % 2]?.send(message(String(i)));
  }
  await clock.advance(1000);
  expect(log.confirmedTexts).toHaveLength(100);
  await clock.advance(2000);
  expect(log.confirmedTexts).toHaveLength(300);
  expect(broker.stored('a')).toBe(150);
});

test('what is on its way is stored by a close, and only within its deadline', async () => {
  const clock = new ManualClock();
  const broker = new MemoryBroker({ latencyMs: 100 });
  const transport = new MemoryTransport(broker, PRODUCER, clock);
  for (const [topic, deadline] of [
    ['patient', 200],
    ['hasty', 50],
  ] as const) {
    const log = new ProducerLog();
    const producer = await transport.createProducer({ topic, listener: log });
    producer.send(message('sent'));
    await clock.advance(10);
    producer.send(message('queued'));
    await clock.run(producer.close(deadline));
    await clock.advance(1000);
    expect(broker.messages(topic).map(textOf)).toEqual(topic === 'patient' ? ['sent'] : []);
    expect(log.confirmedTexts).toEqual(topic === 'patient' ? ['sent'] : []);
  }
  expect(clock.pending).toBe(0);
});

test('topics are shared by name between transports, short or full', async () => {
  const broker = new MemoryBroker();
  const clock = new ManualClock();
  const log = new ProducerLog();
  for (const topic of ['a', 'persistent://public/default/a']) {
    const producer = await new MemoryTransport(broker, PRODUCER, clock).createProducer({
      topic,
      listener: log,
    });
    producer.send(message(topic));
  }
  await clock.advance(0);
  expect(broker.messages('a').map(textOf)).toEqual(['a', 'persistent://public/default/a']);
  expect(broker.topics).toEqual(['persistent://public/default/a']);
});

test('a broker told to keep few counts all', async () => {
  const broker = new MemoryBroker({ keep: 10 });
  for (let i = 0; i < 1000; i++) {
    broker.store('persistent://public/default/a', message(String(i)));
  }
  expect(broker.stored('a')).toBe(1000);
  const kept = broker.messages('a').map(textOf);
  expect(kept.length).toBeLessThanOrEqual(20);
  expect(kept.slice(-10)).toEqual(Array.from({ length: 10 }, (_, i) => String(990 + i)));
});
