import type { KinesisApi, StreamDescription, StreamRef } from '../aws/kinesis-api';
import { listAllShards } from '../aws/list-shards';
import { type RetryPolicy, retrying } from '../aws/retry';
import type { InitialPosition } from '../config/types';
import { ConnectorError } from '../errors';
import { TRIM_HORIZON } from '../stream/extended-sequence-number';
import { requireWholeRange } from '../stream/hash-coverage';
import type { ChildShard, Shard } from '../stream/shard';
import { shardGraph } from '../stream/shard-graph';
import {
  initialLeases,
  missingLeases,
  type StartLease,
  type StartPosition,
  startFilter,
  startShards,
} from '../stream/start-position';
import { sleep } from '../util/clock';
import type { Gate } from '../util/gate';
import type { Logger } from '../util/logger';
import type { HeldLease } from './held-lease';
import { isFinished, type Lease } from './lease';
import type { LeaseMetrics } from './lease-metrics';
import type { LeaseTable } from './lease-table';
import { type LeaseView, smallestStartAt } from './lease-view';
import type { NewLease } from './serializer';
import { describeUsable, requireSameStream } from './shard-listing';
import { ancestry, instantOf, startOfTable } from './table-start';

/** Source: KCL `HierarchicalShardSyncer`, retries of an incomplete listing. */
const COVERAGE_TRIES = 3;
const COVERAGE_PAUSE_MS = 1000;
const HOUR_MS = 3_600_000;
const FROM_BEGINNING: StartPosition = { type: 'TRIM_HORIZON' };

export interface ShardSyncDeps {
  readonly kinesis: KinesisApi;
  readonly stream: StreamRef;
  readonly initialPosition: InitialPosition;
  readonly table: LeaseTable;
  readonly view: LeaseView;
  readonly retry: RetryPolicy;
  readonly logger: Logger;
  readonly gate: Gate;
  readonly metrics: LeaseMetrics;
}

/** The shards of the stream at one moment, and those among them with which reading starts: see startShards. */
export interface ShardSnapshot {
  readonly shards: ReadonlyMap<string, Shard>;
  readonly openAtStart: ReadonlySet<string>;
}

/** Keeps the rows of the table in step with the shards of the stream. */
export class ShardSync {
  #description: StreamDescription | undefined;

  constructor(private readonly deps: ShardSyncDeps) {}

  /**
   * Creates the rows that the table lacks, all of them when it is empty. The table must exist.
   * @throws ConnectorError START_POSITION_IN_FUTURE, KINESIS_STREAM_NOT_FOUND, KINESIS_STREAM_NOT_READY,
   * KINESIS_HASH_RANGE_INCOMPLETE, LEASE_TABLE_OTHER_STREAM, KINESIS_STREAM_RECREATED
   */
  async start(signal: AbortSignal): Promise<void> {
    const { kinesis, stream, retry, logger, table, view } = this.deps;
    // Its Date header freezes LATEST, so it comes before the first ListShards.
    const description = await describeUsable(kinesis, stream, { ...retry, logger }, signal);
    this.#description = description;
    table.belongsTo(description.arn);
    const started = retry.clock.monotonic();
    const leases = await retrying(retry, signal, () => table.scan(signal));
    view.scanned(leases, started, retry.clock.monotonic());
    const start = this.#startPosition(leases);
    if (leases.length === 0) {
      await this.create(await this.#listStart(start, signal), start, signal);
    } else {
      await this.#mend(leases, start, signal);
    }
  }

  /** The instant at which this source starts, milliseconds since the epoch; undefined for the trim horizon. */
  startAt(): number | undefined {
    return instantOf(this.#startPosition(this.deps.view.leases()));
  }

  /** @throws what cannot heal */
  async snapshot(signal: AbortSignal): Promise<ShardSnapshot> {
    const shards = await this.#list(signal);
    const leases = this.deps.view.leases();
    return {
      shards,
      openAtStart: await this.#startShards(shards, leases, this.#startPosition(leases), signal),
    };
  }

  /** Rows of the oldest ancestors, `shardId` among them, that the table lacks and that lead to `shardId`. */
  async createAncestry(
    shardId: string,
    { shards, openAtStart }: ShardSnapshot,
    signal: AbortSignal,
  ): Promise<void> {
    const start = this.#startPosition(this.deps.view.leases());
    const states = statesOf(this.deps.view.leases());
    await this.create(missingLeases(ancestry(shardId, shards), states, start, openAtStart), start, signal);
  }

  /**
   * Rows of the children of a shard that has ended, before its SHARD_END is written.
   * @throws ConnectorError LEASE_LOST of the parent
   */
  async createChildren(parent: HeldLease, children: readonly ChildShard[]): Promise<void> {
    const startAt = this.deps.view.startAt();
    const rows = children.map((child) => this.#row(child, TRIM_HORIZON, child.parentShards, startAt));
    await this.#createRows(rows, parent.signal, () => parent.require());
  }

  /**
   * Rows of shards without a leased ancestor: those below `parent` whose parents have vanished as it has.
   * @throws ConnectorError LEASE_LOST of the parent, KINESIS_STREAM_RECREATED, LEASE_TABLE_OTHER_STREAM
   */
  async createMissing(parent: HeldLease): Promise<void> {
    const { view } = this.deps;
    const shards = await this.#list(parent.signal);
    const leases = view.leases();
    requireSameStream(leases, shards);
    const missing = missingLeases([...shards.values()], statesOf(leases), FROM_BEGINNING);
    await this.#createRows(this.#planned(missing, view.startAt()), parent.signal, () => parent.require());
  }

  async create(planned: readonly StartLease[], start: StartPosition, signal: AbortSignal): Promise<void> {
    await this.#createRows(this.#planned(planned, instantOf(start)), signal, () => undefined);
  }

  #planned(planned: readonly StartLease[], startAt: number | undefined): NewLease[] {
    return planned.map(({ shard, checkpoint, parents }) => this.#row(shard, checkpoint, parents, startAt));
  }

  /**
   * Rows of one call never descend from each other, so that their order among themselves does not matter. The view
   * shows them when this resolves: a parent must not be seen to end before its children are seen.
   */
  async #createRows(rows: readonly NewLease[], signal: AbortSignal, check: () => void): Promise<void> {
    const { gate, retry, table, view, metrics } = this.deps;
    const create = async (row: NewLease): Promise<void> => {
      check();
      const created = await metrics.createLease.measure(() => table.create(row, signal), signal);
      const lease = created ?? (await table.get(row.shardId, signal));
      if (lease !== undefined) {
        view.noted(lease, retry.clock.monotonic());
      }
    };
    await Promise.all(rows.map((row) => retrying(retry, signal, () => gate.run(() => create(row)))));
  }

  /** A table in use: rows that are missing are created, finished rows of shards long gone are deleted. */
  async #mend(leases: readonly Lease[], start: StartPosition, signal: AbortSignal): Promise<void> {
    const { retry, table } = this.deps;
    const shards = await this.#list(signal);
    requireSameStream(leases, shards);
    const states = statesOf(leases);
    const listed = [...shards.values()];
    if (leases.some((lease) => !isFinished(lease) && !shards.has(lease.shardId))) {
      // What is missing may descend from that one, by shards that have vanished too: an instant frozen now is too late.
      await this.create(missingLeases(listed, states, FROM_BEGINNING), start, signal);
    } else if (missingLeases(listed, states, start).length > 0) {
      const openAtStart = await this.#startShards(shards, leases, start, signal);
      await this.create(missingLeases(listed, states, start, openAtStart), start, signal);
    }
    for (const lease of leases) {
      if (isFinished(lease) && !shards.has(lease.shardId)) {
        await retrying(retry, signal, () => table.deleteFinished(lease.shardId, signal));
      }
    }
  }

  async #list(signal: AbortSignal): Promise<ReadonlyMap<string, Shard>> {
    const { kinesis, stream, retry } = this.deps;
    return retrying(retry, signal, async () => {
      const listed = await listAllShards(kinesis, stream, signal);
      // A reshard between two pages shows a parent still open beside its children: asked again, it has closed.
      return shardGraph(listed).shards;
    });
  }

  async #startShards(
    shards: ReadonlyMap<string, Shard>,
    leases: readonly Lease[],
    start: StartPosition,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const first = await this.#listStart(start, signal);
    const openAtStart = first.map(({ shard }) => shard.shardId);
    return startShards(shards.values(), statesOf(leases), openAtStart);
  }

  /** The shards with which reading starts; they must cover every hash key. */
  async #listStart(start: StartPosition, signal: AbortSignal): Promise<StartLease[]> {
    const { kinesis, stream, retry } = this.deps;
    const { createdAt, retentionHours } = this.#described();
    const filter = startFilter(start, Math.max(createdAt, this.#serviceTime() - retentionHours * HOUR_MS));
    for (let tries = 1; ; tries++) {
      const listed = await retrying(retry, signal, () => listAllShards(kinesis, stream, signal, filter));
      try {
        const first = initialLeases(listed, start);
        requireWholeRange(first.map(({ shard }) => shard));
        return first;
      } catch (error) {
        if (tries >= COVERAGE_TRIES) {
          throw error;
        }
      }
      await sleep(retry.clock, COVERAGE_PAUSE_MS, signal);
    }
  }

  #startPosition(leases: readonly Lease[]): StartPosition {
    return startOfTable(
      this.deps.initialPosition,
      smallestStartAt(leases),
      this.#described(),
      this.#serviceTime(),
    );
  }

  #row(
    shard: Pick<Shard, 'shardId' | 'startingHashKey' | 'endingHashKey'>,
    checkpoint: NewLease['checkpoint'],
    parentShardIds: readonly string[],
    startAt: number | undefined,
  ): NewLease {
    const { shardId, startingHashKey, endingHashKey } = shard;
    const hashRange = { startingHashKey, endingHashKey };
    return { shardId, checkpoint, parentShardIds, hashRange, startAt, streamArn: this.#described().arn };
  }

  #serviceTime(): number {
    return this.#described().serviceTime ?? this.deps.retry.clock.now();
  }

  #described(): StreamDescription {
    if (this.#description === undefined) {
      throw new ConnectorError('ILLEGAL_STATE', 'shard sync was used before it was started');
    }
    return this.#description;
  }
}

function statesOf(leases: readonly Lease[]): ReadonlyMap<string, { readonly finished: boolean }> {
  return new Map(leases.map((lease) => [lease.shardId, { finished: isFinished(lease) }]));
}
