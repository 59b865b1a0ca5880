import type { RetryPolicy } from '../aws/retry';
import { explain, isConnectorError } from '../errors';
import { covers } from '../stream/hash-coverage';
import type { ChildShard } from '../stream/shard';
import { allowManyListeners } from '../util/abort';
import { Alarm } from '../util/alarm';
import { Gate } from '../util/gate';
import { Auditor } from './auditor';
import { Cleaner } from './cleaner';
import { Fleet3x } from './fleet-3x';
import type { HeldLease } from './held-lease';
import { HeldLeases } from './held-leases';
import { isFinished, type Lease } from './lease';
import type { LeaseCoordinatorOptions } from './lease-coordinator-options';
import { LeaseMetrics } from './lease-metrics';
import { LeaseTable } from './lease-table';
import { LeaseView } from './lease-view';
import { ParentWatch } from './parent-watch';
import { Parents } from './parents';
import { Renewer } from './renewer';
import { ScanWatch } from './scan-watch';
import { ShardSync } from './shard-sync';
import { openLeaseTable } from './table-opening';
import { takeInterval } from './take-interval';
import { Taker } from './taker';

/**
 * As many as the client has connections (`aws.maxSockets`). The KCL has 20 threads for it; here a renewal takes
 * several turns of an event loop that data keeps busy, and too few at once would renew too few in time.
 */
const REQUESTS_AT_ONCE = 50;

/**
 * The leases of one worker: creates the table and its rows, takes its share, renews what it holds, creates the
 * rows of children. What is read and stored under a lease is its consumer's business.
 *
 * Stop: `stopTaking`, then every consumer drains and evicts, then `stop`.
 */
export class LeaseCoordinator {
  readonly #options: LeaseCoordinatorOptions;
  readonly #stopped = new AbortController();
  readonly #alarm = new Alarm();
  readonly #view = new LeaseView();
  readonly #retry: RetryPolicy;
  readonly #metrics: LeaseMetrics;
  readonly #held: HeldLeases;
  readonly #table: LeaseTable;
  readonly #sync: ShardSync;
  readonly #parents: Parents;
  readonly #parentWatch: ParentWatch;
  readonly #cleaner: Cleaner;
  readonly #auditor: Auditor;
  readonly #taker: Taker;
  readonly #renewer: Renewer;
  #loops: Promise<unknown> = Promise.resolve();
  #inTrouble = false;

  constructor(options: LeaseCoordinatorOptions) {
    const { clock, random, dynamo, tableName, worker, failoverTime, shardIds } = options;
    this.#options = options;
    allowManyListeners(this.#stopped.signal);
    const gate = new Gate(REQUESTS_AT_ONCE);
    this.#retry = { clock, random, bounds: options.backoff };
    this.#metrics = new LeaseMetrics({ ...options, stream: options.stream.name });
    this.#table = new LeaseTable(tableName, dynamo);
    const { watchdog, settings } = options.watch;
    const scanWatch = new ScanWatch(settings.scanStallTimeout);
    for (const part of scanWatch.parts) {
      watchdog.watch(part);
    }
    this.#sync = new ShardSync({
      ...options,
      table: this.#table,
      view: this.#view,
      retry: this.#retry,
      gate,
      metrics: this.#metrics,
    });
    const wanted = shardIds === undefined ? undefined : new Set(shardIds);
    const isWanted = (shardId: string): boolean => wanted?.has(shardId) ?? true;
    const shared = {
      ...options,
      table: this.#table,
      view: this.#view,
      retry: this.#retry,
      onFailed: (error: unknown) => this.#failed(error),
    };
    this.#held = new HeldLeases({ ...shared, metrics: this.#metrics });
    this.#parents = new Parents({ ...shared, sync: this.#sync, isWanted });
    this.#parentWatch = new ParentWatch({
      ...shared,
      watchdog,
      // Never shorter than what lies between two scans.
      interval: settings.childStallTimeout && Math.max(settings.childStallTimeout, 3 * failoverTime),
      wait: (lease, signal) => this.#parents.wait(lease, signal),
    });
    this.#cleaner = new Cleaner(shared);
    this.#auditor = new Auditor({
      ...shared,
      stream: options.stream.name,
      settings: options.audit,
      sync: this.#sync,
      onMended: () => this.#alarm.ring(),
    });
    this.#taker = new Taker({
      ...shared,
      gate,
      takeGate: new Gate(REQUESTS_AT_ONCE),
      // Several attempts have to fit into the time that is left to a lease.
      retry: { clock, random, bounds: { initialMs: failoverTime / 50, maxMs: failoverTime / 10 } },
      metrics: this.#metrics,
      onWritten: (lease) => this.#noted(lease),
      rules: { worker, failoverTime, maxLeases: options.maxLeases, isWanted, random },
      scanWatch,
      scanInterval: (rows) => options.scanInterval ?? takeInterval(rows, failoverTime, random),
      alarm: this.#alarm,
      startAt: (seen) => this.#sync.startAt(seen),
      held: (shardId) => this.#held.get(shardId),
      onAcquired: (held) => void this.#held.consume(held),
      onScanned: () => this.#scanned(),
      onTrouble: (error) => this.#troubled(error),
    });
    this.#renewer = new Renewer({
      clock,
      failoverTime,
      checkpointInterval: options.checkpointInterval,
      metrics: this.#metrics,
      watchdog,
      lateTime: settings.renewalLateTime,
      held: () => this.#held.values(),
      onFailed: (_held, error) => this.#failed(error),
    });
  }

  /**
   * Makes table and rows ready, then starts to take and to renew.
   * @throws what cannot heal, the reasons of `stop` included
   */
  async start(): Promise<void> {
    const { signal } = this.#stopped;
    const { dynamo, logger, tableName, leaseTable: settings, applicationName } = this.#options;
    const shared = { dynamo, logger, retry: { ...this.#retry, logger } };
    await openLeaseTable({ ...shared, tableName, settings }, signal);
    const fleet = new Fleet3x({ ...shared, applicationName, leaseTable: tableName });
    await fleet.refuseLive(signal);
    await this.#metrics.syncShards.measure(() => this.#sync.start(signal), signal);
    this.#loops = Promise.all([
      this.#renewer.run(signal),
      this.#taker.run(signal).catch((error) => this.#failed(error)),
      this.#auditor.run(signal).catch((error) => this.#failed(error)),
      fleet.watch(signal).catch((error) => this.#failed(error)),
    ]);
  }

  /** From its resolution on nothing is taken any more; what is held goes on being renewed. */
  stopTaking(): Promise<void> {
    return this.#taker.stopTaking();
  }

  /** Ends everything. Leases that were not given up before are left to run out. */
  async stop(): Promise<void> {
    await this.#taker.stopTaking();
    this.#stopped.abort(new Error('the leases of this worker were closed'));
    this.#held.abandon();
    await this.#loops;
    await this.#cleaner.idle();
  }

  /**
   * Resolves when no renewal is overdue: at once, unless data keeps this process so busy that leases would run out.
   * @throws the signal's reason
   */
  renewalsFirst(signal: AbortSignal): Promise<void> {
    return this.#renewer.caughtUp(signal);
  }

  /** The table as the last scan, and own writes since, show it. */
  leases(): readonly Lease[] {
    return this.#view.leases();
  }

  /** Leases whose consumer has not ended; some may be lost already. */
  held(): readonly HeldLease[] {
    return [...this.#held.values()];
  }

  /** Whether every parent of the shard has ended; `unknown` until a listing was looked at, see `awaitParents`. */
  parentsFinished(lease: Lease): boolean | 'unknown' {
    return this.#parents.finished(lease);
  }

  /** Resolves when every parent has ended; creates rows of parents that lack them. @throws the signal's reason */
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
    this.#alarm.ring();
  }

  #noted(lease: Lease): void {
    this.#view.noted(lease, this.#retry.clock.monotonic());
    if (lease.owner !== undefined) {
      return;
    }
    if (isFinished(lease)) {
      this.#alarm.ring();
      this.#parents.changed();
    } else if (lease.handoffTo !== undefined) {
      this.#metrics.handoversGiven.record(1);
      this.#options.logger.info({ shardId: lease.shardId, to: lease.handoffTo }, 'lease handed over');
    }
  }

  #scanned(): void {
    this.#inTrouble = false;
    this.#parents.changed();
    this.#cleaner.scanned(this.#stopped.signal);
    this.#auditor.scanned();
  }

  /** Once until the next scan succeeds. */
  #troubled(error: unknown): void {
    if (!this.#inTrouble && !this.#stopped.signal.aborted) {
      this.#inTrouble = true;
      this.#options.logger.warn({ error: explain(error) }, 'lease table not reached; it is tried again');
    }
  }

  #failed(error: unknown): void {
    if (!this.#stopped.signal.aborted && !isConnectorError(error, 'LEASE_LOST')) {
      this.#options.onFatal(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
