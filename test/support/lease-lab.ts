import type { DynamoApi, Item } from '../../src/aws/dynamo-api';
import type { KinesisApi } from '../../src/aws/kinesis-api';
import type { KinesisModel } from '../../src/emulator/kinesis/model';
import { NO_METRICS } from '../../src/io';
import type { HeldLease } from '../../src/lease/held-lease';
import { LeaseCoordinator } from '../../src/lease/lease-coordinator';
import type { LeaseCoordinatorOptions } from '../../src/lease/lease-coordinator-options';
import type { LeasedStream } from '../../src/lease/leased-stream';
import { type Deferred, deferred } from '../../src/util/deferred';
import { silentLogger } from '../../src/util/logger';
import { seededRandom } from '../../src/util/random';
import { LEASE_DEFAULTS, unwatched } from './lease-defaults';
import { leasedStream } from './leased-stream';
import { LossyDynamo } from './lossy-dynamo';
import { drained, ManualClock } from './manual-clock';
import { modelDynamo } from './model-dynamo';
import { modelKinesis } from './model-kinesis';

export const TABLE = 'app';
export const STREAM = 'orders';
export const FAILOVER = 10_000;

export type Row = { [attribute: string]: string | number | string[] };

/** A stream, its lease table, and workers of ours over both, on one virtual clock. */
export class LeaseLab {
  readonly clock = new ManualClock(Date.UTC(2026, 0, 1, 12, 0, 0, 400), drained);
  readonly dynamo = modelDynamo(this.clock);
  readonly kinesis: KinesisApi & { readonly model: KinesisModel } = modelKinesis(this.clock);

  constructor(shards = 1) {
    this.kinesis.model.call('CreateStream', { StreamName: STREAM, ShardCount: shards });
  }

  worker(name: string, options: TestWorkerOptions = {}): TestWorker {
    return new TestWorker(this, name, options);
  }

  shardIds(): string[] {
    return this.kinesis.model
      .call('ListShards', { StreamName: STREAM })
      .Shards.map(({ ShardId }) => ShardId)
      .sort();
  }

  split(shardId: string): void {
    const shard = this.kinesis.model
      .call('ListShards', { StreamName: STREAM })
      .Shards.find(({ ShardId }) => ShardId === shardId);
    if (shard === undefined) {
      throw new Error(`no shard ${shardId}`);
    }
    const { StartingHashKey, EndingHashKey } = shard.HashKeyRange;
    this.kinesis.model.call('SplitShard', {
      StreamName: STREAM,
      ShardToSplit: shardId,
      NewStartingHashKey: ((BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n + 1n).toString(),
    });
  }

  merge(left: string, right: string): void {
    this.kinesis.model.call('MergeShards', {
      StreamName: STREAM,
      ShardToMerge: left,
      AdjacentShardToMerge: right,
    });
  }

  /** Every row, in the order of the keys, attribute types taken off. */
  rows(): Row[] {
    const { Items } = this.dynamo.model.invoke('Scan', { TableName: TABLE }) as { Items: Item[] };
    return Items.map(plain).sort((a, b) => (String(a.leaseKey) < String(b.leaseKey) ? -1 : 1));
  }

  row(shardId: string): Row | undefined {
    return this.rows().find((row) => row.leaseKey === shardId);
  }

  /** Puts a row as another program would. */
  async put(row: Item): Promise<void> {
    await this.dynamo.putItem({ TableName: TABLE, Item: row });
  }
}

export interface TestWorkerOptions extends Partial<LeaseCoordinatorOptions> {
  readonly kinesis?: LeasedStream['kinesis'];
  /** The one stream of the lab when absent. */
  readonly streams?: readonly LeasedStream[];
}

/** A worker whose consumers do nothing until the test ends them. */
export class TestWorker {
  readonly #streams: readonly LeasedStream[];
  readonly dynamo: LossyDynamo;
  readonly coordinator: LeaseCoordinator;
  readonly fatal: Error[] = [];
  readonly #consumers = new Map<string, { readonly held: HeldLease; readonly ended: Deferred<void> }>();

  constructor(lab: LeaseLab, name: string, { kinesis, streams, ...options }: TestWorkerOptions) {
    this.#streams = streams ?? [
      leasedStream(kinesis ?? lab.kinesis, STREAM, { logger: options.logger ?? silentLogger }),
    ];
    this.dynamo = new LossyDynamo(options.dynamo ?? (lab.dynamo as DynamoApi));
    this.coordinator = new LeaseCoordinator({
      ...LEASE_DEFAULTS,
      applicationName: TABLE,
      watch: unwatched(lab.clock),
      clock: lab.clock,
      // Two workers never draw the same ids.
      random: seededRandom([...name].reduce((seed, char) => seed * 31 + char.charCodeAt(0), 7)),
      logger: silentLogger,
      metrics: NO_METRICS,
      tableName: TABLE,
      layout: 'ONE_STREAM',
      label: STREAM,
      worker: name,
      initialPosition: { type: 'TRIM_HORIZON' },
      failoverTime: FAILOVER,
      checkpointInterval: 60_000,
      maxLeases: Number.POSITIVE_INFINITY,
      backoff: { initialMs: 100, maxMs: 1000 },
      onAcquired: (held) => {
        const ended = deferred<void>();
        this.#consumers.set(held.name, { held, ended });
        return ended.promise;
      },
      onFatal: (error) => this.fatal.push(error),
      ...options,
      dynamo: this.dynamo,
    });
  }

  start(): Promise<void> {
    return this.coordinator.start(this.#streams);
  }

  /** Shards with a running consumer. */
  get shards(): string[] {
    return [...this.#consumers.keys()].sort();
  }

  held(shardId: string): HeldLease {
    const consumer = this.#consumers.get(shardId);
    if (consumer === undefined) {
      throw new Error(`no consumer of ${shardId}, only of ${this.shards.join(', ')}`);
    }
    return consumer.held;
  }

  /** The consumer of the shard has ended. */
  end(shardId: string): void {
    this.#consumers.get(shardId)?.ended.resolve();
    this.#consumers.delete(shardId);
  }

  /** Drained, checkpointed, given up, closed: the way a source stops. */
  async stop(): Promise<void> {
    await this.coordinator.stopTaking();
    await Promise.all(
      this.shards.map(async (shardId) => {
        await this.held(shardId).evict();
        this.end(shardId);
      }),
    );
    await this.coordinator.stop();
  }
}

function plain(item: Item): Row {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      value.N !== undefined ? Number(value.N) : (value.S ?? value.SS ?? '(other)'),
    ]),
  );
}
