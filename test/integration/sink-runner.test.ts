import { ConnectorError } from '../../src/errors';
import type { Record } from '../../src/io';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import type { SinkValue } from '../../src/sink/entry';
import { ManualClock } from '../support/manual-clock';
import { type PlayedSink, runnerLab, textOf } from '../support/runner-lab';
import { PRODUCER } from '../support/transport-settings';

function setUp(...messages: readonly string[]) {
  const clock = new ManualClock();
  const broker = new MemoryBroker();
  const publish = (...values: readonly string[]): void => {
    for (const value of values) {
      broker.publish('in', { value: Buffer.from(value) });
    }
  };
  publish(...messages);
  const lab = (...[fields, options]: [Parameters<typeof runnerLab>[2]?, Parameters<typeof runnerLab>[3]?]) =>
    runnerLab(new MemoryTransport(broker, PRODUCER, clock), clock, fields, options);
  return { clock, broker, publish, lab };
}

/** Stores what it was given only when it is told to, as a sink with batches does. */
function batching(sink: PlayedSink): string[] {
  const stored: string[] = [];
  let batch: Record<SinkValue>[] = [];
  sink.writing = (record) => {
    batch.push(record);
  };
  sink.flush = () => {
    for (const record of batch) {
      stored.push(textOf(record));
      record.ack();
    }
    batch = [];
  };
  sink.closing = async () => sink.flush?.();
  return stored;
}

const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `${from + i}`);

describe('sink runner with a broker in memory', () => {
  it('runs until it has caught up: everything stored, everything acknowledged', async () => {
    const { clock, broker, lab } = setUp(...numbers(2500));
    const { sink, run } = lab({}, { untilCaughtUp: true });
    const stored = batching(sink);
    expect(await clock.run(run().done)).toBe('drained');
    expect(stored).toEqual(numbers(2500));
    expect(broker.backlog('in', 'sub')).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('the next run takes up where a stopped one left off, without gap or copy', async () => {
    const { clock, broker, publish, lab } = setUp(...numbers(10));
    const first = lab();
    const stored = batching(first.sink);
    const run = first.run();
    await run.running;
    await clock.advance(0);
    first.stop();
    expect(await clock.run(run.done)).toBe('drained');
    publish(...numbers(10, 10));
    const second = lab({}, { untilCaughtUp: true });
    const more = batching(second.sink);
    await clock.run(second.run().done);
    expect([...stored, ...more]).toEqual(numbers(20));
    expect(broker.backlog('in', 'sub')).toBe(0);
  });

  it('what a fatal end left unsettled comes again, what was settled does not', async () => {
    const { clock, lab } = setUp('1', '2', '3');
    const denied = new ConnectorError('AWS_ACCESS_DENIED', 'denied');
    const first = lab();
    first.sink.writing = (record) => {
      if (textOf(record) === '2') {
        record.ack();
      }
      if (textOf(record) === '3') {
        first.sink.context?.fatal(denied);
      }
    };
    await expect(clock.run(first.run().done)).rejects.toBe(denied);
    const second = lab({}, { untilCaughtUp: true });
    second.sink.writing = (record) => record.ack();
    await clock.run(second.run().done);
    expect(second.sink.values).toEqual(['1', '3']);
  });

  it.each(['Shared', 'Failover', 'Key_Shared', 'Exclusive'] as const)(
    'on %s, a message that keeps failing is tried as often as configured and then found in the dead-letter topic',
    async (subscriptionType) => {
      const { clock, broker, lab } = setUp('good', 'bad', 'good too');
      const { sink, run } = lab(
        { subscriptionType, maxMessageRetries: 2, negativeAckRedeliveryDelayMs: 1000 },
        { untilCaughtUp: true },
      );
      sink.writing = (record) => {
        if (textOf(record) === 'bad') {
          record.fail(new Error('no good'));
        } else {
          record.ack();
        }
      };
      expect(await clock.run(run().done)).toBe('drained');
      expect(clock.monotonic()).toBeGreaterThanOrEqual(2000);
      expect(sink.values.filter((value) => value === 'bad')).toHaveLength(3);
      expect(sink.values).toHaveLength(5);
      const [letter, ...others] = broker.messages('persistent://public/default/in-sub-DLQ');
      expect(others).toEqual([]);
      expect(letter && textOf(letter)).toBe('bad');
      expect(letter?.properties).toMatchObject({
        REAL_TOPIC: 'persistent://public/default/in',
        'pulsar-io-kinesis.error.message': 'no good',
      });
      expect(broker.backlog('in', 'sub')).toBe(0);
    },
  );

  it('a message whose sink forgot it is delivered again after the time-out', async () => {
    const { clock, lab } = setUp('1', '2');
    const { sink, run } = lab({ timeoutMs: 5000 }, { untilCaughtUp: true });
    let forgetful = true;
    sink.writing = (record) => {
      if (forgetful) {
        forgetful = false;
      } else {
        record.ack();
      }
    };
    expect(await clock.run(run().done)).toBe('drained');
    expect(sink.values).toEqual(['1', '2', '1']);
  });

  it('dead letters survive a broker that fails for a while', async () => {
    const { clock, broker, lab } = setUp('1', '2', '3');
    const { sink, run } = lab({ deadLetterTopic: 'dlq' }, { untilCaughtUp: true });
    sink.writing = (record) => record.fail(new ConnectorError('SINK_RECORD_INVALID', 'invalid'));
    broker.behaviour.failNext = 5;
    expect(await clock.run(run().done)).toBe('drained');
    expect(broker.messages('dlq').map(textOf)).toEqual(['1', '2', '3']);
    expect(broker.backlog('in', 'sub')).toBe(0);
  });

  it('deletes the subscription of a sink that will not be back', async () => {
    const { clock, broker, lab } = setUp('1');
    const { sink, run } = lab({}, { untilCaughtUp: true, unsubscribe: true });
    sink.writing = (record) => record.ack();
    await clock.run(run().done);
    expect(broker.backlog('in', 'sub')).toBeUndefined();
  });
});
