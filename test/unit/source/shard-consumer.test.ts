import type { RawRecord } from '../../../src/aws/kinesis-api';
import { ConnectorError } from '../../../src/errors';
import { BYTES_SCHEMA } from '../../../src/io';
import type { Lease } from '../../../src/lease/lease';
import { MetricRegistry } from '../../../src/metrics/registry';
import type { Admit, RetrievalBatch, ShardReader } from '../../../src/retrieval/retrieval';
import type { Gap } from '../../../src/source/data-loss';
import { DataLossWatch } from '../../../src/source/data-loss-watch';
import { DeliveryTimer } from '../../../src/source/delivery-timer';
import type { KinesisRecord } from '../../../src/source/kinesis-record';
import { ReaderWatch } from '../../../src/source/reader-watch';
import { ReceiveBudget } from '../../../src/source/receive-budget';
import { ReceiveQueue } from '../../../src/source/receive-queue';
import { ShardConsumer } from '../../../src/source/shard-consumer';
import type { ConsumerLease } from '../../../src/source/shard-consumer-options';
import { ShardMetrics } from '../../../src/source/shard-metrics';
import { ShardTenure } from '../../../src/source/shard-tenure';
import { SourceTally } from '../../../src/source/source-tally';
import { LEAST_RETENTION_MS, type Retention } from '../../../src/source/trim-horizon';
import type { ExtendedSequenceNumber } from '../../../src/stream/extended-sequence-number';
import type { ChildShard } from '../../../src/stream/shard';
import { type Deferred, deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { frameOfKey } from '../../support/kpl-frame';
import { ManualClock } from '../../support/manual-clock';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const child: ChildShard = { shardId: 'child', parentShards: ['s'], startingHashKey: '0', endingHashKey: '9' };
const all = (): boolean => true;

function raws(from: number, to: number, bytes = 10): RawRecord[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    data: new Uint8Array(bytes),
    partitionKey: 'k',
    sequenceNumber: String(from + i),
    approximateArrival: 1000,
    encryptionType: 'NONE',
  }));
}

/** A reader that answers what the test hands it. */
class HandedReader implements ShardReader {
  #next: Deferred<RetrievalBatch> = deferred();
  reads = 0;
  closed = false;
  admitBytes = 0;

  async read(signal: AbortSignal, admit: Admit): Promise<RetrievalBatch> {
    this.reads++;
    await admit(this.admitBytes);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.#next.promise.then((batch) => {
        this.#next = deferred();
        resolve(batch);
      }, reject);
    });
  }

  close(): void {
    this.closed = true;
  }

  async give(records: RawRecord[], more: Partial<RetrievalBatch> = {}): Promise<void> {
    this.#next.resolve({ records, millisBehindLatest: 0, end: undefined, ...more });
    await turn();
  }

  async break(error: Error): Promise<void> {
    this.#next.reject(error);
    await turn();
  }
}

class TestLease implements ConsumerLease {
  readonly shardId = 's';
  readonly name = 's';
  readonly lost = new AbortController();
  readonly confirms: string[] = [];
  readonly caughtUpAt: number[] = [];
  readonly writes: string[] = [];
  constructor(
    readonly lease: Lease,
    private readonly steps: string[],
  ) {}
  get signal(): AbortSignal {
    return this.lost.signal;
  }
  isValid(): boolean {
    return !this.lost.signal.aborted;
  }
  confirm(position: ExtendedSequenceNumber): void {
    this.confirms.push(position.sequenceNumber);
  }
  caughtUp(at: number): void {
    this.caughtUpAt.push(at);
  }
  async evict(): Promise<void> {
    this.steps.push(`evict at ${this.confirms.at(-1) ?? 'start'}`);
  }
  async finish(children: readonly string[]): Promise<void> {
    this.steps.push(`finish ${children.join()}`);
  }
  lose(): void {
    this.lost.abort(new ConnectorError('LEASE_LOST', 'lost'));
  }
}

interface SetUp {
  readonly checkpoint?: ExtendedSequenceNumber;
  readonly renewalsFirst?: (signal: AbortSignal) => Promise<void>;
  readonly awaitParents?: (signal: AbortSignal) => Promise<void>;
  readonly closePartition?: (deadlineMs: number) => Promise<boolean>;
  readonly createChildren?: () => Promise<void>;
  readonly openReader?: (position: ExtendedSequenceNumber) => ShardReader;
  readonly limit?: number;
  readonly receiveQueueSize?: number;
  readonly subRecordFilter?: 'keep' | 'drop';
  readonly budget?: ReceiveBudget;
  readonly retention?: () => Promise<Retention>;
}

function setUp(options: SetUp = {}) {
  const steps: string[] = [];
  const gaps: Gap[] = [];
  const clock = new ManualClock();
  const budget = options.budget ?? new ReceiveBudget(options.limit ?? 1e6);
  const registry = new MetricRegistry();
  const published = registry.reader();
  const tally = new SourceTally(clock).begin('s', () => new Set());
  const metrics = new ShardMetrics({ metrics: registry, clock, stream: 'stream', shardId: 's', tally });
  const reader = new HandedReader();
  const lease = new TestLease(
    {
      checkpoint: options.checkpoint ?? { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 },
    } as Lease,
    steps,
  );
  const tenure: ShardTenure = new ShardTenure({
    lease,
    streamName: 'stream',
    messageKeyMode: 'PARTITION_KEY',
    properties: [],
    timer: new DeliveryTimer(clock, metrics.deliveryTime),
    delivered: { add: () => undefined },
    schema: BYTES_SCHEMA,
    destinationTopic: undefined,
    onRefused: () => 'END',
  });
  const queue = new ReceiveQueue<KinesisRecord>((partition) => (partition as ShardTenure).changed());
  const watch = new ReaderWatch({ shardId: 's', limit: 60_000, restart: () => undefined });
  const consumer = new ShardConsumer({
    lease,
    tenure,
    queue,
    budget,
    decoding: new ReceiveBudget(1e6),
    receiveQueueSize: options.receiveQueueSize ?? 100,
    subRecordFilter: options.subRecordFilter ?? 'keep',
    caughtUpTarget: 0,
    clock,
    logger: silentLogger,
    metrics,
    watch,
    activeConsumers: () => 1,
    renewalsFirst: options.renewalsFirst ?? (() => Promise.resolve()),
    awaitParents: options.awaitParents ?? (() => Promise.resolve()),
    lagBefore: () => 77,
    openReader: options.openReader ?? (() => reader),
    watchLoss: (position) =>
      new DataLossWatch({
        coveredTo: undefined,
        asConfigured: false,
        unbegun: false,
        horizon: { look: options.retention ?? (() => Promise.reject(new Error('nobody asked before'))) },
        leastRetention: LEAST_RETENTION_MS,
        clock,
        position,
        onGap: (gap) => gaps.push(gap),
      }),
    createChildren: async (children) => {
      await options.createChildren?.();
      steps.push(`children ${children.map((one) => one.shardId).join()}`);
    },
    closePartition: async (deadlineMs) => {
      steps.push('close producer');
      return (await options.closePartition?.(deadlineMs)) ?? true;
    },
  });
  const take = async (count: number): Promise<KinesisRecord[]> => {
    const taken: KinesisRecord[] = [];
    while (taken.length < count) {
      taken.push(...(await queue.take(count - taken.length, all)));
    }
    return taken;
  };
  return { gaps, steps, clock, budget, reader, lease, tenure, queue, consumer, take, published, watch };
}

const at = (sequenceNumber: string, subSequenceNumber = 0): ExtendedSequenceNumber => ({
  sequenceNumber,
  subSequenceNumber,
});

describe('shard consumer', () => {
  it('delivers what lies behind the checkpoint and drops what does not', async () => {
    const { consumer, reader, take } = setUp({ checkpoint: at('5') });
    consumer.run();
    await turn();
    await reader.give(raws(5, 8));
    expect((await take(3)).map((record) => record.sequenceNumber)).toEqual(['6', '7', '8']);
  });

  it('reads nothing before every parent is finished', async () => {
    const finished = deferred<void>();
    const { consumer, reader } = setUp({ awaitParents: () => finished.promise });
    consumer.run();
    await turn();
    expect(consumer.state).toBe('WAITING_ON_PARENTS');
    finished.resolve();
    await turn();
    expect(consumer.state).toBe('PROCESSING');
    expect(reader.reads).toBe(1);
  });

  it('a graceful stop: nothing unsent is kept, the producer is closed, then one write with the checkpoint', async () => {
    const { consumer, reader, take, steps, budget, queue } = setUp();
    const done = consumer.run();
    await turn();
    await reader.give(raws(1, 10));
    for (const record of await take(4)) {
      record.ack();
    }
    consumer.stop('REQUESTED', 1000);
    expect(await done).toEqual({ reason: 'REQUESTED', drained: true, error: undefined });
    expect(steps).toEqual(['close producer', 'close producer', 'evict at 4']);
    expect(queue.size).toBe(0);
    expect(budget.used).toBe(0);
    expect(reader.closed).toBe(true);
  });

  it('a shard that is drained is not read: neither an answer nor a success is due', async () => {
    const closed = deferred<boolean>();
    const { consumer, watch } = setUp({ closePartition: () => closed.promise });
    const done = consumer.run();
    await turn();
    watch.refused('AWS_THROTTLED');
    watch.calling();
    consumer.stop('REQUESTED', 1000);
    await turn();
    expect(consumer.state).toBe('DRAINING');
    expect([watch.answers.due(), watch.successes.due()]).toEqual([false, false]);
    closed.resolve(true);
    await done;
  });

  it('a stop whose sends were not answered in time says so, and stores only what was confirmed', async () => {
    const { consumer, reader, take, steps } = setUp({ closePartition: async () => false });
    const done = consumer.run();
    await turn();
    await reader.give(raws(1, 3));
    const [first] = await take(3);
    first?.ack();
    consumer.stop('REQUESTED', 1000);
    expect((await done).drained).toBe(false);
    expect(steps.at(-1)).toBe('evict at 1');
  });

  it('a lost lease: nothing is written, what was queued is dropped and its memory let go', async () => {
    const { consumer, reader, lease, steps, budget, queue, take } = setUp();
    const done = consumer.run();
    await turn();
    await reader.give(raws(1, 10));
    const [first] = await take(1);
    lease.lose();
    expect((await done).reason).toBe('LEASE_LOST');
    expect(steps).toEqual(['close producer']);
    expect(queue.size).toBe(0);
    first?.ack();
    expect(budget.used).toBe(0);
  });

  it('the end of a shard: children first, then SHARD_END, and only when everything is confirmed', async () => {
    const { consumer, reader, take, steps, lease } = setUp();
    const done = consumer.run();
    await turn();
    await reader.give(raws(1, 3), { end: { childShards: [child] } });
    const records = await take(3);
    records[0]?.ack();
    records[2]?.ack();
    await turn();
    expect(consumer.state).toBe('DRAINING');
    expect(steps).toEqual([]);
    records[1]?.ack();
    expect((await done).reason).toBe('SHARD_END');
    expect(steps).toEqual(['close producer', 'children child', 'finish child']);
    expect(lease.confirms.at(-1)).toBe('3');
  });

  it('the end of an empty shard needs no confirmation', async () => {
    const { consumer, reader, steps } = setUp();
    const done = consumer.run();
    await turn();
    await reader.give([], { end: { childShards: [child] } });
    await done;
    expect(steps).toEqual(['close producer', 'children child', 'finish child']);
  });

  it('a stop during the drain of an ended shard waits for it, but not beyond the deadline', async () => {
    const { consumer, reader, take, steps, clock } = setUp({ closePartition: async () => false });
    const done = consumer.run();
    await turn();
    await reader.give(raws(1, 2), { end: { childShards: [child] } });
    (await take(2))[0]?.ack();
    consumer.stop('REQUESTED', 1000);
    await clock.advance(999);
    expect(consumer.state).toBe('DRAINING');
    await clock.advance(1);
    expect((await done).drained).toBe(false);
    expect(steps).toEqual(['close producer', 'close producer', 'evict at 1']);
  });

  it('what of an ended shard nobody has taken by the deadline is left to the next owner, and nothing is undrained', async () => {
    const { consumer, reader, queue, steps, clock } = setUp();
    const done = consumer.run();
    await turn();
    await reader.give(raws(1, 2), { end: { childShards: [child] } });
    consumer.stop('REQUESTED', 1000);
    await clock.advance(1000);
    expect((await done).drained).toBe(true);
    expect(queue.size).toBe(0);
    expect(steps).toEqual(['close producer', 'close producer', 'evict at start']);
  });

  it('losing the lease while an ended shard drains writes no SHARD_END', async () => {
    const { consumer, reader, lease, steps } = setUp();
    const done = consumer.run();
    await turn();
    await reader.give(raws(1, 2), { end: { childShards: [child] } });
    lease.lose();
    expect((await done).reason).toBe('LEASE_LOST');
    expect(steps).toEqual(['close producer']);
  });

  it('an error of the reader ends the consumer with what was confirmed', async () => {
    const { consumer, reader, take, steps } = setUp();
    const done = consumer.run();
    await turn();
    await reader.give(raws(1, 2));
    (await take(2))[0]?.ack();
    const denied = new ConnectorError('AWS_ACCESS_DENIED', 'denied');
    await reader.break(denied);
    const outcome = await done;
    expect(outcome.reason).toBe('FAILED');
    expect(outcome.error).toBe(denied);
    expect(steps).toEqual(['close producer', 'evict at 1']);
  });

  it('does not read on while its share of the queue is full', async () => {
    const { consumer, reader, take } = setUp();
    consumer.run();
    await turn();
    await reader.give(raws(1, 100));
    expect(reader.reads).toBe(1);
    await take(1);
    await turn();
    expect(reader.reads).toBe(2);
  });

  it('does not read on while the byte budget is used up, and goes on when records are confirmed', async () => {
    const { consumer, reader, take, budget } = setUp({ limit: 5000 });
    consumer.run();
    await turn();
    await reader.give(raws(1, 2, 5000));
    expect(budget.used).toBeGreaterThan(5000);
    const records = await take(2);
    await turn();
    expect(reader.reads).toBe(1);
    for (const record of records) {
      record.ack();
    }
    await turn();
    expect(reader.reads).toBe(2);
    expect(budget.used).toBe(0);
  });

  it('an answer is admitted before its body is read, and its reservation given back', async () => {
    const { consumer, reader, budget } = setUp();
    reader.admitBytes = 1234;
    consumer.run();
    await turn();
    expect(budget.used).toBeGreaterThanOrEqual(1234);
    reader.admitBytes = 0;
    await reader.give([]);
    expect(budget.used).toBe(0);
  });

  it('asks for nothing while renewals are overdue', async () => {
    const renewed = deferred<void>();
    const { consumer, reader } = setUp({ renewalsFirst: () => renewed.promise });
    void consumer.run();
    await turn();
    expect(reader.reads).toBe(0);
    renewed.resolve();
    await turn();
    expect(reader.reads).toBe(1);
  });

  it('is caught up once what was there at the start is confirmed, however much follows', async () => {
    const { consumer, reader, take } = setUp();
    consumer.run();
    await turn();
    await reader.give(raws(1, 2), { millisBehindLatest: 500 });
    const early = await take(2);
    expect(consumer.caughtUp).toBe(false);
    await reader.give(raws(3, 4), { millisBehindLatest: 0 });
    const records = await take(2);
    await reader.give(raws(5, 6), { millisBehindLatest: 0 });
    expect(consumer.caughtUp).toBe(false);
    for (const record of [...early, ...records]) {
      record.ack();
    }
    expect(consumer.caughtUp).toBe(true);
  });

  it('tells its lease up to when everything is confirmed, by the time of the service and never too late', async () => {
    const { consumer, reader, take, lease, clock } = setUp();
    consumer.run();
    await turn();
    await reader.give([], { millisBehindLatest: 500, serviceTime: 10_000 });
    await reader.give(raws(1, 2), { millisBehindLatest: 0, serviceTime: 20_000 });
    const first = await take(2);
    await reader.give(raws(3, 4), { millisBehindLatest: 0, serviceTime: 30_000 });
    expect(lease.caughtUpAt).toEqual([]);
    for (const record of first) {
      record.ack();
    }
    // Records 3 and 4 are not confirmed.
    await reader.give([], { millisBehindLatest: 0, serviceTime: 40_000 });
    expect(lease.caughtUpAt).toEqual([19_000]);
    await reader.give([], { millisBehindLatest: 0 });
    expect(lease.caughtUpAt).toEqual([19_000]);
    for (const record of await take(2)) {
      record.ack();
    }
    await reader.give([], { millisBehindLatest: 0, serviceTime: 50_000 });
    await reader.give([], { millisBehindLatest: 0, serviceTime: 60_000 });
    expect(lease.caughtUpAt.at(-1)).toBe(59_000);
    // The shard may have been looked at as soon as it was asked for.
    await clock.advance(7000);
    await reader.give([], { millisBehindLatest: 0, serviceTime: 70_000 });
    expect(lease.caughtUpAt.at(-1)).toBe(62_000);
  });

  it('an end that can never be stored ends the instance, and is not tried again for ever', async () => {
    const denied = new ConnectorError('AWS_ACCESS_DENIED', 'dynamodb:PutItem');
    const { consumer, reader } = setUp({ createChildren: () => Promise.reject(denied) });
    const done = consumer.run();
    await turn();
    await reader.give([], { end: { childShards: [child] } });
    expect(await done).toMatchObject({ reason: 'FAILED', error: denied });
  });

  it('an end that another worker has to store is no failure of this one', async () => {
    const lost = new ConnectorError('LEASE_LOST', 'lost');
    const { consumer, reader } = setUp({ createChildren: () => Promise.reject(lost) });
    const done = consumer.run();
    await turn();
    await reader.give([], { end: { childShards: [child] } });
    expect((await done).reason).toBe('SHARD_END');
  });

  it('a stop that comes after the end leaves no timer behind', async () => {
    const { consumer, clock } = setUp();
    const done = consumer.run();
    consumer.stop('REQUESTED', 1000);
    await done;
    consumer.stop('REQUESTED', 1000);
    expect(clock.pending).toBe(0);
    const { consumer: other, lease, clock: otherClock } = setUp();
    const lost = other.run();
    lease.lose();
    await lost;
    other.stop('REQUESTED', 1000);
    expect(otherClock.pending).toBe(0);
  });

  it('nothing behind a refused record may be sent any more', async () => {
    const { consumer, reader, take, tenure } = setUp();
    consumer.run();
    await turn();
    await reader.give(raws(1, 3));
    const [first] = await take(3);
    expect(tenure.deliverable()).toBe(true);
    first?.fail(new Error('too large'));
    expect(tenure.deliverable()).toBe(false);
  });

  it('an answer of tiny records is admitted as what it will keep alive, not as its bytes on the way', async () => {
    const budget = new ReceiveBudget(1e6);
    const shards = Array.from({ length: 5 }, () => setUp({ budget }));
    for (const { consumer, reader } of shards) {
      reader.admitBytes = 170_000;
      consumer.run();
    }
    await turn();
    let peak = 0;
    for (const { reader } of shards) {
      await reader.give(raws(1, 1000));
      peak = Math.max(peak, budget.used);
    }
    expect(peak).toBeLessThan(1.5e6);
  });

  it('an answer of which most was dropped does not make the next one look small', async () => {
    const { consumer, reader, budget, take } = setUp({ checkpoint: at('9') });
    reader.admitBytes = 1800;
    consumer.run();
    await turn();
    await reader.give(raws(1, 10));
    const [record] = await take(1);
    reader.admitBytes = 1800;
    record?.ack();
    await turn();
    await reader.give([]);
    // Ten records of 180 bytes on the way keep about 5,200 alive.
    expect(budget.used).toBeGreaterThan(5000);
  });

  it('reports each answer once, and its delivery when its last record is confirmed', async () => {
    const { consumer, reader, clock, take, published } = setUp();
    const sums = () => new Map(published.read().map(({ name, count, sum }) => [name, { count, sum }]));
    consumer.run();
    await turn();
    await reader.give(raws(1, 3, 10));
    await clock.advance(7);
    const [first, second, third] = await take(3);
    first?.ack();
    third?.ack();
    expect(sums()).toEqual(
      new Map([
        ['records_processed', { count: 1, sum: 3 }],
        ['data_bytes_processed', { count: 1, sum: 30 }],
        ['process_success', { count: 1, sum: 1 }],
        ['process_time', { count: 1, sum: 0 }],
      ]),
    );
    second?.ack();
    expect(sums()).toEqual(new Map([['delivery_time', { count: 1, sum: 7 }]]));
  });

  it('counts an answer that ends reading with an error as no success, and an end on request not at all', async () => {
    const failing = setUp();
    failing.consumer.run();
    await turn();
    await failing.reader.break(new ConnectorError('AWS_ACCESS_DENIED', 'no'));
    expect(failing.published.read()).toMatchObject([{ name: 'process_success', count: 1, sum: 0 }]);
    const stopped = setUp();
    const ended = stopped.consumer.run();
    await turn();
    stopped.consumer.stop('REQUESTED');
    await ended;
    expect(stopped.published.read()).toEqual([]);
  });

  it('lags behind by what the answer said, and by the time that follows when no answer does', async () => {
    const { consumer, reader, clock } = setUp();
    consumer.run();
    await turn();
    // Nobody has told yet but the row.
    expect(consumer.lag).toBe(77);
    await reader.give(raws(1, 1), { millisBehindLatest: 300 });
    expect(consumer.lag).toBe(300);
    await clock.advance(1000);
    expect(consumer.lag).toBe(300);
    await clock.advance(60_000);
    expect(consumer.lag).toBe(61_300);
    await reader.give(raws(2, 2), { millisBehindLatest: 0 });
    expect(consumer.lag).toBe(0);
    await reader.give([], { end: { childShards: [child] } });
    expect(consumer.lag).toBe(0);
  });

  describe('whose reader is replaced', () => {
    it('goes on behind the last record queued, and drops what the old reader answers too late', async () => {
      const late = deferred<RetrievalBatch>();
      const [stuck, fresh] = [new HandedReader(), new HandedReader()];
      let admitLate: Promise<void> | undefined;
      stuck.read = async (_signal, admit) => {
        stuck.reads++;
        if (stuck.reads === 1) {
          return { records: raws(1, 3), millisBehindLatest: 9, end: undefined };
        }
        const batch = await late.promise;
        admitLate = admit(500);
        await admitLate;
        return batch;
      };
      const opened: string[] = [];
      const { consumer, take, budget, steps } = setUp({
        openReader: (position) => {
          opened.push(position.sequenceNumber);
          return opened.length === 1 ? stuck : fresh;
        },
      });
      const done = consumer.run();
      await turn();
      consumer.restartReader(new ConnectorError('READER_STALLED', 'no answer'));
      await turn();
      expect(opened).toEqual(['TRIM_HORIZON', '3']);
      expect(stuck.closed).toBe(true);
      late.resolve({ records: raws(4, 9), millisBehindLatest: 0, end: { childShards: [child] } });
      await turn();
      await expect(admitLate).rejects.toThrow('no answer');
      // AT the last record, which is queued already.
      await fresh.give(raws(3, 5));
      const records = await take(5);
      expect(records.map((record) => record.sequenceNumber)).toEqual(['1', '2', '3', '4', '5']);
      for (const record of records) {
        record.ack();
      }
      expect(budget.used).toBe(0);
      consumer.stop('REQUESTED', 1000);
      expect(await done).toMatchObject({ reason: 'REQUESTED', drained: true });
      expect(steps.at(-1)).toBe('evict at 5');
    });

    it('is read again AT its last record when it has fallen behind the retention, and what is missing is told', async () => {
      const readers = [new HandedReader(), new HandedReader()];
      const opened: string[] = [];
      const { consumer, take, gaps, clock, steps } = setUp({
        retention: async () => ({ now: clock.now(), ms: LEAST_RETENTION_MS }),
        openReader: (position) => {
          opened.push(position.sequenceNumber);
          return readers[opened.length - 1] as ShardReader;
        },
      });
      const done = consumer.run();
      await turn();
      await readers[0]?.give(raws(1, 3), { millisBehindLatest: 9000 });
      await clock.advance(LEAST_RETENTION_MS);
      await readers[0]?.give(raws(7, 9));
      expect([opened, gaps]).toEqual([['TRIM_HORIZON', '3'], []]);
      await readers[1]?.give(raws(7, 9));
      expect(gaps).toEqual([expect.objectContaining({ reason: 'TRIMMED', from: at('3') })]);
      const records = await take(6);
      expect(records.map((record) => record.sequenceNumber)).toEqual(['1', '2', '3', '7', '8', '9']);
      for (const record of records) {
        record.ack();
      }
      consumer.stop('REQUESTED', 1000);
      expect(await done).toMatchObject({ reason: 'REQUESTED', drained: true });
      expect(steps.at(-1)).toBe('evict at 9');
    });

    it('goes on within a frame of which a part was queued', async () => {
      const frame = frameOfKey(
        'k',
        Array.from({ length: 1200 }, (_, i) => String(i)),
      );
      const records = raws(7, 8).map((raw, i) => (i === 0 ? { ...raw, data: frame } : raw));
      const [first, fresh] = [new HandedReader(), new HandedReader()];
      const opened: ExtendedSequenceNumber[] = [];
      const { consumer, take, clock, budget } = setUp({
        receiveQueueSize: 100,
        openReader: (position) => {
          opened.push(position);
          return opened.length === 1 ? first : fresh;
        },
      });
      const done = consumer.run();
      await turn();
      await first.give(records);
      await clock.advance(100);
      consumer.restartReader(new ConnectorError('READER_STALLED', 'no answer'));
      await turn();
      expect(opened[1]).toEqual(at('7', 511));
      const places: string[] = [];
      const taking = (async () => {
        while (places.length < 1201) {
          const [record] = await take(1);
          places.push(`${record?.sequenceNumber}.${record?.subSequenceNumber}`);
          record?.ack();
        }
      })();
      await turn();
      await fresh.give(records);
      await clock.run(taking);
      expect(places).toEqual([...Array.from({ length: 1200 }, (_, i) => `7.${i}`), '8.0']);
      expect(budget.used).toBe(0);
      consumer.stop('REQUESTED', 1000);
      await done;
    });

    it('begins again where it began when nothing was read yet, and once more as often as it takes', async () => {
      const opened: ExtendedSequenceNumber[] = [];
      const { consumer, reader, take } = setUp({
        checkpoint: at('7'),
        openReader: (position) => {
          opened.push(position);
          return reader;
        },
      });
      void consumer.run();
      await turn();
      for (let restart = 0; restart < 3; restart++) {
        consumer.restartReader(new ConnectorError('READER_STALLED', 'no answer'));
        await turn();
      }
      expect(opened).toEqual(Array(4).fill(at('7')));
      await reader.give(raws(7, 9));
      expect((await take(2)).map((record) => record.sequenceNumber)).toEqual(['8', '9']);
    });

    it('stops for good when it is asked to at the same moment', async () => {
      const { consumer, reader } = setUp();
      const done = consumer.run();
      await turn();
      consumer.restartReader(new ConnectorError('READER_STALLED', 'no answer'));
      consumer.stop('REQUESTED', 1000);
      expect((await done).reason).toBe('REQUESTED');
      expect(reader.reads).toBe(1);
    });
  });
});
