import { loadConfigObject } from '../../../src/config';
import { ConnectorError } from '../../../src/errors';
import type { Source } from '../../../src/io';
import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../../src/pulsar/memory-transport';
import { HealthBoard } from '../../../src/runtime/health';
import { supervise } from '../../../src/runtime/supervisor';
import { deferred } from '../../../src/util/deferred';
import { type LogFields, type Logger, silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock, settle } from '../../support/manual-clock';
import { denied, PlayedSink, textOf } from '../../support/runner-lab';

const configs = { awsRegion: 'us-east-1', awsKinesisStreamName: 'stream' };

/** Gives nothing until it is closed. */
class QuietSource implements Source<Uint8Array> {
  closes = 0;
  readonly #closed = deferred<never>();

  async open(): Promise<void> {
    // Nobody may be reading when it is closed.
    this.#closed.promise.catch(() => undefined);
  }

  read(): Promise<never> {
    return this.#closed.promise;
  }

  async close(): Promise<void> {
    this.closes++;
    this.#closed.reject(new ConnectorError('SOURCE_CLOSED', 'closed'));
  }
}

/** A file with one source and two sinks, under way. */
function setUp(options: { readonly stopped?: boolean; readonly unsubscribe?: boolean } = {}) {
  const config = loadConfigObject(
    {
      pulsar: { serviceUrl: 'memory://' },
      sources: [{ name: 'import', topicName: 'out', configs: { ...configs, useEnhancedFanOut: false } }],
      sinks: ['one', 'two'].map((name) => ({
        name,
        inputs: [name],
        sourceSubscriptionPosition: 'Earliest',
        cleanupSubscription: name === 'one',
        configs,
      })),
    },
    'test',
    { env: {} },
  );
  const clock = new ManualClock();
  const broker = new MemoryBroker();
  const health = new HealthBoard();
  const source = new QuietSource();
  const sinks = { one: new PlayedSink(), two: new PlayedSink() };
  const stop = new AbortController();
  const errors: LogFields[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields) };
  if (options.stopped) {
    stop.abort();
  }
  const done = supervise({
    config,
    clock,
    random: seededRandom(1),
    logger,
    health,
    openTransport: (_pulsar, producer) => new MemoryTransport(broker, producer, clock),
    stop: stop.signal,
    unsubscribe: options.unsubscribe ?? false,
    createSource: () => source,
    createSink: ({ name }) => (name === 'one' ? sinks.one : sinks.two),
  });
  done.catch(() => undefined);
  return { broker, health, source, sinks, stop, done, errors };
}

const states = (health: HealthBoard): string[] =>
  health.instances.map(({ kind, name, state }) => `${kind} ${name} ${state}`);

describe('supervisor', () => {
  it('runs the sources and sinks of one file, and tells how they are', async () => {
    const { broker, health, source, sinks, stop, done } = setUp();
    expect(health.ready).toBe(false);
    broker.publish('one', { value: Buffer.from('1') });
    broker.publish('two', { value: Buffer.from('2') });
    await settle();
    expect(health.ready).toBe(true);
    expect([sinks.one.written.map(textOf), sinks.two.written.map(textOf)]).toEqual([['1'], ['2']]);
    sinks.one.ackAll();
    sinks.two.ackAll();
    stop.abort();
    expect(await done).toBe('drained');
    expect(source.closes).toBe(1);
    expect(states(health)).toEqual([
      'source public/default/import ended',
      'sink public/default/one ended',
      'sink public/default/two ended',
    ]);
  });

  it('one that fails stops the others, which drain; its error is the outcome', async () => {
    const { broker, health, source, sinks, done } = setUp();
    broker.publish('two', { value: Buffer.from('2') });
    await settle();
    sinks.two.closing = async () => sinks.two.ackAll();
    sinks.one.context?.fatal(denied);
    await expect(done).rejects.toBe(denied);
    expect([source.closes, sinks.two.closes]).toEqual([1, 1]);
    expect(broker.backlog('two', 'public/default/two')).toBe(0);
    expect(states(health)).toEqual([
      'source public/default/import ended',
      'sink public/default/one failed',
      'sink public/default/two ended',
    ]);
    expect(health.instances[1]?.error).toContain('AWS_ACCESS_DENIED');
  });

  it('a stop that came before the start ends it in order', async () => {
    const { source, sinks, done } = setUp({ stopped: true });
    expect(await done).toBe('drained');
    expect([source.closes, sinks.one.closes, sinks.two.closes]).toEqual([1, 1, 1]);
  });

  it.each([
    [true, [undefined, 0]],
    [false, [0, 0]],
  ])(
    'with unsubscribe %s, the backlogs of a sink with cleanupSubscription and of another are %j',
    async (unsubscribe, backlogs) => {
      const { broker, stop, done } = setUp({ unsubscribe });
      await settle();
      stop.abort();
      await done;
      expect(['one', 'two'].map((name) => broker.backlog(name, `public/default/${name}`))).toEqual(backlogs);
    },
  );

  it('one that did not drain makes the whole undrained', async () => {
    const { broker, stop, done } = setUp();
    broker.publish('two', { value: Buffer.from('2') });
    await settle();
    stop.abort();
    expect(await done).toBe('undrained');
  });

  it('tells at once which one failed and why, and of those that fail while they are stopped', async () => {
    const { sinks, done, errors } = setUp();
    await settle();
    sinks.two.closing = async () => {
      throw new ConnectorError('KINESIS_STREAM_NOT_FOUND', 'gone');
    };
    sinks.one.context?.fatal(denied);
    await expect(done).rejects.toBe(denied);
    expect(errors).toEqual([
      { sink: 'public/default/one', error: expect.stringContaining('AWS_ACCESS_DENIED') },
      { sink: 'public/default/two', error: expect.stringContaining('KINESIS_STREAM_NOT_FOUND') },
    ]);
  });
});
