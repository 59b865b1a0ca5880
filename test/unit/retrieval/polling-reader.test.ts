import type { ShardPage } from '../../../src/aws/kinesis-api';
import { ConnectorError, type ErrorCode } from '../../../src/errors';
import { openPollingReader } from '../../../src/retrieval/polling-reader';
import type { PollingReaderOptions } from '../../../src/retrieval/polling-reader-options';
import type { ShardReader } from '../../../src/retrieval/retrieval';
import type { Shard } from '../../../src/stream/shard';
import { sleep } from '../../../src/util/clock';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';
import { answer, record, ScriptedKinesis, type ScriptStep } from '../../support/scripted-kinesis';
import { shardOf } from '../../support/shards';

const START = { type: 'AT_TIMESTAMP', timestamp: 77 } as const;
const CHILD = { shardId: 'child', parentShards: ['shard'], startingHashKey: '0', endingHashKey: '9' };
const admitAll = async (): Promise<void> => undefined;
const failure = (code: ErrorCode): ConnectorError => new ConnectorError(code, `scripted ${code}`);

interface Bench {
  readonly kinesis: ScriptedKinesis;
  readonly clock: ManualClock;
  readonly reader: ShardReader;
  readonly events: string[];
  readonly stop: AbortController;
  /** One read, with time moved as far as it takes. */
  read(): ReturnType<ShardReader['read']>;
}

function bench(script: ScriptStep[], options: Partial<PollingReaderOptions> = {}): Bench {
  const kinesis = new ScriptedKinesis(script);
  const clock = new ManualClock();
  const events: string[] = [];
  const stop = new AbortController();
  const reader = openPollingReader({
    kinesis,
    stream: { name: 'stream' },
    shardId: 'shard',
    start: START,
    maxRecordsPerRead: 100,
    maxReadsPerSecond: 4,
    backoff: { initialMs: 3_000, maxMs: 60_000 },
    numRetries: 3,
    requestTimeout: 10_000,
    clock,
    random: seededRandom(7),
    observer: {
      throttled: () => events.push('throttled'),
      retried: (_shard, error, attempt) => events.push(`${error.code} ${attempt}`),
      iteratorRenewed: () => events.push('renewed'),
      vanished: () => events.push('vanished'),
    },
    ...options,
  });
  return { kinesis, clock, reader, events, stop, read: () => clock.run(reader.read(stop.signal, admitAll)) };
}

const sequences = (batch: { readonly records: readonly { readonly sequenceNumber: string }[] }): string[] =>
  batch.records.map(({ sequenceNumber }) => sequenceNumber);

describe('polling reader', () => {
  it('takes one iterator and follows the service from answer to answer', async () => {
    const { kinesis, read } = bench([
      { records: [record('1'), record('2')], nextIterator: 'a', millisBehindLatest: 9 },
      { records: [record('3')], nextIterator: 'b' },
      {},
    ]);
    expect(await read()).toMatchObject({ millisBehindLatest: 9, end: undefined });
    expect(sequences(await read())).toEqual(['3']);
    expect(sequences(await read())).toEqual([]);
    expect(kinesis.positions).toEqual([START]);
    expect(kinesis.iterators).toEqual(['iterator-1', 'a', 'b']);
  });

  it('tells of every call whether it succeeded and how long it took, the wait for admission left out', async () => {
    const calls: unknown[] = [];
    const { clock, reader } = bench(
      [
        async ({ admit }) => {
          await sleep(clock, 30);
          await admit?.(1000);
          await sleep(clock, 5);
          return answer({ records: [record('1')], millisBehindLatest: 9 });
        },
        failure('AWS_TIMEOUT'),
        {},
      ],
      {
        observer: {
          called: (call, succeeded, ms) => calls.push([call, succeeded, ms]),
        },
      },
    );
    const { signal } = new AbortController();
    await clock.run(reader.read(signal, () => sleep(clock, 10_000)));
    await clock.run(reader.read(signal, admitAll));
    expect(calls).toEqual([
      ['getShardIterator', true, 0],
      ['getRecords', true, 35],
      ['getRecords', false, 0],
      ['getRecords', true, 0],
    ]);
  });

  it('a call that ends because the reader is stopped counts neither as a success nor as a failure', async () => {
    const calls: unknown[] = [];
    const { kinesis, reader, stop } = bench(['silence'], {
      observer: { called: (call, succeeded) => calls.push([call, succeeded]) },
    });
    const called = kinesis.called();
    const reading = reader.read(stop.signal, admitAll);
    await called;
    stop.abort(new Error('stopped'));
    await expect(reading).rejects.toThrow('stopped');
    expect(calls).toEqual([['getShardIterator', true]]);
  });

  it('reads an idle shard no faster than the rate, and a lagging one without a pause', async () => {
    const { clock, read } = bench([
      { records: [record('1')], millisBehindLatest: 9 },
      { records: [record('2')], millisBehindLatest: 0 },
      {},
      {},
    ]);
    await read();
    await read();
    expect(clock.monotonic()).toBe(0);
    await read();
    expect(clock.monotonic()).toBe(250);
    await read();
    expect(clock.monotonic()).toBe(500);
  });

  it('resumes behind the last record handed out when its iterator has expired, without a wait', async () => {
    const { kinesis, clock, read, events } = bench([
      { records: [record('41'), record('42')], millisBehindLatest: 9 },
      failure('KINESIS_ITERATOR_EXPIRED'),
      { records: [record('43')] },
    ]);
    await read();
    expect(sequences(await read())).toEqual(['43']);
    expect(kinesis.positions).toEqual([START, { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: '42' }]);
    expect(clock.monotonic()).toBe(0);
    expect(events).toEqual(['renewed', 'KINESIS_ITERATOR_EXPIRED 1']);
  });

  it('starts at the same instant again when its iterator expires before the first record', async () => {
    const { kinesis, read } = bench([{}, failure('KINESIS_ITERATOR_EXPIRED'), { records: [record('1')] }]);
    await read();
    await read();
    expect(kinesis.positions).toEqual([START, START]);
  });

  it('waits before it renews again an iterator that expires at once', async () => {
    const expired = failure('KINESIS_ITERATOR_EXPIRED');
    const { clock, read } = bench([expired, expired, expired, {}]);
    await read();
    expect(clock.monotonic()).toBeGreaterThan(0);
  });

  it.each(['AWS_THROTTLED', 'AWS_UNAVAILABLE', 'AWS_TIMEOUT'] as const)(
    'outlasts any number of %s',
    async (code) => {
      const { read, events, kinesis } = bench([
        ...Array.from({ length: 40 }, () => failure(code)),
        { records: [record('1')] },
      ]);
      expect(sequences(await read())).toEqual(['1']);
      expect(events.filter((event) => event.startsWith(code))).toHaveLength(40);
      expect(kinesis.positions).toHaveLength(1);
    },
  );

  it('slows down under throttling and tells its observer', async () => {
    const { clock, read, events } = bench([
      { millisBehindLatest: 9 },
      failure('AWS_THROTTLED'),
      { millisBehindLatest: 9 },
      { millisBehindLatest: 9 },
    ]);
    await read();
    await read();
    const before = clock.monotonic();
    await read();
    expect(clock.monotonic() - before).toBeGreaterThan(400);
    expect(events).toContain('throttled');
  });

  it('gives up an error that may not heal after numRetries, and counts only those', async () => {
    const { read, events } = bench([
      failure('AWS_UNAVAILABLE'),
      failure('AWS_UNKNOWN'),
      failure('AWS_UNAVAILABLE'),
      failure('AWS_UNKNOWN'),
      failure('AWS_UNKNOWN'),
      failure('AWS_UNKNOWN'),
    ]);
    await expect(read()).rejects.toMatchObject({ code: 'AWS_UNKNOWN' });
    expect(events.filter((event) => event.startsWith('AWS_UNKNOWN'))).toHaveLength(3);
  });

  it('throws a fatal error at once, and what is no error of ours too', async () => {
    const denied = bench([failure('AWS_ACCESS_DENIED'), {}]);
    await expect(denied.read()).rejects.toMatchObject({ code: 'AWS_ACCESS_DENIED' });
    expect(denied.kinesis.iterators).toHaveLength(1);
    const defect = bench([new TypeError('not a function'), {}]);
    await expect(defect.read()).rejects.toThrow(TypeError);
    expect(defect.kinesis.iterators).toHaveLength(1);
  });

  it('retries the iterator as it retries the records', async () => {
    const { kinesis, read } = bench([{ records: [record('1')] }]);
    kinesis.iteratorErrors.push(failure('AWS_THROTTLED'), failure('AWS_UNAVAILABLE'));
    expect(sequences(await read())).toEqual(['1']);
    expect(kinesis.positions).toHaveLength(3);
  });

  it('takes a new iterator when the service refuses the one in hand', async () => {
    const { kinesis, read } = bench([failure('KINESIS_POSITION_REFUSED'), { records: [record('1')] }]);
    await read();
    expect(kinesis.positions).toHaveLength(2);
  });

  it('gives up a call that is not answered in time and asks again', async () => {
    const { clock, read, events } = bench(['silence', { records: [record('1')] }]);
    expect(sequences(await read())).toEqual(['1']);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(10_000);
    expect(events).toEqual(['AWS_TIMEOUT 1']);
  });

  it('does not count the wait for admission as a late answer', async () => {
    const { clock, reader, stop, events } = bench([
      async (options) => {
        await options.admit?.(123);
        return answer({ records: [record('1')] });
      },
    ]);
    let asked = 0;
    let letIn = (): void => undefined;
    const admitted = new Promise<void>((resolve) => {
      letIn = resolve;
    });
    const reading = reader.read(stop.signal, (bytes) => {
      asked = bytes;
      return admitted;
    });
    await clock.advance(600_000);
    expect(asked).toBe(123);
    letIn();
    expect(sequences(await clock.run(reading))).toEqual(['1']);
    expect(events).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('ends every wait with the reason of the signal and leaves no timer behind', async () => {
    const reason = failure('LEASE_LOST');
    const pacing = bench([{}]);
    await pacing.read();
    const backingOff = bench([failure('AWS_UNAVAILABLE')]);
    const calling = bench(['silence']);
    for (const { reader, stop, clock, events } of [pacing, backingOff, calling]) {
      const reading = reader.read(stop.signal, admitAll);
      await clock.advance(1);
      expect(clock.pending).toBe(1);
      stop.abort(reason);
      await expect(reading).rejects.toBe(reason);
      expect(clock.pending).toBe(0);
      expect(events.join()).not.toContain('LEASE_LOST');
    }
  });

  it('makes no call when the signal has fired before', async () => {
    const { reader, stop, kinesis } = bench([{}]);
    stop.abort(failure('LEASE_LOST'));
    await expect(reader.read(stop.signal, admitAll)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(kinesis.positions).toEqual([]);
  });
});

describe('end of a shard', () => {
  const lastAnswer = { records: [record('9')], nextIterator: undefined };
  const parent = shardOf('shard', { closed: true });
  const low = shardOf('low', { parents: ['shard'], part: [0, 1, 2], born: 200 });
  const high = shardOf('high', { parents: ['shard'], part: [1, 2, 2], born: 200 });
  const page = (...shards: (typeof parent)[]) => ({ shards, nextToken: undefined });

  it('comes with the last records and the children the service names', async () => {
    const { read } = bench([{ ...lastAnswer, childShards: [CHILD] }]);
    expect(await read()).toMatchObject({ records: [{ sequenceNumber: '9' }], end: { childShards: [CHILD] } });
    await expect(read()).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
  });

  it('is proved by ListShards, all pages of it, when no children are named', async () => {
    const { read, kinesis } = bench([lastAnswer]);
    kinesis.listings.push({ shards: [parent, low], nextToken: 'more' }, page(high));
    const batch = await read();
    expect(sequences(batch)).toEqual(['9']);
    expect(batch.end?.childShards.map(({ shardId }) => shardId)).toEqual(['low', 'high']);
  });

  it('is proved likewise when a child does not name its parent', async () => {
    const { read, kinesis } = bench([{ ...lastAnswer, childShards: [{ ...CHILD, parentShards: [] }] }]);
    kinesis.listings.push(page(parent, low, high));
    expect((await read()).end?.childShards).toHaveLength(2);
  });

  it('waits until all children are listed, and reads the last records again rather than lose them', async () => {
    const { read, kinesis, events } = bench([lastAnswer, lastAnswer]);
    kinesis.listings.push(page(parent, low), page(parent, low, high));
    expect(sequences(await read())).toEqual(['9']);
    expect(events).toEqual(['KINESIS_SHARD_END_UNPROVEN 1']);
    expect(kinesis.positions).toEqual([START, START]);
  });

  it('is not believed of a shard that is open in ListShards: read on, and give up in the end', async () => {
    const open = shardOf('shard');
    const once = bench([lastAnswer, { records: [record('9')] }]);
    once.kinesis.listings.push(page(open));
    expect((await once.read()).end).toBeUndefined();
    const always = bench([lastAnswer, lastAnswer, lastAnswer, lastAnswer]);
    always.kinesis.listings.push(page(open), page(open), page(open), page(open));
    await expect(always.read()).rejects.toMatchObject({ code: 'KINESIS_SHARD_END_UNPROVEN' });
  });

  it('has no children when the shard and they are past their retention', async () => {
    const { read, kinesis } = bench([{ nextIterator: undefined }]);
    kinesis.listings.push(page(shardOf('stranger')));
    expect((await read()).end).toEqual({ childShards: [] });
  });
});

describe('a shard that Kinesis does not find', () => {
  const gone = failure('KINESIS_SHARD_NOT_FOUND');
  const page = (...shards: Shard[]): ShardPage => ({ shards, nextToken: undefined });

  it('ends with the children that are listed when it is listed no more', async () => {
    const { read, kinesis, events } = bench([]);
    kinesis.iteratorErrors.push(gone, gone, gone, gone);
    kinesis.listings.push(page(shardOf('low', { parents: ['shard'] }), shardOf('stranger')));
    const batch = await read();
    expect(batch.records).toEqual([]);
    expect(batch.end?.childShards.map(({ shardId }) => shardId)).toEqual(['low']);
    expect(events).toEqual([...[1, 2, 3].map((attempt) => `KINESIS_SHARD_NOT_FOUND ${attempt}`), 'vanished']);
    await expect(read()).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
  });

  it('ends likewise in the middle of reading', async () => {
    const { read, kinesis } = bench([{ records: [record('1')], nextIterator: 'a' }, gone, gone, gone, gone]);
    expect(sequences(await read())).toEqual(['1']);
    kinesis.listings.push(page(shardOf('stranger')));
    expect((await read()).end).toEqual({ childShards: [], vanished: true });
  });

  it('is asked for again, and given up in the end, while it is listed', async () => {
    const { read, kinesis, events } = bench([]);
    kinesis.iteratorErrors.push(gone, gone, gone, gone);
    kinesis.listings.push(page(shardOf('shard')));
    await expect(read()).rejects.toMatchObject({ code: 'KINESIS_SHARD_NOT_FOUND' });
    expect(events).not.toContain('vanished');
  });

  it('is found at last when it has only just been born, and nothing of it is passed over', async () => {
    const { read, kinesis } = bench([{ records: [record('1')], nextIterator: 'a' }]);
    kinesis.iteratorErrors.push(gone, gone);
    expect(sequences(await read())).toEqual(['1']);
    expect(kinesis.positions).toEqual([START, START, START]);
  });

  it('is not given up for want of a listing', async () => {
    const { read, kinesis } = bench([]);
    kinesis.iteratorErrors.push(gone, gone, gone, gone, gone);
    kinesis.listings.push(failure('AWS_TIMEOUT'), page(shardOf('stranger')));
    expect((await read()).end).toEqual({ childShards: [], vanished: true });
  });

  it('is no end when the stream itself is gone', async () => {
    const { read, kinesis } = bench([]);
    kinesis.iteratorErrors.push(gone, gone, gone, gone);
    kinesis.listings.push(failure('KINESIS_STREAM_NOT_FOUND'));
    await expect(read()).rejects.toMatchObject({ code: 'KINESIS_STREAM_NOT_FOUND' });
  });
});
