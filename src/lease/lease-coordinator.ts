import { type RetryPolicy, retrying } from '../aws/retry';
import { explain, isConnectorError } from '../errors';
import type { ChildShard } from '../stream/shard';
import { allowManyListeners } from '../util/abort';
import { Alarm } from '../util/alarm';
import { Gate } from '../util/gate';
import { RESERVED_MS } from './census';
import { Fleet3x } from './fleet-3x';
import type { HeldLease } from './held-lease';
import { HeldLeases } from './held-leases';
import { isFinished, type Lease } from './lease';
import type { LeaseCoordinatorOptions } from './lease-coordinator-options';
import { LeaseMetrics } from './lease-metrics';
import { LeaseTable } from './lease-table';
import { LeasedShards } from './leased-shards';
import type { LeasedStream } from './leased-stream';
import { LeasedStreams } from './leased-streams';
import { Renewer } from './renewer';
import { ScanWatch } from './scan-watch';
import { openLeaseTable } from './table-opening';
import { takeInterval } from './take-interval';
import { TakeWatch } from './take-watch';
import { Taker } from './taker';

/**
 * As many as the client has connections (`aws.maxSockets`). The KCL has 20 threads for it; here a renewal takes
 * several turns of an event loop that data keeps busy, and too few at once would renew too few in time.
 */
const REQUESTS_AT_ONCE = 50;

/** Streams whose rows are made ready at once: AWS allows 20 DescribeStreamSummary calls a second. */
const STREAMS_AT_ONCE = 10;

/** Of the jitter of scans. */
const LONGEST = { next: () => 0 };

/**
 * The leases of one worker, of one stream or of several: creates the table and its rows, takes its share, renews
 * what it holds, creates the rows of children. What is read and stored under a lease is its consumer's business.
 *
 * Stop: `stopTaking`, then every consumer drains and evicts, then `stop`.
 */
export class LeaseCoordinator<S extends LeasedStream = LeasedStream> {
  /** The shards that are to be read, whoever reads them. */
  readonly shards: LeasedShards<S>;
  readonly #options: LeaseCoordinatorOptions<S>;
  readonly #stopped = new AbortController();
  readonly #alarm = new Alarm();
  readonly #streams: LeasedStreams<S>;
  readonly #retry: RetryPolicy;
  readonly #metrics: LeaseMetrics;
  readonly #held: HeldLeases;
  readonly #table: LeaseTable;
  readonly #taker: Taker;
  readonly #renewer: Renewer;
  #loops: Promise<unknown>[] = [];
  #inTrouble = false;

  constructor(options: LeaseCoordinatorOptions<S>) {
    const { clock, random, dynamo, tableName, layout, worker, failoverTime } = options;
    this.#options = options;
    allowManyListeners(this.#stopped.signal);
    this.#retry = { clock, random, bounds: options.backoff };
    this.#metrics = new LeaseMetrics({ ...options, stream: options.label });
    this.#table = new LeaseTable(tableName, dynamo, layout);
    const { watchdog, settings } = options.watch;
    const scanWatch = new ScanWatch(settings.scanStallTimeout);
    const takeWatch = new TakeWatch(settings.scanStallTimeout);
    for (const part of [...scanWatch.parts, takeWatch]) {
      watchdog.watch(part);
    }
    const gate = new Gate(REQUESTS_AT_ONCE);
    this.#streams = new LeasedStreams({
      ...options,
      table: this.#table,
      retry: this.#retry,
      gate,
      leaseMetrics: this.#metrics,
      watchdog,
      childStallTimeout: settings.childStallTimeout,
      onCreated: () => this.#alarm.ring(),
      onFailed: (error, stream) => this.#failed(error, stream),
    });
    this.#held = new HeldLeases({
      metrics: this.#metrics,
      loggerOf: (lease) => this.#streams.of(lease).stream.logger,
      onAcquired: (held) => options.onAcquired(held, this.#streams.of(held.lease).stream),
      onFailed: (error) => this.#failed(error),
    });
    this.#taker = new Taker({
      ...options,
      table: this.#table,
      view: this.#streams.view,
      names: this.#streams,
      gate,
      takeGate: new Gate(REQUESTS_AT_ONCE),
      // Several attempts have to fit into the time that is left to a lease.
      retry: { clock, random, bounds: { initialMs: failoverTime / 50, maxMs: failoverTime / 10 } },
      metrics: this.#metrics,
      onWritten: (lease) => this.#noted(lease),
      rules: {
        worker,
        failoverTime,
        maxLeases: options.maxLeases,
        isWanted: (lease) => this.#streams.isWanted(lease),
        random,
      },
      scanWatch,
      takeWatch,
      scanInterval: (rows) => options.scanInterval ?? takeInterval(rows, failoverTime, random),
      alarm: this.#alarm,
      startAt: (seen) => this.#streams.of(seen).startAt(seen),
      held: (key) => this.#held.get(key),
      onAcquired: (held) => void this.#held.consume(held),
      onScanned: () => this.#scanned(),
      onTrouble: (error) => this.#troubled(error),
      onFailed: (error) => this.#failed(error),
    });
    this.shards = new LeasedShards(this.#streams, () => this.#taker.available, clock);
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
   * @param streams exactly one where the table is one of one stream
   * @throws what cannot heal, the reasons of `stop` included
   */
  async start(streams: readonly S[]): Promise<void> {
    const { signal } = this.#stopped;
    const { dynamo, logger, tableName, leaseTable: settings, applicationName } = this.#options;
    const shared = { dynamo, logger, retry: { ...this.#retry, logger } };
    await openLeaseTable({ ...shared, tableName, settings }, signal);
    const fleet = new Fleet3x({ ...shared, applicationName, leaseTable: tableName });
    await fleet.refuseLive(signal);
    const opening = new Gate(STREAMS_AT_ONCE);
    const open = (stream: S) => opening.run(() => this.#streams.open(stream, false, signal));
    const opened = await Promise.all(streams.map(open));
    this.#run(this.#renewer.run(signal));
    this.#run(this.#taker.run(signal));
    for (const leases of opened) {
      this.#run(leases.run(signal), leases.stream);
    }
    this.#run(fleet.watch(signal));
  }

  /** Reads one more stream from now on. @throws what cannot heal of that stream: it is not read then */
  async join(stream: S): Promise<void> {
    const { signal } = this.#stopped;
    const leases = await this.#streams.open(stream, true, signal);
    this.#run(leases.run(signal), stream);
    this.#alarm.ring();
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
    await Promise.all(this.#loops);
    await Promise.all(Array.from(this.#streams.values(), (leases) => leases.stop()));
  }

  /**
   * Resolves when no renewal is overdue: at once, unless data keeps this process so busy that leases would run out.
   * @throws the signal's reason
   */
  renewalsFirst(signal: AbortSignal): Promise<void> {
    return this.#renewer.caughtUp(signal);
  }

  /** The table as the last scan, and own writes since, show it, without rows of streams that are not read. */
  leases(): readonly Lease[] {
    return this.#streams.view.leases();
  }

  /** The same of one stream; none when it is not read any more. */
  leasesOf(stream: S): readonly Lease[] {
    return [...this.#streams.values()].find((leases) => leases.stream === stream)?.view.leases() ?? [];
  }

  /** See streamIdentityOf; known of a stream whose leases are taken. */
  identityOf(stream: S): string {
    return [...this.#streams.values()].find((leases) => leases.stream === stream)?.identity ?? '';
  }

  /**
   * Looks whether the stream is still the one that its rows were made for.
   * @throws ConnectorError KINESIS_STREAM_RECREATED, and what cannot heal
   */
  async check(stream: S, signal: AbortSignal): Promise<void> {
    await [...this.#streams.values()].find((leases) => leases.stream === stream)?.check(signal);
  }

  /** Leases whose consumer has not ended; some may be lost already. */
  held(): readonly HeldLease[] {
    return [...this.#held.values()];
  }

  /**
   * Whether any worker holds a lease of an unfinished shard, by a look at the whole table.
   * @throws what cannot heal; the signal's reason
   */
  async anyHeld(signal: AbortSignal): Promise<boolean> {
    const leases = await retrying(this.#retry, signal, () => this.#table.scan(signal));
    return leases.some((lease) => lease.owner !== undefined && !isFinished(lease));
  }

  /** Milliseconds in which every worker that runs has looked twice for what is free, also for what is kept for another. */
  get takeTime(): number {
    const { failoverTime, scanInterval } = this.#options;
    const rows = this.leases().length;
    return RESERVED_MS + 2 * (scanInterval ?? takeInterval(rows, failoverTime, LONGEST));
  }

  /** Whether every parent of the shard has ended; `unknown` until a listing was looked at, see `awaitParents`. */
  parentsFinished(lease: Lease): boolean | 'unknown' {
    return this.#streams.of(lease).parentsFinished(lease);
  }

  /** Resolves when every parent has ended; creates rows of parents that lack them. @throws the signal's reason */
  awaitParents(lease: Lease, signal: AbortSignal): Promise<void> {
    return this.#streams.of(lease).awaitParents(lease, signal);
  }

  /** Creates the rows of a shard's children; `parent.finish` comes after it. @throws ConnectorError LEASE_LOST */
  createChildren(parent: HeldLease, children: readonly ChildShard[]): Promise<void> {
    return this.#streams.of(parent.lease).createChildren(parent, children);
  }

  /** @param stream in whose name it runs */
  #run(loop: Promise<void>, stream?: S): void {
    this.#loops.push(loop.catch((error) => this.#failed(error, stream)));
  }

  #noted(lease: Lease): void {
    this.#streams.view.noted(lease, this.#retry.clock.monotonic());
    if (lease.owner !== undefined) {
      return;
    }
    if (isFinished(lease)) {
      this.#alarm.ring();
      this.#streams.of(lease).finished();
    } else if (lease.handoffTo !== undefined) {
      this.#metrics.handoversGiven.record(1);
      const { logger } = this.#streams.of(lease).stream;
      logger.info({ shardId: lease.shardId, to: lease.handoffTo }, 'lease handed over');
    }
  }

  #scanned(): void {
    this.#inTrouble = false;
    this.#streams.scanned(this.#held.values(), this.#stopped.signal);
  }

  /** Once until the next scan succeeds. */
  #troubled(error: unknown): void {
    if (!this.#inTrouble && !this.#stopped.signal.aborted) {
      this.#inTrouble = true;
      this.#options.logger.warn({ error: explain(error) }, 'lease table not reached; it is tried again');
    }
  }

  /** @param stream in whose name it happened */
  #failed(error: unknown, stream?: S): void {
    const expected = isConnectorError(error, 'LEASE_LOST') || stream?.isGone() === true;
    if (!this.#stopped.signal.aborted && !expected) {
      this.#options.onFatal(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
