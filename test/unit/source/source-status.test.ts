import type { KinesisApi } from '../../../src/aws/kinesis-api';
import { loadConfigObject } from '../../../src/config';
import type { ConnectorStatus, ShardStatus } from '../../../src/io';
import { PrometheusSeries } from '../../../src/metrics/prometheus-series';
import type { MetricRegistry } from '../../../src/metrics/registry';
import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../../src/pulsar/memory-transport';
import { runSourceInstance } from '../../../src/runtime/source-instance';
import { KinesisSource } from '../../../src/source/kinesis-source';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { LeaseLab, STREAM, TABLE } from '../../support/lease-lab';

const MINUTE = 60_000;

/** One instance on virtual time, and what it says of itself. */
class Worker {
  readonly #lab: StatusLab;
  readonly #stop = new AbortController();
  readonly #series = new PrometheusSeries({});
  readonly #ended: Promise<unknown>;
  #read: (() => ConnectorStatus) | undefined;
  #news: (() => void) | undefined;

  constructor(lab: StatusLab, name: string, configs: object) {
    this.#lab = lab;
    const { clock } = lab.lab;
    const config = loadConfigObject(
      {
        pulsar: { serviceUrl: 'memory://test' },
        aws: { region: 'us-east-1' },
        sources: [
          {
            tenant: 'public',
            namespace: 'default',
            name,
            sourceType: 'kinesis',
            topicName: 'topic',
            configs: {
              awsKinesisStreamName: STREAM,
              applicationName: TABLE,
              initialPositionInStream: 'TRIM_HORIZON',
              useEnhancedFanOut: false,
              cloudwatchMetricsLevel: 'NONE',
              maxReadsPerSecondPerShard: 1,
              ...configs,
            },
          },
        ],
      },
      'test',
      { env: {} },
    );
    const [definition] = config.sources;
    if (definition === undefined) {
      throw new Error('the configuration has one source');
    }
    const { dynamo, kinesis } = lab.lab;
    const shardOf = new Map<string | undefined, string>();
    const hanging: Pick<KinesisApi, 'getShardIterator' | 'getRecords'> = {
      getShardIterator: async (stream, shardId, position) => {
        const iterator = await kinesis.getShardIterator(stream, shardId, position);
        shardOf.set(iterator, shardId);
        return iterator;
      },
      getRecords: async (stream, query, options) => {
        const shardId = shardOf.get(query.iterator) ?? '';
        if (lab.hangs(shardId)) {
          return new Promise(() => undefined);
        }
        const answer = await kinesis.getRecords(stream, query, options);
        shardOf.set(answer.nextIterator, shardId);
        return answer;
      },
    };
    this.#ended = runSourceInstance({
      definition,
      pulsar: config.pulsar,
      source: new KinesisSource({
        kinesis: () => ({ ...kinesis, ...hanging, close: () => undefined }),
        dynamo: () => ({ ...dynamo, close: () => undefined }),
      }),
      shutdownTimeoutMs: 10_000,
      clock,
      random: seededRandom(name.length),
      logger: silentLogger,
      openTransport: (_pulsar, producer) => new MemoryTransport(lab.broker, producer, clock),
      stop: this.#stop.signal,
      onStatus: (read) => {
        this.#read = read;
      },
      onMetrics: (metrics) => this.#watch(metrics),
    });
    this.#ended.catch(() => undefined);
  }

  get status(): ConnectorStatus {
    if (this.#read === undefined) {
      throw new Error('the source says nothing of itself');
    }
    return this.#read();
  }

  shard(n: number): ShardStatus {
    const shard = this.status.shards[n];
    if (shard === undefined) {
      throw new Error(`no shard ${n}`);
    }
    return shard;
  }

  /** What Prometheus would see of a metric, by shard where it has one. */
  exposed(name: string): { readonly [shard: string]: number } {
    this.#news?.();
    const metric = this.#series.exposed(this.#now).find((one) => one.name === `pulsar_io_kinesis_${name}`);
    return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [labels.shard ?? '', value]));
  }

  stop(): Promise<unknown> {
    this.#stop.abort(new Error('the test stops it'));
    return this.#lab.lab.clock.run(this.#ended);
  }

  #watch(metrics: MetricRegistry): void {
    const reader = metrics.reader({
      buckets: true,
      onForgotten: (labels) => {
        this.#news?.();
        this.#series.forget(labels, this.#now);
      },
    });
    this.#news = () => this.#series.add(reader.read());
  }

  get #now(): number {
    return this.#lab.lab.clock.monotonic();
  }
}

class StatusLab {
  readonly lab: LeaseLab;
  readonly broker = new MemoryBroker();
  /** Whether no read of a shard is answered. */
  hangs: (shardId: string) => boolean = () => false;

  constructor(shards: number) {
    this.lab = new LeaseLab(shards);
  }

  start(name: string, configs: object = {}): Worker {
    return new Worker(this, name, configs);
  }

  put(count: number): void {
    for (let n = 0; n < count; n++) {
      const Data = Buffer.from(String(n)).toString('base64');
      this.lab.kinesis.model.call('PutRecord', { StreamName: STREAM, PartitionKey: `key-${n}`, Data });
    }
  }

  advance(ms: number): Promise<void> {
    return this.lab.clock.advance(ms);
  }
}

test('what Pulsar does not confirm makes a shard late, however far it is read', async () => {
  const lab = new StatusLab(1);
  lab.broker.behaviour.latencyMs = 15_000;
  lab.put(5);
  const worker = lab.start('one');
  await lab.advance(12_000);
  const [late] = worker.status.shards;
  expect(late).toMatchObject({ state: 'PROCESSING', millisBehindLatest: 0, recordsRead: 5 });
  expect(late?.unconfirmedAge).toBeGreaterThan(5000);
  expect(Object.values(worker.exposed('unconfirmed_age_seconds'))[0]).toBeGreaterThan(5);
  await lab.advance(MINUTE);
  expect(worker.status.shards).toMatchObject([{ millisBehindLatest: 0, unconfirmedAge: 0 }]);
});

test('a source that has caught up says so of every shard, and how much it has read and delivered', async () => {
  const lab = new StatusLab(2);
  lab.put(30);
  const worker = lab.start('one');
  await lab.advance(2 * MINUTE);
  const { status } = worker;
  expect(status).toMatchObject({ recordsIn: 30, recordsOut: 30, recordsQueued: 0, bytesQueued: 0 });
  expect(status.worker).toMatch(/^one-0-/);
  expect(
    status.shards.map(({ state, millisBehindLatest, heldBack }) => [state, millisBehindLatest, heldBack]),
  ).toEqual([
    ['PROCESSING', 0, false],
    ['PROCESSING', 0, false],
  ]);
  expect(status.shards.reduce((sum, { recordsRead = 0 }) => sum + recordsRead, 0)).toBe(30);
  for (const { owner, checkpoint, checkpointedAt = 0 } of status.shards) {
    expect(owner).toBe(status.worker);
    expect(checkpoint).toMatch(/^\d+$/);
    expect(lab.lab.clock.now() - checkpointedAt).toBeLessThan(2 * MINUTE);
  }
  expect(worker.exposed('behind_latest_seconds')).toEqual(
    Object.fromEntries(lab.lab.shardIds().map((id) => [id, 0])),
  );
  // The last of a histogram is its count.
  expect(worker.exposed('end_to_end_duration_seconds')).toEqual({ '': 30 });
  expect([worker.exposed('unowned_shards'), worker.exposed('longest_unowned_seconds')]).toEqual([
    { '': 0 },
    { '': 0 },
  ]);
  await worker.stop();
});

test('time goes on counting for a shard whose reads are not answered, also when none ever was', async () => {
  const lab = new StatusLab(1);
  lab.put(5);
  lab.hangs = () => true;
  const worker = lab.start('one', { readerStallTimeout: 0 });
  await lab.advance(2 * MINUTE);
  const never = worker.shard(0).millisBehindLatest ?? 0;
  expect(never).toBeGreaterThan(1.9 * MINUTE);
  lab.hangs = () => false;
  await worker.stop();
  const next = lab.start('two', { readerStallTimeout: 0 });
  await lab.advance(MINUTE);
  expect(next.shard(0).millisBehindLatest).toBe(0);
  lab.hangs = () => true;
  await lab.advance(2 * MINUTE);
  expect(next.shard(0).millisBehindLatest).toBeGreaterThan(1.9 * MINUTE);
  expect(Object.values(next.exposed('behind_latest_seconds'))[0]).toBeGreaterThan(110);
  lab.hangs = () => false;
  await next.stop();
});

test('a child that waits for a parent which does not get on lags behind as that parent does', async () => {
  const lab = new StatusLab(2);
  const before = lab.start('one');
  await lab.advance(MINUTE);
  await before.stop();
  const [left = '', right = ''] = lab.lab.shardIds();
  lab.lab.merge(left, right);
  lab.put(4);
  lab.hangs = (shardId) => shardId === right;
  const worker = lab.start('two', { readerStallTimeout: 0 });
  await lab.advance(2 * MINUTE);
  expect(worker.status.shards.map(({ state }) => state)).toEqual([
    'FINISHED',
    'PROCESSING',
    'WAITING_ON_PARENTS',
  ]);
  for (const n of [1, 2]) {
    const { millisBehindLatest = 0 } = worker.shard(n);
    expect(Math.abs(millisBehindLatest - 2 * MINUTE)).toBeLessThan(5000);
  }
  lab.hangs = () => false;
  await worker.stop();
});

test('a shard that nobody may take is told of with how long that has been so, and what its row says of its lag', async () => {
  const lab = new StatusLab(2);
  const full = lab.start('full');
  await lab.advance(MINUTE);
  await full.stop();
  const worker = lab.start('one', { maxLeasesForWorker: 1 });
  await lab.advance(2 * MINUTE);
  const free = worker.status.shards.find(({ state }) => state === 'UNOWNED');
  expect(worker.status.shards.map(({ state }) => state).sort()).toEqual(['PROCESSING', 'UNOWNED']);
  expect(free).not.toHaveProperty('owner');
  expect(free).not.toHaveProperty('recordsRead');
  expect(Math.abs((free?.millisBehindLatest ?? 0) - 2 * MINUTE)).toBeLessThan(5000);
  expect(worker.exposed('unowned_shards')).toEqual({ '': 1 });
  expect(Math.abs((worker.exposed('longest_unowned_seconds')[''] ?? 0) - 120)).toBeLessThan(5);
  const id = free?.shardId ?? '';
  expect(Math.abs((worker.exposed('behind_latest_seconds')[id] ?? 0) - 120)).toBeLessThan(5);

  const other = lab.start('other');
  await lab.advance(MINUTE);
  expect(worker.exposed('unowned_shards')).toEqual({ '': 0 });
  // Whoever reads it tells its lag; nobody else does any more.
  expect(Object.keys(worker.exposed('behind_latest_seconds'))).not.toContain(id);
  expect(other.exposed('behind_latest_seconds')[id]).toBe(0);
  const elsewhere = worker.status.shards.find(({ shardId }) => shardId === id);
  expect(elsewhere).toMatchObject({ state: 'ELSEWHERE', owner: other.status.worker });
  expect(elsewhere?.millisBehindLatest).toBeLessThan(10_000);
  await Promise.all([worker.stop(), other.stop()]);
});

test("a shard that is read to its end is finished, its lag is nobody's, and what was read of it still counts", async () => {
  const lab = new StatusLab(1);
  lab.put(3);
  const worker = lab.start('one');
  await lab.advance(MINUTE);
  const [parent = ''] = lab.lab.shardIds();
  lab.lab.split(parent);
  lab.put(4);
  await lab.advance(MINUTE / 2);
  expect(worker.shard(0)).toEqual({
    stream: STREAM,
    shardId: parent,
    state: 'FINISHED',
    checkpoint: 'SHARD_END',
    recordsRead: 3,
    bytesRead: 3,
  });
  expect(Object.keys(worker.exposed('behind_latest_seconds'))).not.toContain(parent);
  await worker.stop();
});
