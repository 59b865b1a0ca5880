import type { RetryPolicy } from '../aws/retry';
import { covers } from '../stream/hash-coverage';
import type { ChildShard } from '../stream/shard';
import type { Gate } from '../util/gate';
import type { Watchdog } from '../util/watchdog';
import { Auditor } from './auditor';
import { Cleaner } from './cleaner';
import type { HeldLease } from './held-lease';
import type { Lease } from './lease';
import type { LeaseCoordinatorOptions } from './lease-coordinator-options';
import type { LeaseMetrics, StreamLeaseMetrics } from './lease-metrics';
import type { LeaseTable } from './lease-table';
import { LeaseView } from './lease-view';
import type { LeasedStream } from './leased-stream';
import { ParentWatch } from './parent-watch';
import { Parents } from './parents';
import type { StreamId } from './row-key';
import type { ShardNames } from './shard-names';
import { ShardSync } from './shard-sync';
import type { SharedScan } from './shared-scan';
import { StreamRows } from './stream-rows';

export interface StreamLeasesDeps
  extends Pick<
    LeaseCoordinatorOptions,
    'random' | 'metrics' | 'initialPosition' | 'failoverTime' | 'shardIds' | 'audit'
  > {
  readonly table: LeaseTable;
  readonly scans: SharedScan;
  readonly retry: RetryPolicy;
  readonly gate: Gate;
  readonly leaseMetrics: LeaseMetrics;
  readonly names: ShardNames;
  readonly watchdog: Watchdog;
  /** Milliseconds; see ParentWatch. */
  readonly childStallTimeout: number;
  /** Whether the stream joins a source that reads others already. */
  readonly late: boolean;
  /** Rows have come into being that may be taken. */
  readonly onCreated: () => void;
  /** Something cannot heal. */
  readonly onFailed: (error: unknown) => void;
}

/** The leases of one stream: sees to it that its rows are those of its shards, and says which shards may be read. */
export class StreamLeases<S extends LeasedStream = LeasedStream> {
  readonly view = new LeaseView();
  readonly #stopped = new AbortController();
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #rows: StreamRows;
  readonly #metrics: StreamLeaseMetrics;
  readonly #sync: ShardSync;
  readonly #parents: Parents;
  readonly #parentWatch: ParentWatch;
  readonly #cleaner: Cleaner;
  readonly #auditor: Auditor;
  readonly #onCreated: () => void;
  #ready = false;

  constructor(
    readonly stream: S,
    deps: StreamLeasesDeps,
  ) {
    const { failoverTime, shardIds, childStallTimeout } = deps;
    this.#wanted = shardIds === undefined ? undefined : new Set(shardIds);
    this.#onCreated = deps.onCreated;
    this.#metrics = deps.leaseMetrics.ofStream(stream.label);
    this.#rows = new StreamRows({ ...deps, stream });
    const shared = {
      ...deps,
      logger: stream.logger,
      rows: this.#rows,
      view: this.view,
      isGone: () => stream.isGone(),
      isWanted: (shardId: string) => this.isWanted(shardId),
    };
    this.#sync = new ShardSync({
      ...shared,
      kinesis: stream.kinesis,
      stream: stream.ref,
      metrics: this.#metrics,
    });
    this.#parents = new Parents({ ...shared, sync: this.#sync });
    this.#parentWatch = new ParentWatch({
      ...shared,
      // Never shorter than what lies between two scans.
      interval: childStallTimeout && Math.max(childStallTimeout, 3 * failoverTime),
      wait: (lease, signal) => this.#parents.wait(lease, signal),
    });
    this.#cleaner = new Cleaner(shared);
    this.#auditor = new Auditor({
      ...shared,
      stream: stream.label,
      settings: deps.audit,
      sync: this.#sync,
      onMended: deps.onCreated,
    });
  }

  /** Names the stream in its rows; undefined in a table of one stream. */
  get id(): StreamId | undefined {
    return this.#rows.id;
  }

  /** See streamIdentityOf; known once its rows are ready. */
  get identity(): string {
    return this.#rows.identity;
  }

  /** Whether leases may be taken: the rows are ready. */
  get isReady(): boolean {
    return this.#ready;
  }

  /**
   * Makes the rows ready. The table must exist.
   * @param onKnown told once `id` is known
   * @throws see ShardSync.describe and ShardSync.start
   */
  async start(signal: AbortSignal, onKnown: () => void): Promise<void> {
    await this.#metrics.syncShards.measure(async () => {
      await this.#sync.describe(signal);
      onKnown();
      await this.#sync.start(signal);
    }, signal);
    this.#ready = true;
  }

  /** Audits until `signal` is aborted or `stop` is called. @throws what cannot heal */
  run(signal: AbortSignal): Promise<void> {
    return this.#auditor.run(AbortSignal.any([signal, this.#stopped.signal]));
  }

  /** Resolves when no row is being deleted any more. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the stream is no longer read'));
    await this.#cleaner.idle();
  }

  /** See ShardSync.check. */
  check(signal: AbortSignal): Promise<void> {
    return this.#sync.check(signal);
  }

  isWanted(shardId: string): boolean {
    return this.#wanted?.has(shardId) ?? true;
  }

  /** See LeaseTable.take. */
  startAt(seen: Lease): number | undefined {
    return this.#sync.startAt(seen);
  }

  /** The view shows another scan. */
  scanned(signal: AbortSignal): void {
    this.#parents.changed();
    this.#cleaner.scanned(signal);
    this.#auditor.scanned();
  }

  /** A row has become one of a finished shard. */
  finished(): void {
    this.#parents.changed();
  }

  /** See Parents.finished. */
  parentsFinished(lease: Lease): boolean | 'unknown' {
    return this.#parents.finished(lease);
  }

  /** See ParentWatch.wait. */
  awaitParents(lease: Lease, signal: AbortSignal): Promise<void> {
    return this.#parentWatch.wait(lease, signal);
  }

  /** Creates the rows of a shard's children; `parent.finish` comes after it. @throws ConnectorError LEASE_LOST */
  async createChildren(parent: HeldLease, children: readonly ChildShard[]): Promise<void> {
    await this.#sync.createChildren(parent, children);
    const { hashRange } = parent.lease;
    if (children.length === 0 || (hashRange !== undefined && !covers(children, hashRange))) {
      // Every shard that ends has children; some have vanished as well, and only a listing shows who came after.
      await this.#metrics.syncShards.measure(() => this.#sync.createMissing(parent), parent.signal);
    }
    this.#onCreated();
  }
}
