import { ConnectorError } from '../../../src/errors';
import {
  BYTES_SCHEMA,
  type Record,
  type RecordPartition,
  type Source,
  type SourceContext,
} from '../../../src/io';
import { MetricRegistry } from '../../../src/metrics/registry';
import { SourceRunner } from '../../../src/runtime/source-runner';
import { deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';
import { ScriptedTransport } from '../../support/scripted-transport';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const invalid = new ConnectorError('SOURCE_RECORD_INVALID', 'no JSON');
const tooLarge = new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', 'too large');

/** A source that dead-letters what the runner fails, and what the test tells it to. */
async function start() {
  const clock = new ManualClock();
  const transport = new ScriptedTransport();
  const metrics = new MetricRegistry();
  const published = metrics.reader();
  const opened = deferred<SourceContext>();
  const closed = deferred<void>();
  let batch = deferred<Record<Uint8Array>[]>();
  const accepts = deferred<(partition: RecordPartition) => boolean>();
  const wakes: number[] = [];
  const source: Source<Uint8Array> = {
    open: async (_config, context) => opened.resolve(context),
    read: () => Promise.reject(new Error('the runner prefers batches')),
    readBatch: async (_max, accept) => {
      accepts.resolve(accept ?? (() => true));
      const records = await Promise.race([batch.promise, closed.promise]);
      batch = deferred();
      if (records === undefined) {
        throw new ConnectorError('SOURCE_CLOSED', 'closed');
      }
      return records;
    },
    wake: () => wakes.push(1),
    close: async () => closed.resolve(),
  };
  const done = new SourceRunner({
    source,
    config: {},
    context: {
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
      shutdownTimeoutMs: 10_000,
      stalled: () => undefined,
      outputTopic: 'orders',
      processingGuarantees: 'ATLEAST_ONCE',
    },
    transport,
    atMostOnce: false,
    backoff: { initialMs: 100, maxMs: 1000 },
    sendStallTimeout: 120_000,
  }).run(new AbortController().signal);
  done.catch(() => undefined);
  const context = await opened.promise;
  const acked: string[] = [];
  const record = (text: string, partition: RecordPartition): Record<Uint8Array> => {
    const made: Record<Uint8Array> = {
      key: `key of ${text}`,
      value: Buffer.from(text),
      eventTime: 1000,
      properties: { from: 'source' },
      partitionId: partition.id,
      recordSequence: undefined,
      destinationTopic: undefined,
      schema: BYTES_SCHEMA,
      partition,
      ack: () => acked.push(text),
      fail: (cause) => deadLetter(made, cause),
    };
    return made;
  };
  const deadLetter = (failed: Record<Uint8Array>, cause: Error = invalid, truncate = false): void =>
    context.deadLetter({ topic: 'dead', record: failed, properties: failed.properties, cause, truncate });
  return {
    clock,
    transport,
    context,
    acked,
    record,
    deadLetter,
    give: async (...records: Record<Uint8Array>[]) => {
      batch.resolve(records);
      await turn();
    },
    accepts: async (partition: RecordPartition) => (await accepts.promise)(partition),
    wakes,
    done,
    count: (name: string) => published.read().filter((sample) => sample.name === name),
  };
}

function shard(id = 's'): RecordPartition & { live: boolean } {
  const partition = { id, live: true, deliverable: () => partition.live };
  return partition;
}

describe('dead letters of a source', () => {
  it('keep bytes, key, event time and properties, say where from and why, and are acked once stored', async () => {
    const { transport, record, deadLetter, acked, count } = await start();
    deadLetter(record('a', shard()));
    const producer = await transport.producer(0);
    expect(producer).toMatchObject({ topic: 'dead', chunked: true, schema: undefined });
    const [letter] = producer.sent;
    expect(Buffer.from(letter?.value ?? []).toString()).toBe('a');
    expect(letter).toMatchObject({
      key: 'key of a',
      eventTime: 1000,
      properties: {
        REAL_TOPIC: 'orders',
        from: 'source',
        'pulsar-io-kinesis.error.code': 'SOURCE_RECORD_INVALID',
        'pulsar-io-kinesis.error.message': 'no JSON',
      },
    });
    expect(acked).toEqual([]);
    producer.confirm(0);
    expect(acked).toEqual(['a']);
    expect(count('records_dead_lettered')).toMatchObject([{ labels: { topic: 'dead' }, sum: 1 }]);
  });

  it('do not hold up what is behind them in the shard', async () => {
    const { transport, record, give, acked } = await start();
    const s = shard();
    await give(record('a', s), record('b', s), record('c', s));
    const orders = await transport.producer(0);
    const [, b] = orders.sent;
    if (b === undefined) {
      throw new Error('all were sent');
    }
    orders.listener.rejected(b, tooLarge);
    orders.confirm(0, 2);
    expect(acked).toEqual(['a', 'c']);
    (await transport.producer(1)).confirm(0);
    expect(acked).toEqual(['a', 'c', 'b']);
  });

  it('have a way of their own for each tenure, which ends with it', async () => {
    const { transport, context, record, deadLetter } = await start();
    const [a, b] = [shard('a'), shard('b')];
    deadLetter(record('1', a));
    deadLetter(record('2', b));
    const [first, second] = [await transport.producer(0), await transport.producer(1)];
    first.confirm(0);
    expect(await context.closePartition(a, 1000)).toBe(true);
    expect(first.closing).toBeDefined();
    expect(second.closing).toBeUndefined();
    deadLetter(record('3', a));
    await turn();
    expect(transport.producers).toHaveLength(2);
  });

  it('are not sent any more once the lease is lost, and hold up no one then', async () => {
    const { transport, context, clock, record, deadLetter, acked } = await start();
    const s = shard();
    transport.refusals.push(new ConnectorError('PULSAR_UNAVAILABLE', 'gone'));
    deadLetter(record('a', s));
    await turn();
    s.live = false;
    deadLetter(record('b', s));
    expect(await Promise.race([context.closePartition(s, 5000), clock.advance(1000)])).toBe(false);
    expect(transport.producers).toHaveLength(0);
    expect(acked).toEqual([]);
  });

  it('of records refused while a shard drains are waited for', async () => {
    const { transport, context, record, give, acked } = await start();
    const s = shard();
    await give(record('a', s));
    const orders = await transport.producer(0);
    const closing = context.closePartition(s, 5000);
    const [a] = orders.sent;
    if (a === undefined) {
      throw new Error('it was sent');
    }
    orders.listener.rejected(a, tooLarge);
    (await transport.producer(1)).confirm(0);
    expect(await closing).toBe(true);
    expect(acked).toEqual(['a']);
  });

  it('that are not stored in time leave their records unconfirmed', async () => {
    const { transport, context, clock, record, deadLetter, acked } = await start();
    const s = shard();
    deadLetter(record('a', s));
    await transport.producer(0);
    const closing = context.closePartition(s, 5000);
    await clock.advance(5000);
    expect(await closing).toBe(false);
    expect(acked).toEqual([]);
  });

  it.each([
    ['too large for the dead-letter topic', tooLarge],
    ['refused by its schema', new ConnectorError('PULSAR_SCHEMA_REFUSED', 'no')],
  ])('%s end the instance, and their records stay', async (_what, cause) => {
    const { transport, record, deadLetter, acked, done } = await start();
    deadLetter(record('a', shard()));
    const producer = await transport.producer(0);
    const [letter] = producer.sent;
    if (letter === undefined) {
      throw new Error('it was sent');
    }
    producer.listener.rejected(letter, cause);
    await expect(done).rejects.toMatchObject({ code: 'DEAD_LETTER_REFUSED', cause });
    expect(acked).toEqual([]);
  });

  it('into a topic that nobody may write to end the instance', async () => {
    const { transport, record, deadLetter, done } = await start();
    const cause = new ConnectorError('PULSAR_AUTHORIZATION', 'no');
    transport.refusals.push(cause);
    deadLetter(record('a', shard()));
    await expect(done).rejects.toMatchObject({ code: 'DEAD_LETTER_REFUSED', cause });
  });

  it('hold back their shard alone when too many are on their way', async () => {
    const { transport, record, deadLetter, accepts, wakes } = await start();
    const [a, b] = [shard('a'), shard('b')];
    for (let i = 0; i < 1000; i++) {
      deadLetter(record(`${i}`, a));
    }
    expect([await accepts(a), await accepts(b)]).toEqual([false, true]);
    const producer = await transport.producer(0);
    expect(wakes).toEqual([]);
    producer.confirm(0);
    expect(await accepts(a)).toBe(true);
    expect(wakes).toEqual([1]);
  });

  it('are what the source holds at the time they are sent: it may have exchanged the bytes for a copy', async () => {
    const { transport, record, deadLetter } = await start();
    const held = { ...record('view', shard()) };
    deadLetter(held);
    const copy = Buffer.from('copy');
    held.value = copy;
    const [letter] = (await transport.producer(0)).sent;
    expect(letter?.value).toBe(copy);
  });

  it.each([
    [false, 10, true, 10, '25'],
    [false, 10, false, 25, undefined],
    [true, 10, true, 25, undefined],
    [false, undefined, true, 25, undefined],
    [false, 25, true, 25, undefined],
  ])(
    'are cut off only where nothing else is possible and it was asked for (chunks %s, limit %s, asked %s)',
    async (chunks, maxMessageBytes, truncate, length, told) => {
      const { transport, record, deadLetter } = await start();
      Object.assign(transport, { chunks, maxMessageBytes });
      deadLetter(record('x'.repeat(25), shard()), tooLarge, truncate);
      const [letter] = (await transport.producer(0)).sent;
      expect(letter?.value).toHaveLength(length);
      expect(letter?.properties['pulsar-io-kinesis.value.length']).toBe(told);
    },
  );
});
