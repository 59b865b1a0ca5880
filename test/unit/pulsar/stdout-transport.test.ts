import { Writable } from 'node:stream';
import { StdoutTransport } from '../../../src/pulsar/stdout-transport';
import { deferred } from '../../../src/util/deferred';
import { ManualClock } from '../../support/manual-clock';
import { message, ProducerLog } from '../../support/producer-log';
import { PRODUCER } from '../../support/transport-settings';

type Taken = (error?: Error | null) => void;

/** A stream that takes a chunk when the test says so. */
class SlowStream extends Writable {
  text = '';
  readonly waiting: Taken[] = [];
  next = deferred<void>();

  override _write(chunk: Buffer, _encoding: string, taken: Taken): void {
    this.text += chunk.toString();
    this.waiting.push(taken);
    this.next.resolve();
    this.next = deferred<void>();
  }
}

const start = (stream: Writable) => new StdoutTransport(stream, PRODUCER, new ManualClock());

test('a message is one line of JSON, its value in base64', async () => {
  const stream = new SlowStream();
  const log = new ProducerLog();
  const producer = await start(stream).createProducer({ topic: 'orders', listener: log });
  const value = Buffer.from([0, 255, 10]);
  producer.send({ key: 'k\n', value, eventTime: 12, properties: { a: 'ü' } });
  producer.send({ key: undefined, value: Buffer.alloc(0), eventTime: undefined, properties: {} });
  await stream.next.promise;
  expect(stream.text).toBe(
    '{"topic":"orders","key":"k\\n","eventTime":12,"properties":{"a":"ü"},"value":"AP8K"}\n' +
      '{"topic":"orders","key":null,"eventTime":null,"properties":{},"value":""}\n',
  );
});

test('a message is confirmed when the stream has taken it, and no second chunk is written before', async () => {
  const stream = new SlowStream();
  const log = new ProducerLog();
  const producer = await start(stream).createProducer({ topic: 'orders', listener: log });
  producer.send(message('x'.repeat(200_000)));
  producer.send(message('b'));
  await stream.next.promise;
  expect(stream.waiting).toHaveLength(1);
  expect(log.confirmedTexts).toEqual([]);
  const second = stream.next.promise;
  stream.waiting.shift()?.();
  await second;
  expect(log.confirmedTexts.map(({ length }) => length)).toEqual([200_000]);
  stream.waiting.shift()?.();
  await log.until(({ confirmedTexts }) => confirmedTexts.length === 2);
});

test('when the reader has gone every producer fails, and no other is made', async () => {
  const stream = new SlowStream();
  const transport = start(stream);
  const log = new ProducerLog();
  const producer = await transport.createProducer({ topic: 'orders', listener: log });
  await transport.createProducer({ topic: 'others', listener: log });
  producer.send(message('a'));
  await stream.next.promise;
  stream.waiting.shift()?.(new Error('EPIPE'));
  await log.until(({ failures }) => failures.length === 2);
  expect(log.failures.map(({ code, treatment }) => [code, treatment])).toEqual([
    ['OUTPUT_CLOSED', 'fatal'],
    ['OUTPUT_CLOSED', 'fatal'],
  ]);
  expect(log.confirmedTexts).toEqual([]);
  await expect(transport.createProducer({ topic: 'a', listener: log })).rejects.toMatchObject({
    code: 'OUTPUT_CLOSED',
  });
});

test('a sender that may not send any more writes nothing', async () => {
  const stream = new SlowStream();
  const log = new ProducerLog();
  const producer = await start(stream).createProducer({
    topic: 'orders',
    listener: log,
    mayStillSend: () => false,
  });
  producer.send(message('a'));
  await log.until(({ failures }) => failures.length === 1);
  expect(log.failures[0]?.code).toBe('PULSAR_SEND_REVOKED');
  expect(stream.text).toBe('');
});

test('close waits for the chunk that is being written, and leaves the stream open', async () => {
  const stream = new SlowStream();
  const log = new ProducerLog();
  const transport = start(stream);
  const producer = await transport.createProducer({ topic: 'orders', listener: log });
  producer.send(message('a'));
  await stream.next.promise;
  producer.send(message('b'));
  const closing = transport.close(1000);
  stream.waiting.shift()?.();
  await closing;
  expect(log.confirmedTexts).toEqual(['a']);
  expect(stream.text.match(/\n/g)).toHaveLength(1);
  expect(stream.writable).toBe(true);
});

test('nobody can consume from it, and the error says from what instead', async () => {
  const options = {
    topic: 'orders',
    subscription: 'export',
    subscriptionType: 'Exclusive',
    initialPosition: 'earliest',
    receiverQueueSize: 1,
    receiverQueueBytes: 1,
    negativeAckRedeliveryDelayMs: 1,
  } as const;
  await expect(start(new SlowStream()).subscribe(options)).rejects.toMatchObject({
    code: 'NOT_AVAILABLE_YET',
    expected: 'pulsar:// or memory://',
    hint: expect.stringContaining('pulsar.serviceUrl'),
  });
});
