import { ConnectorError, explain } from '../../../src/errors';
import {
  BYTES_SCHEMA,
  type Record,
  type RecordPartition,
  type Source,
  type SourceContext,
} from '../../../src/io';
import { MetricRegistry } from '../../../src/metrics/registry';
import { type InstanceContext, SourceRunner } from '../../../src/runtime/source-runner';
import { deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';
import { ScriptedTransport } from '../../support/scripted-transport';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const closedError = (): Error => new ConnectorError('SOURCE_CLOSED', 'closed');

/** A source that hands out what the test puts in. */
class HandedSource implements Source<Uint8Array> {
  context: SourceContext | undefined;
  closes = 0;
  openError: Error | undefined;
  closeError: Error | undefined;
  accepts: ((partition: RecordPartition) => boolean) | undefined;
  #batch = deferred<Record<Uint8Array>[]>();

  async open(_config: object, context: SourceContext): Promise<void> {
    this.context = context;
    if (this.openError) {
      throw this.openError;
    }
  }

  async read(): Promise<Record<Uint8Array>> {
    throw new Error('the runner prefers batches');
  }

  async readBatch(
    _max: number,
    accepts?: (partition: RecordPartition) => boolean,
  ): Promise<Record<Uint8Array>[]> {
    this.accepts = accepts;
    const batch = await this.#batch.promise;
    this.#batch = deferred();
    if (this.closes > 0) {
      throw closedError();
    }
    return batch;
  }

  async give(...records: Record<Uint8Array>[]): Promise<void> {
    this.#batch.resolve(records);
    await turn();
  }

  async close(): Promise<void> {
    this.closes++;
    this.#batch.resolve([]);
    if (this.closeError) {
      throw this.closeError;
    }
  }
}

function record(partition: RecordPartition | undefined, n: number, acked: number[]): Record<Uint8Array> {
  return {
    key: 'k',
    value: new Uint8Array([n]),
    eventTime: undefined,
    properties: {},
    partitionId: partition?.id,
    recordSequence: undefined,
    destinationTopic: undefined,
    schema: BYTES_SCHEMA,
    partition,
    ack: () => acked.push(n),
    fail: () => undefined,
  };
}

function setUp() {
  const stalls: string[] = [];
  const source = new HandedSource();
  const transport = new ScriptedTransport();
  const clock = new ManualClock();
  const metrics = new MetricRegistry();
  const published = metrics.reader();
  const context: InstanceContext = {
    tenant: 't',
    namespace: 'n',
    name: 'c',
    instanceId: 0,
    numInstances: 1,
    logger: silentLogger,
    metrics,
    clock,
    random: seededRandom(1),
    getSecret: () => undefined,
    shutdownTimeoutMs: 1000,
    stalled: (part, problem) => stalls.push(`${part}: ${problem === undefined ? 'well' : explain(problem)}`),
    outputTopic: 'topic',
    processingGuarantees: 'ATLEAST_ONCE',
  };
  const stop = new AbortController();
  const acked: number[] = [];
  const run = (driven: Source<Uint8Array> = source) =>
    new SourceRunner({
      source: driven,
      config: {},
      context,
      transport,
      atMostOnce: false,
      backoff: { initialMs: 1, maxMs: 1 },
      sendStallTimeout: 120_000,
    }).run(stop.signal);
  return { source, transport, stop, acked, run, clock, published, stalls };
}

const tenure = (id: string, deliverable = true): RecordPartition => ({ id, deliverable: () => deliverable });

describe('source runner', () => {
  it('one producer a tenure, and each record is acked when it is confirmed', async () => {
    const { source, transport, acked, stop, run } = setUp();
    const done = run();
    await turn();
    const [a, b] = [tenure('a'), tenure('b')];
    await source.give(record(a, 1, acked), record(b, 2, acked), record(a, 3, acked));
    const first = await transport.producer(0);
    expect(first.sent).toHaveLength(2);
    expect(acked).toEqual([]);
    first.confirm(0, 1);
    (await transport.producer(1)).confirm(0);
    expect(acked).toEqual([1, 3, 2]);
    stop.abort();
    expect(await done).toBe('drained');
    expect(source.closes).toBe(1);
  });

  it('records of a closed or lost tenure are not sent, however late they come', async () => {
    const { source, transport, acked, run } = setUp();
    run();
    await turn();
    const closed = tenure('closed');
    await source.give(record(closed, 1, acked));
    const producer = await transport.producer(0);
    producer.confirm(0);
    await source.context?.closePartition(closed, 100);
    expect(producer.closing).toBeDefined();
    await source.give(record(closed, 2, acked), record(tenure('lost', false), 3, acked));
    expect(transport.producers).toHaveLength(1);
    expect(producer.sent).toHaveLength(1);
  });

  it('a fatal error ends the run after an orderly close, and is what the caller sees', async () => {
    const { source, run } = setUp();
    const done = run();
    await turn();
    const denied = new ConnectorError('AWS_ACCESS_DENIED', 'denied');
    source.context?.fatal(denied);
    source.context?.fatal(new Error('later'));
    await expect(done).rejects.toBe(denied);
    expect(source.closes).toBe(1);
  });

  it('a source that cannot be opened is closed, and its error is what the caller sees', async () => {
    const { source, run } = setUp();
    source.openError = new ConnectorError('KINESIS_STREAM_NOT_FOUND', 'no stream');
    await expect(run()).rejects.toBe(source.openError);
    expect(source.closes).toBe(1);
  });

  it('an error that cannot heal in one lane ends the run', async () => {
    const { source, transport, acked, run } = setUp();
    const terminated = new ConnectorError('PULSAR_TOPIC_TERMINATED', 'terminated');
    transport.refusals.push(terminated);
    const done = run();
    done.catch(() => undefined);
    await turn();
    await source.give(record(tenure('a'), 1, acked));
    await expect(done).rejects.toBe(terminated);
    expect(acked).toEqual([]);
  });

  it('a close that ran out of time is reported as undrained, not as an error', async () => {
    const { source, stop, run } = setUp();
    const done = run();
    await turn();
    source.closeError = new ConnectorError('SHUTDOWN_DEADLINE', 'too slow');
    stop.abort();
    expect(await done).toBe('undrained');
  });

  it('a tenure whose producer is stalled is not accepted, others are', async () => {
    const { source, transport, acked, run } = setUp();
    run();
    await turn();
    const stalled = tenure('stalled');
    await source.give(record(stalled, 0, acked));
    const producer = await transport.producer(0);
    producer.writable = false;
    await source.give(...Array.from({ length: 1000 }, (_, i) => record(stalled, i, acked)));
    expect(source.accepts?.(stalled)).toBe(false);
    expect(source.accepts?.(tenure('flowing'))).toBe(true);
  });

  it('a stop is heeded while the source is still being opened', async () => {
    const { source, stop, run } = setUp();
    source.open = () => new Promise(() => undefined);
    const done = run();
    await turn();
    stop.abort();
    expect(await done).toBe('drained');
    expect(source.closes).toBe(1);
  });

  it('an error of the close neither hides the first one nor leaves a producer open', async () => {
    const { source, transport, acked, run } = setUp();
    const done = run();
    done.catch(() => undefined);
    await turn();
    await source.give(record(undefined, 1, acked));
    const producer = await transport.producer(0);
    producer.confirm(0);
    source.closeError = new Error('the close failed too');
    const denied = new ConnectorError('AWS_ACCESS_DENIED', 'denied');
    source.context?.fatal(denied);
    await expect(done).rejects.toBe(denied);
    expect(producer.closing).toBeDefined();
  });

  it('a source that hands out one record at a time is not read on while its producer is stalled', async () => {
    const { source, transport, acked, stop, run } = setUp();
    let reads = 0;
    const stalled = deferred<void>();
    const closed = deferred<never>();
    const single: Source<Uint8Array> = {
      open: async () => undefined,
      read: async () => {
        if (++reads > 1) {
          await stalled.promise;
        }
        return reads > 5000 ? closed.promise : record(undefined, reads, acked);
      },
      close: async () => closed.reject(closedError()),
    };
    const done = run(single);
    const producer = await transport.producer(0);
    producer.writable = false;
    stalled.resolve();
    await turn();
    expect(reads).toBeLessThan(5000);
    producer.writable = true;
    producer.listener.drained();
    await turn();
    expect(producer.sent.length).toBeGreaterThan(1000);
    producer.writable = false;
    for (const [place] of producer.sent.entries()) {
      producer.confirm(place);
    }
    await turn();
    stop.abort();
    expect(await done).toBe('drained');
    expect(source.closes).toBe(0);
  });

  it('reports each second what was delivered and is in flight, and the rest when a partition is closed', async () => {
    const { source, transport, acked, stop, run, clock, published } = setUp();
    const seen = () => new Map(published.read().map(({ name, labels, sum }) => [name, [labels.topic, sum]]));
    const done = run();
    await turn();
    const a = tenure('a');
    await source.give(record(a, 1, acked), record(a, 2, acked), record(a, 3, acked));
    const producer = await transport.producer(0);
    producer.confirm(0);
    expect(published.read()).toEqual([]);
    await clock.advance(1000);
    expect(seen()).toEqual(
      new Map<string, unknown>([
        ['records_delivered', ['topic', 1]],
        ['records_resent', ['topic', 0]],
        ['records_rejected', ['topic', 0]],
        ['records_deduplicated', ['topic', 0]],
        ['deduplication_forgotten', ['topic', 0]],
        ['producer_failures', ['topic', 0]],
        ['records_in_flight', [undefined, 2]],
      ]),
    );
    producer.confirm(1, 2);
    await source.context?.closePartition(a, 100);
    expect(seen().get('records_delivered')).toEqual(['topic', 2]);
    stop.abort();
    await done;
    expect(clock.pending).toBe(0);
  });

  it('a producer that is never answered is replaced and reported, no other, and nothing is lost or reordered', async () => {
    const { source, transport, acked, stop, run, clock, published, stalls } = setUp();
    const done = run();
    await turn();
    const [hanging, moving] = [tenure('hanging'), tenure('moving')];
    await source.give(record(hanging, 1, acked), record(hanging, 2, acked), record(hanging, 3, acked));
    await source.give(record(moving, 100, acked));
    const silent = await transport.producer(0);
    const other = await transport.producer(1);
    silent.confirm(0);
    await clock.advance(119_000);
    expect(stalls).toEqual([]);
    other.confirm(0);
    await clock.advance(3000);
    expect(stalls).toHaveLength(1);
    expect(stalls[0]).toMatch(/^hanging delivery to topic: SEND_STALLED: .* 120000 ms/);
    await clock.advance(10);
    const again = await transport.producer(2);
    expect(silent.closing).toBeDefined();
    expect(other.closing).toBeUndefined();
    expect(transport.producers).toHaveLength(3);
    expect(again.sent).toEqual(silent.sent.slice(1));
    again.confirm(0, 1);
    await clock.advance(1000);
    expect(stalls.slice(1)).toEqual(['hanging delivery to topic: well']);
    expect(acked).toEqual([1, 100, 2, 3]);
    const counted = new Map(published.read().map(({ name, sum }) => [name, sum]));
    expect(counted.get('stalls')).toBe(1);
    expect(counted.get('part_restarts')).toBe(1);
    stop.abort();
    expect(await done).toBe('drained');
    expect(clock.pending).toBe(0);
  });

  it('an hour of a Pulsar that is slow but moves restarts nothing', async () => {
    const { source, transport, acked, stop, run, clock, stalls } = setUp();
    const done = run();
    await turn();
    const slow = tenure('slow');
    await source.give(...Array.from({ length: 40 }, (_, i) => record(slow, i, acked)));
    const producer = await transport.producer(0);
    for (let place = 0; place < 36; place++) {
      await clock.advance(100_000);
      producer.confirm(place);
    }
    expect(transport.producers).toHaveLength(1);
    expect(stalls).toEqual([]);
    producer.confirm(36, 37, 38, 39);
    await clock.advance(3_600_000);
    expect(stalls).toEqual([]);
    stop.abort();
    expect(await done).toBe('drained');
  });
});
