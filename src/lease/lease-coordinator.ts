import { type RetryPolicy, retrying } from '../aws/retry';
import { explain, isConnectorError, messageOf } from '../errors';
import { covers } from '../stream/hash-coverage';
import type { ChildShard } from '../stream/shard';
import { allowManyListeners } from '../util/abort';
import { Alarm } from '../util/alarm';
import { Gate } from '../util/gate';
import { leasesToDelete } from './cleanup';
import type { HeldLease } from './held-lease';
import type { Lease } from './lease';
import type { LeaseCoordinatorOptions } from './lease-coordinator-options';
import { LeaseMetrics } from './lease-metrics';
import { LeaseTable } from './lease-table';
import { LeaseView } from './lease-view';
import { Parents } from './parents';
import { Renewer } from './renewer';
import { ShardSync } from './shard-sync';
import { openLeaseTable } from './table-opening';
import { Taker } from './taker';

/** Source: KCL `maxLeaseRenewalThreads`. */
const REQUESTS_AT_ONCE = 20;
const SCAN_INTERVAL_MS = 1000;

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
  readonly #held = new Map<string, HeldLease>();
  readonly #view = new LeaseView();
  readonly #retry: RetryPolicy;
  readonly #metrics: LeaseMetrics;
  readonly #table: LeaseTable;
  readonly #sync: ShardSync;
  readonly #parents: Parents;
  readonly #taker: Taker;
  readonly #renewer: Renewer;
  #loops: Promise<unknown> = Promise.resolve();
  #cleanup: Promise<void> | undefined;
  #inTrouble = false;

  constructor(options: LeaseCoordinatorOptions) {
    const { clock, random, dynamo, tableName, worker, failoverTime, shardIds } = options;
    this.#options = options;
    allowManyListeners(this.#stopped.signal);
    const gate = new Gate(REQUESTS_AT_ONCE);
    this.#retry = { clock, random, bounds: options.backoff };
    this.#metrics = new LeaseMetrics({ ...options, stream: options.stream.name });
    this.#table = new LeaseTable(tableName, dynamo);
    this.#sync = new ShardSync({
      ...options,
      table: this.#table,
      view: this.#view,
      retry: this.#retry,
      gate,
      metrics: this.#metrics,
    });
    this.#parents = new Parents(this.#view, this.#sync);
    const wanted = shardIds === undefined ? undefined : new Set(shardIds);
    this.#taker = new Taker({
      table: this.#table,
      worker,
      failoverTime,
      gate,
      // Several attempts have to fit into the time that is left to a lease.
      retry: { clock, random, bounds: { initialMs: failoverTime / 50, maxMs: failoverTime / 10 } },
      metrics: this.#metrics,
      onWritten: (lease) => this.#noted(lease),
      rules: {
        worker,
        failoverTime,
        maxLeases: options.maxLeases,
        isWanted: (shardId) => wanted?.has(shardId) ?? true,
        random,
      },
      view: this.#view,
      scanInterval: options.scanInterval ?? SCAN_INTERVAL_MS,
      alarm: this.#alarm,
      startAt: () => this.startAt(),
      isHeld: (shardId) => this.#held.has(shardId),
      onAcquired: (held) => void this.#consume(held),
      onScanned: () => this.#scanned(),
      onTrouble: (error) => this.#troubled(error),
    });
    this.#renewer = new Renewer({
      clock,
      failoverTime,
      checkpointInterval: options.checkpointInterval,
      metrics: this.#metrics,
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
    const { logger } = this.#options;
    const { dynamo, tableName, clock } = this.#options;
    await retrying({ ...this.#retry, logger }, signal, () =>
      openLeaseTable({ dynamo, tableName, clock }, signal),
    );
    await this.#metrics.syncShards.measure(() => this.#sync.start(signal), signal);
    this.#loops = Promise.all([
      this.#renewer.run(signal),
      this.#taker.run(signal).catch((error) => this.#failed(error)),
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
    for (const held of this.#held.values()) {
      held.abandon('this worker stopped without giving it up');
    }
    await this.#loops;
    await this.#cleanup;
  }

  /** The table as the last scan, and own writes since, show it. */
  leases(): readonly Lease[] {
    return this.#view.leases();
  }

  /** Leases whose consumer has not ended; some may be lost already. */
  held(): readonly HeldLease[] {
    return [...this.#held.values()];
  }

  /**
   * The instant that LATEST and AT_TIMESTAMP mean in this table, milliseconds since the epoch; undefined when it
   * starts at the trim horizon. Known once `start` has resolved.
   */
  startAt(): number | undefined {
    return this.#sync.startAt();
  }

  /** Whether every parent of the shard has ended; `unknown` until a listing was looked at, see `awaitParents`. */
  parentsFinished(lease: Lease): boolean | 'unknown' {
    return this.#parents.finished(lease);
  }

  /** Resolves when every parent has ended; creates rows of parents that lack them. @throws the signal's reason */
  awaitParents(lease: Lease, signal: AbortSignal): Promise<void> {
    return this.#parents.wait(lease, signal);
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

  async #consume(held: HeldLease): Promise<void> {
    const { logger, onAcquired } = this.#options;
    const { shardId, lease } = held;
    this.#held.set(shardId, held);
    this.#metrics.current.record(this.#held.size);
    held.signal.addEventListener('abort', () => this.#lost(held), { once: true });
    logger.info({ shardId, checkpoint: lease.checkpoint.sequenceNumber }, 'lease taken');
    try {
      await onAcquired(held);
    } catch (error) {
      this.#failed(error);
    } finally {
      held.abandon('its consumer ended without giving it up');
      this.#held.delete(shardId);
      this.#metrics.current.record(this.#held.size);
    }
  }

  #lost(held: HeldLease): void {
    if (!this.#stopped.signal.aborted) {
      this.#metrics.lost.record(1);
      this.#options.logger.warn(
        { shardId: held.shardId, reason: messageOf(held.signal.reason) },
        'lease lost; reading of the shard stops here and goes on wherever it is held',
      );
    }
  }

  #noted(lease: Lease): void {
    this.#view.noted(lease, this.#retry.clock.monotonic());
    if (lease.owner === undefined) {
      this.#alarm.ring();
      this.#parents.changed();
    }
  }

  #scanned(): void {
    this.#inTrouble = false;
    this.#parents.changed();
    this.#cleanup ??= this.#cleanUp().finally(() => {
      this.#cleanup = undefined;
    });
  }

  async #cleanUp(): Promise<void> {
    try {
      for (const shardId of leasesToDelete(this.#view.observed(), this.#options.failoverTime)) {
        await this.#table.deleteFinished(shardId, this.#stopped.signal);
      }
    } catch (error) {
      if (isConnectorError(error) && error.retryable) {
        this.#troubled(error);
      } else {
        this.#failed(error);
      }
    }
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
