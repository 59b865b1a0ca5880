import { ConnectorError } from '../../../src/errors';
import type { EncryptionContext } from '../../../src/io';
import { settle } from '../../support/manual-clock';
import { startRun, throttled, tooLarge } from '../../support/runner-lab';
import { received } from '../../support/scripted-consumer';
import { PRODUCER } from '../../support/transport-settings';

describe('dead letters', () => {
  it('a hopeless message goes to the dead-letter topic as it was, and is acknowledged when it is stored', async () => {
    const { sink, consumer, transport } = await startRun({ deadLetterTopic: 'dlq' });
    const message = received('7:3', { key: 'k', eventTime: 5, properties: { p: 'v' } });
    consumer.give(message);
    await settle();
    expect(transport.producers).toEqual([]);
    sink.record().fail(new ConnectorError('SINK_RECORD_INVALID', 'x'.repeat(5000)));
    const producer = await transport.producer(0);
    expect(producer.topic).toBe('dlq');
    expect(producer.sent[0]).toMatchObject({
      key: 'k',
      value: message.value,
      eventTime: 5,
      properties: {
        p: 'v',
        REAL_TOPIC: 'persistent://public/default/in',
        ORIGIN_MESSAGE_ID: '7:3',
        'pulsar-io-kinesis.error.code': 'SINK_RECORD_INVALID',
        'pulsar-io-kinesis.error.message': 'x'.repeat(1000),
      },
    });
    expect(consumer.acknowledged).toEqual([]);
    producer.confirm(0);
    expect(consumer.acknowledged).toEqual(['7:3']);
  });

  it('what a producer cannot say of a key or a null value stands in properties, and the first origin stays', async () => {
    const { sink, consumer, transport } = await startRun({ deadLetterTopic: 'dlq' });
    const properties = { REAL_TOPIC: 'first', ORIGIN_MESSAGE_ID: '1:1' };
    consumer.give(received('2', { key: 'AA==', keyIsBase64: true, value: undefined, properties }));
    await settle();
    sink.record().fail(tooLarge);
    const { sent } = await transport.producer(0);
    expect(sent[0]).toMatchObject({
      value: new Uint8Array(),
      properties: {
        ...properties,
        'pulsar-io-kinesis.key.encoding': 'base64',
        'pulsar-io-kinesis.value': 'null',
      },
    });
  });

  it('an encrypted message takes along what it can be decrypted with', async () => {
    const { sink, consumer, transport } = await startRun({ deadLetterTopic: 'dlq' });
    const encryption: EncryptionContext = {
      keys: [{ name: 'team', value: Buffer.from('sealed'), metadata: { version: '1' } }],
      param: Buffer.from('iv'),
      algorithm: 'AES',
      compressionType: 'LZ4',
      uncompressedMessageSize: 9,
      batchSize: undefined,
    };
    consumer.give(received('1', { encryption }));
    await settle();
    sink.record().fail(tooLarge);
    const { sent } = await transport.producer(0);
    expect(JSON.parse(sent[0]?.properties['pulsar-io-kinesis.encryption'] ?? '')).toEqual({
      keysMapBase64: { team: 'c2VhbGVk' },
      keysMetadataMap: { team: { version: '1' } },
      encParamBase64: 'aXY=',
      algorithm: 'AES',
      compressionType: 'LZ4',
      uncompressedMessageSize: 9,
    });
  });

  it('a message that failed too often goes to the topic that Pulsar would take', async () => {
    const { sink, consumer, transport } = await startRun({ maxMessageRetries: 2 });
    consumer.give(received('1', { redeliveryCount: 1 }), received('2', { redeliveryCount: 2 }));
    await settle();
    sink.record(0).fail(throttled);
    sink.record(1).fail(throttled);
    const producer = await transport.producer(0);
    expect(producer.topic).toBe('persistent://public/default/in-sub-DLQ');
    expect(producer.sent).toHaveLength(1);
    expect(consumer.refused).toEqual(['1']);
  });

  it('counts the redeliveries itself where the broker does not', async () => {
    const { sink, consumer, transport } = await startRun({
      maxMessageRetries: 2,
      subscriptionType: 'Failover',
    });
    for (let delivery = 0; delivery < 3; delivery++) {
      consumer.give('1', `other ${delivery}`);
      await settle();
      sink.record(2 * delivery).fail(throttled);
      sink.record(2 * delivery + 1).ack();
    }
    const { sent } = await transport.producer(0);
    expect(sent).toHaveLength(1);
    expect(consumer.refused).toEqual(['1', '1']);
  });

  it('is tried for as long as the broker may come back', async () => {
    const { sink, consumer, transport, clock } = await startRun({ deadLetterTopic: 'dlq' });
    transport.refusals.push(
      ...Array.from({ length: 30 }, () => new ConnectorError('PULSAR_UNAVAILABLE', 'gone')),
    );
    consumer.give('1');
    await settle();
    sink.record().fail(tooLarge);
    await clock.advance(60_000);
    (await transport.producer(0)).confirm(0);
    expect(consumer.acknowledged).toEqual(['1']);
  });

  it('a dead letter that can never be stored ends the run, and its message stays', async () => {
    const { sink, consumer, transport, done } = await startRun({ deadLetterTopic: 'dlq' });
    consumer.give('1', '2');
    await settle();
    sink.record(0).fail(tooLarge);
    sink.record(1).fail(tooLarge);
    const producer = await transport.producer(0);
    const refused = new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', 'too large for the broker');
    const [first, second] = producer.sent;
    if (first === undefined || second === undefined) {
      throw new Error('both were sent');
    }
    producer.listener.rejected(first, refused);
    await settle();
    producer.listener.confirmed(second);
    await expect(done).rejects.toMatchObject({ code: 'DEAD_LETTER_REFUSED', cause: refused });
    expect(consumer.events).toEqual(['pause', 'ack 2', 'close']);
  });

  it('a producer that can never be made ends the run at once', async () => {
    const { sink, consumer, transport, done } = await startRun({ deadLetterTopic: 'dlq' });
    const refused = new ConnectorError('PULSAR_AUTHORIZATION', 'no');
    transport.refusals.push(refused);
    consumer.give('1');
    await settle();
    sink.record().fail(tooLarge);
    await expect(done).rejects.toMatchObject({ code: 'DEAD_LETTER_REFUSED', cause: refused });
  });

  it('one that turns out so during the end is not waited for', async () => {
    const { sink, consumer, transport, clock, stop, done } = await startRun({ deadLetterTopic: 'dlq' });
    const refused = new ConnectorError('PULSAR_AUTHORIZATION', 'no');
    transport.refusals.push(new ConnectorError('PULSAR_UNAVAILABLE', 'gone'), refused);
    consumer.give('1');
    await settle();
    sink.record().fail(tooLarge);
    await settle();
    stop();
    await clock.advance(100);
    await expect(done).rejects.toMatchObject({ code: 'DEAD_LETTER_REFUSED', cause: refused });
    expect(consumer.acknowledged).toEqual([]);
  });

  it('no more messages are at risk while too many dead letters are on their way', async () => {
    const { sink, consumer, transport } = await startRun({ deadLetterTopic: 'dlq' });
    sink.writing = (record) => record.fail(tooLarge);
    consumer.give(...Array.from({ length: 1500 }, (_, i) => `${i}`));
    const producer = await transport.producer(0);
    await settle();
    expect(sink.written).toHaveLength(1000);
    producer.confirm(0);
    await settle();
    expect(sink.written).toHaveLength(1001);
    for (let place = 1; place < 1500; place++) {
      producer.confirm(place);
      await settle();
    }
    expect(sink.written).toHaveLength(1500);
    expect(consumer.acknowledged).toHaveLength(1500);
  });

  it('the bound counts bytes as well', async () => {
    const { sink, consumer, transport } = await startRun({ deadLetterTopic: 'dlq' });
    sink.writing = (record) => record.fail(tooLarge);
    const value = new Uint8Array(4 * 1024 * 1024);
    consumer.give(...Array.from({ length: 10 }, (_, i) => received(`${i}`, { value })));
    await transport.producer(0);
    await settle();
    expect(sink.written).toHaveLength(4);
  });

  it('the end waits for dead letters, then closes the consumers', async () => {
    const { sink, consumer, transport, stop, done } = await startRun({ deadLetterTopic: 'dlq' });
    consumer.give('1');
    await settle();
    sink.record().fail(tooLarge);
    const producer = await transport.producer(0);
    stop();
    await settle();
    expect(consumer.events).toEqual(['pause']);
    producer.confirm(0);
    expect(await done).toBe('drained');
    expect(consumer.events).toEqual(['pause', 'ack 1', 'close']);
    expect(producer.closing).toBeDefined();
  });

  it('with ATMOST_ONCE too, but nothing is acknowledged twice', async () => {
    const { sink, consumer, transport } = await startRun({
      processingGuarantees: 'ATMOST_ONCE',
      deadLetterTopic: 'dlq',
    });
    consumer.give('1');
    await settle();
    sink.record().fail(tooLarge);
    (await transport.producer(0)).confirm(0);
    expect(consumer.acknowledged).toEqual(['1']);
  });

  it('a dead-letter topic that never answers gets another producer, and nothing is acknowledged before it stores', async () => {
    const { sink, consumer, transport, clock, counts, stop, done } = await startRun({
      deadLetterTopic: 'dlq',
      producer: { ...PRODUCER, sendStallTimeout: 20_000 },
    });
    consumer.give(received('1'));
    await settle();
    sink.record().fail(tooLarge);
    const silent = await transport.producer(0);
    await clock.advance(23_000);
    expect(silent.closing).toBeDefined();
    const second = await transport.producer(1);
    expect(second.sent).toEqual(silent.sent);
    expect(consumer.acknowledged).toEqual([]);
    second.confirm(0);
    expect(consumer.acknowledged).toEqual(['1']);
    expect(counts()).toMatchObject({ stalls: 1, part_restarts: 1 });
    stop();
    await clock.run(done);
    expect(clock.pending).toBe(0);
  });
});
