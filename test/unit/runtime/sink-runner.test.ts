import { consumerSettings } from '../../../src/config/consumer-settings';
import { ConnectorError } from '../../../src/errors';
import { BYTES_SCHEMA, type Schema } from '../../../src/io';
import { deferred } from '../../../src/util/deferred';
import { ManualClock, settle } from '../../support/manual-clock';
import { denied, runnerLab, startRun, throttled, tooLarge } from '../../support/runner-lab';
import { received, ScriptedPulsar } from '../../support/scripted-consumer';

describe('sink runner: messages become records', () => {
  it('subscribes to each topic as the definition says, after the sink is open', async () => {
    const clock = new ManualClock();
    const lab = runnerLab(new ScriptedPulsar(), clock, {
      inputs: ['a', 'b'],
      subscriptionType: 'Key_Shared',
    });
    const open = deferred<void>();
    lab.sink.opening = () => open.promise;
    const { running } = lab.run();
    await settle();
    expect(lab.transport.consumers).toEqual([]);
    open.resolve();
    await running;
    expect(lab.transport.consumers.map(({ options }) => options)).toMatchObject(
      ['a', 'b'].map((topic) => ({
        topic,
        isPattern: false,
        subscription: 'sub',
        subscriptionType: 'Key_Shared',
        initialPosition: 'earliest',
        receiverQueueSize: 1000,
        receiverQueueBytes: 1_000_000,
        negativeAckRedeliveryDelayMs: 1000,
        settings: consumerSettings(),
      })),
    );
    expect(lab.sink.context).toMatchObject({
      inputTopics: ['persistent://public/default/a', 'persistent://public/default/b'],
      subscriptionType: 'Key_Shared',
    });
  });

  it.each([
    [true, 'without a dead-letter topic', {}],
    [false, 'with one', { deadLetterTopic: 'dead' }],
    [false, 'with one that the number of retries implies', { maxMessageRetries: 3 }],
    [true, 'with EFFECTIVELY_ONCE', { deadLetterTopic: 'dead', processingGuarantees: 'EFFECTIVELY_ONCE' }],
    [false, 'with ATMOST_ONCE', { processingGuarantees: 'ATMOST_ONCE' }],
  ] as const)(
    'tells the sink whether a record failed for good ends it: %s %s',
    async (ends, _what, fields) => {
      const { sink } = await startRun(fields);
      expect(sink.context?.failureEnds).toBe(ends);
    },
  );

  it('a record carries what its message does', async () => {
    const { sink, consumer } = await startRun();
    const encryption = { algorithm: 'AES' } as never;
    consumer.give(
      received('1', { key: 'k', eventTime: 5, properties: { p: 'v' }, value: undefined, encryption }),
    );
    await settle();
    expect(sink.record()).toMatchObject({
      key: 'k',
      value: undefined,
      eventTime: 5,
      properties: { p: 'v' },
      topicName: 'persistent://public/default/in',
      partitionId: 'persistent://public/default/in',
      recordSequence: undefined,
      encryption,
      schema: BYTES_SCHEMA,
    });
  });

  it('takes the schema of the message, else the one configured for its topic, else bytes', async () => {
    const schema: Schema = { type: 'JSON', name: 'orders', definition: '{}' };
    const { sink, transport } = await startRun({
      inputs: ['typed', 'bare'],
      schemaTypes: { typed: 'STRING' },
    });
    const [typed, bare] = [transport.consumer(0), transport.consumer(1)];
    const versioned = received('1', { schemaVersion: new Uint8Array([0]) });
    const asked = deferred<Schema>();
    typed.schema = () => asked.promise;
    typed.give(versioned, '2');
    await settle();
    expect(sink.written).toEqual([]);
    asked.resolve(schema);
    await settle();
    typed.give(received('3', { schemaVersion: new Uint8Array() }));
    bare.give('4');
    await settle();
    expect(sink.written.map((record) => record.schema.type)).toEqual(['JSON', 'STRING', 'STRING', 'BYTES']);
    expect(sink.record(0).schema).toBe(schema);
  });

  it('a topic without a configured schema has none, whatever it is called', async () => {
    const { sink, consumer } = await startRun({ inputs: ['constructor'] });
    consumer.give('1');
    await settle();
    expect(sink.record().schema.type).toBe('BYTES');
  });

  it('a schema that nobody answers for now makes its message come again; one that is refused ends the run', async () => {
    const { sink, consumer, transport, done } = await startRun({ deadLetterTopic: 'dlq' });
    const versioned = (id: string) => received(id, { schemaVersion: new Uint8Array([0]) });
    consumer.schema = () => Promise.reject(new ConnectorError('PULSAR_UNAVAILABLE', 'gone'));
    consumer.give(versioned('1'), '2');
    await settle();
    expect(consumer.refused).toEqual(['1']);
    expect(sink.values).toEqual(['2']);
    const refused = new ConnectorError('PULSAR_AUTHORIZATION', 'no');
    consumer.schema = () => Promise.reject(refused);
    consumer.give(versioned('3'));
    await expect(done).rejects.toBe(refused);
    expect(consumer.refused).toEqual(['1']);
    expect(transport.producers).toEqual([]);
  });

  it('a message whose own schema cannot be read is hopeless', async () => {
    const { sink, consumer, transport } = await startRun({ deadLetterTopic: 'dlq' });
    consumer.schema = () => Promise.reject(new ConnectorError('PULSAR_MESSAGE_UNREADABLE', 'cut off'));
    consumer.give(received('1', { schemaVersion: new Uint8Array([0]) }), '2');
    const producer = await transport.producer(0);
    expect(producer.sent[0]?.properties).toMatchObject({ ORIGIN_MESSAGE_ID: '1' });
    expect(sink.values).toEqual(['2']);
  });

  it('with ATMOST_ONCE a message whose own schema cannot be read is acknowledged all the same', async () => {
    const { sink, consumer } = await startRun({ processingGuarantees: 'ATMOST_ONCE' });
    consumer.schema = () => Promise.reject(new ConnectorError('PULSAR_MESSAGE_UNREADABLE', 'cut off'));
    consumer.give(received('1', { schemaVersion: new Uint8Array([0]) }), '2');
    await settle();
    expect(sink.values).toEqual(['2']);
    expect(consumer.acknowledged).toEqual(['1', '2']);
  });

  it('writes one record at a time, over all topics, and topics take turns', async () => {
    const { sink, transport } = await startRun({ inputs: ['a', 'b'] });
    const ids = (topic: string) => Array.from({ length: 300 }, (_, i) => `${topic}${i}`);
    sink.writing = () => new Promise((resolve) => setImmediate(resolve));
    transport.consumer(0).give(...ids('a'));
    transport.consumer(1).give(...ids('b'));
    while (sink.written.length < 600) {
      await settle();
    }
    expect(sink.concurrency).toBe(1);
    expect(sink.values.filter((value) => value.startsWith('a'))).toEqual(ids('a'));
    expect(sink.values.filter((value) => value.startsWith('b'))).toEqual(ids('b'));
    expect(sink.values.slice(0, 250).filter((value) => value.startsWith('b')).length).toBeGreaterThan(50);
  });

  it('a topic without messages, or without an answer about its schema, does not hold up another', async () => {
    const { sink, transport } = await startRun({ inputs: ['stalled', 'flowing'] });
    transport.consumer(0).schema = () => new Promise(() => undefined);
    transport.consumer(0).give(received('1', { schemaVersion: new Uint8Array([0]) }));
    transport.consumer(1).give('2', '3');
    await settle();
    expect(sink.values).toEqual(['2', '3']);
  });

  it('does not take more while the sink has no room', async () => {
    const { sink, consumer } = await startRun();
    const room = deferred<void>();
    sink.writing = () => room.promise;
    consumer.give('1', '2');
    await settle();
    expect(sink.values).toEqual(['1']);
    room.resolve();
    await settle();
    expect(sink.values).toEqual(['1', '2']);
  });
});

describe('sink runner: what the sink says of a record', () => {
  it('an ack acknowledges, a failure that may heal refuses, and only the first of them counts', async () => {
    const { sink, consumer } = await startRun();
    consumer.give('1', '2');
    await settle();
    const [first, second] = [sink.record(0), sink.record(1)];
    first.ack();
    first.ack();
    first.fail(throttled);
    second.fail(new Error('of a user'));
    second.fail(tooLarge);
    second.ack();
    expect(consumer.events).toEqual(['ack 1', 'nack 2']);
  });

  it('a hopeless failure without a dead-letter topic ends the run, and its message stays', async () => {
    const { sink, consumer, done, warnings } = await startRun();
    consumer.give('1', '2');
    await settle();
    sink.record(1).ack();
    sink.record(0).fail(tooLarge);
    await expect(done).rejects.toBe(tooLarge);
    expect(consumer.events).toEqual(['ack 2', 'pause', 'close']);
    expect(sink.closes).toBe(1);
    expect(warnings).toEqual([
      {
        message: expect.stringContaining('the instance ends'),
        fields: expect.objectContaining({ message: '1' }),
      },
    ]);
  });

  it('counts what is delivered again, dead-lettered and dropped', async () => {
    const atLeast = await startRun({ deadLetterTopic: 'dlq' });
    atLeast.consumer.give('1', '2', '3');
    await settle();
    atLeast.sink.record(0).fail(throttled);
    atLeast.sink.record(1).fail(throttled);
    atLeast.sink.record(2).fail(tooLarge);
    (await atLeast.transport.producer(0)).confirm(0);
    expect(atLeast.counts()).toEqual({ messages_redelivered: 2, messages_dead_lettered: 1 });
    const atMost = await startRun({ processingGuarantees: 'ATMOST_ONCE' });
    atMost.consumer.give('1');
    await settle();
    atMost.sink.record().fail(throttled);
    expect(atMost.counts()).toEqual({ messages_dropped: 1 });
  });

  it('many failures make few log lines, which count them', async () => {
    const { sink, consumer, clock, warnings } = await startRun();
    sink.writing = (record) => record.fail(throttled);
    consumer.give(...Array.from({ length: 50 }, (_, i) => `${i}`));
    await settle();
    await clock.advance(10_000);
    consumer.give('more');
    await settle();
    expect(warnings.map(({ fields }) => fields.messages)).toEqual([1, 50]);
    expect(warnings[0]?.fields).toMatchObject({ code: 'AWS_THROTTLED', reason: 'throttled', message: '0' });
  });

  it('with ATMOST_ONCE a message is acknowledged before the sink has it, and a failure is only told', async () => {
    const { sink, consumer, warnings, stop, done } = await startRun({ processingGuarantees: 'ATMOST_ONCE' });
    sink.writing = () => {
      consumer.events.push('write');
    };
    consumer.give('1');
    await settle();
    sink.record().fail(throttled);
    expect(consumer.events).toEqual(['ack 1', 'write']);
    expect(warnings[0]?.message).toContain('ATMOST_ONCE');
    consumer.give('2', '3');
    await settle();
    sink.record(2).ack();
    stop();
    expect(await done).toBe('drained');
    expect(consumer.acknowledged).toEqual(['1', '2', '3']);
  });

  it('with EFFECTIVELY_ONCE any failure ends the run, after one warning of what it is worth', async () => {
    const { sink, consumer, done, warnings } = await startRun({
      processingGuarantees: 'EFFECTIVELY_ONCE',
      subscriptionType: 'Failover',
      deadLetterTopic: 'dlq',
    });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toContain('at least once');
    consumer.give('1');
    await settle();
    sink.record().fail(throttled);
    await expect(done).rejects.toBe(throttled);
    expect(consumer.events).toEqual(['pause', 'close']);
  });
});

describe('sink runner: subscribing', () => {
  it('is tried for as long as it may heal, while other topics flow', async () => {
    const clock = new ManualClock();
    const lab = runnerLab(new ScriptedPulsar(), clock, { inputs: ['busy', 'free'] });
    const subscribe = lab.transport.subscribe.bind(lab.transport);
    let busy = 30;
    lab.transport.subscribe = async (options) => {
      if (options.topic === 'busy' && busy-- > 0) {
        throw new ConnectorError('PULSAR_CONSUMER_BUSY', 'busy');
      }
      return subscribe(options);
    };
    const { running } = lab.run();
    await settle();
    lab.transport.consumer(0).give('1');
    await settle();
    expect(lab.sink.values).toEqual(['1']);
    await clock.run(running);
    expect(lab.transport.consumers.map(({ options }) => options.topic)).toEqual(['free', 'busy']);
    expect(lab.warnings).toHaveLength(30);
  });

  it('what cannot heal ends the run and closes the consumers that are there', async () => {
    const lab = runnerLab(new ScriptedPulsar(), new ManualClock(), { inputs: ['a', 'b'] });
    const mismatch = new ConnectorError('PULSAR_SUBSCRIPTION_MISMATCH', 'other type');
    lab.transport.subscribeRefusals.push(mismatch);
    await expect(lab.run().done).rejects.toBe(mismatch);
    expect(lab.transport.consumers.every(({ closing }) => closing !== undefined)).toBe(true);
  });

  it('what heals only perhaps is tried ten times', async () => {
    const clock = new ManualClock();
    const lab = runnerLab(new ScriptedPulsar(), clock);
    const unknown = new ConnectorError('PULSAR_UNKNOWN', 'what is that');
    lab.transport.subscribeRefusals.push(...Array.from({ length: 20 }, () => unknown));
    await expect(clock.run(lab.run().done)).rejects.toBe(unknown);
    expect(lab.transport.subscribeRefusals).toHaveLength(10);
  });

  it('a consumer that comes after the end is closed', async () => {
    const lab = runnerLab(new ScriptedPulsar(), new ManualClock());
    const subscribe = lab.transport.subscribe.bind(lab.transport);
    const late = deferred<void>();
    lab.transport.subscribe = async (options) => {
      await late.promise;
      return subscribe(options);
    };
    const { done } = lab.run();
    await settle();
    lab.stop();
    expect(await done).toBe('drained');
    late.resolve();
    await settle();
    expect(lab.transport.consumer().closing).toBeDefined();
  });
});

describe('sink runner: until caught up', () => {
  it('ends in order once all topics are, and lets nothing linger meanwhile', async () => {
    const clock = new ManualClock();
    const lab = runnerLab(new ScriptedPulsar(), clock, { inputs: ['a', 'b'] }, { untilCaughtUp: true });
    let flushes = 0;
    lab.sink.flush = () => {
      flushes++;
    };
    const { done, running } = lab.run();
    await running;
    await clock.advance(1000);
    expect(flushes).toBeGreaterThan(5);
    lab.transport.consumer(0).caughtUp.resolve();
    await settle();
    expect(lab.sink.closes).toBe(0);
    lab.transport.consumer(1).caughtUp.resolve();
    expect(await done).toBe('drained');
    expect(lab.transport.consumers.every(({ closing }) => closing !== undefined)).toBe(true);
    await settle();
    expect(clock.pending).toBe(0);
  });

  it('a flush that fails ends the run', async () => {
    const lab = runnerLab(new ScriptedPulsar(), new ManualClock(), {}, { untilCaughtUp: true });
    lab.sink.flush = () => {
      throw denied;
    };
    await expect(lab.run().done).rejects.toBe(denied);
  });
});
