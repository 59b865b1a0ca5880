import type { PutResult } from '../aws/kinesis-api';
import { ConnectorError, messageOf } from '../errors';
import type { Record } from '../io';
import type { Shard } from '../stream/shard';
import { allowManyListeners } from '../util/abort';
import { withDeadline } from '../util/deadline';
import { type Deferred, deferred } from '../util/deferred';
import { WakeUp } from '../util/wake-up';
import type { EntryParts, SinkValue } from './entry';
import type { PutUnit } from './frame';
import { OnError, sinkClosed } from './on-error';
import { PendingEntries } from './pending-entries';
import { PutAnswers } from './put-answers';
import { framesOf, type PutLoopOptions } from './put-loop-options';
import { PutWatch } from './put-watch';
import { RequestWindow } from './request-window';
import { ShardMapRefresh } from './shard-map-refresh';
import type { HeldEntries } from './sink-status';

/**
 * Puts entries into Kinesis until each is accepted: keeps requests under way, asks the batcher whenever something has
 * changed, and deals with the answers.
 *
 * `open`: takes entries. `draining`: takes none, sends what is there. `failed`: sends nothing either, and waits for
 * the answers it is owed. `ended`: nothing is settled any more.
 */
export class PutLoop {
  /** For the watchdog. */
  readonly watch: PutWatch;
  readonly #options: PutLoopOptions;
  readonly #entries: PendingEntries;
  readonly #onError: OnError;
  readonly #window: RequestWindow;
  readonly #answers: PutAnswers;
  readonly #wakeUp: WakeUp;
  readonly #ending = new AbortController();
  #state: 'open' | 'draining' | 'failed' | 'ended' = 'open';
  /** Why no further entry is taken. */
  #reason: Error = sinkClosed();
  #pumping = false;
  #drained: Deferred<void> | undefined;

  constructor(options: PutLoopOptions) {
    const { config, clock, random, logger, metrics, kinesis, stream, requestTimeout, shards } = options;
    const bounds = { initialMs: config.retryInitialDelay, maxMs: config.retryMaxDelay };
    this.#options = options;
    this.#onError = new OnError({
      onError: config.onError,
      metrics,
      logger,
      onFail: (error) => {
        this.#refuseFurther(error);
        options.onFatal(error);
      },
    });
    this.#entries = new PendingEntries(
      {
        ...config,
        maxCount: config.collectionMaxCount,
        maxBytes: config.collectionMaxSize,
        ...framesOf(config),
        shards,
        onError: this.#onError,
      },
      clock.monotonic(),
    );
    this.#wakeUp = new WakeUp(clock, () => this.#pump());
    this.#window = new RequestWindow(config.maxConnections, bounds, random);
    this.watch = new PutWatch({
      streamName: stream.name,
      limit: config.putStallTimeout,
      pending: () => this.#sending() && this.#entries.room.records > 0,
      underWay: () => this.#window.underWay > 0,
    });
    allowManyListeners(this.#ending.signal);
    const onListed = (listed: readonly Shard[]): void => {
      metrics.refreshes.record(1);
      this.#entries.reshard(listed, clock.monotonic());
      this.#pump();
    };
    const refresh = new ShardMapRefresh(
      { kinesis, stream, requestTimeout, clock, logger, onListed },
      this.#ending.signal,
    );
    this.#answers = new PutAnswers({
      streamName: stream.name,
      entries: this.#entries,
      window: this.#window,
      watch: this.watch,
      bounds,
      random,
      logger,
      metrics,
      onMisplaced: () => refresh.request(),
    });
  }

  get held(): HeldEntries {
    const { records, bytes } = this.#entries.room;
    return { records, bytes, requests: this.#window.underWay };
  }

  /**
   * Takes one entry and resolves when there is room for another.
   * @param size bytes of data and partition key.
   * @throws ConnectorError SINK_CLOSED, or what ended the sink.
   */
  add(record: Record<SinkValue>, parts: EntryParts, size: number): Promise<void> {
    if (this.#state !== 'open') {
      return Promise.reject(this.#reason);
    }
    const { room } = this.#entries;
    const now = this.#options.clock.monotonic();
    this.#entries.add(record, parts, size, now);
    if (room.full) {
      // Nothing more comes that a request could fill with.
      this.#entries.flush();
    }
    const next = this.#nextAt();
    if (next <= now) {
      this.#pump();
    } else if (next < this.#wakeUp.at) {
      this.#wakeUp.set(next);
    }
    return room.wait();
  }

  /** Settles a record that has no entry as `onError` says. @throws see `add` */
  reject(record: Record<SinkValue>, error: ConnectorError): Promise<void> {
    if (this.#state === 'open') {
      this.#onError.handle(record, error);
    }
    return this.#state === 'open' ? this.#entries.room.wait() : Promise.reject(this.#reason);
  }

  flush(): void {
    this.#entries.flush();
    this.#pump();
  }

  /**
   * Takes no further entry and sends what is there; then, or after `ms` milliseconds, ends: requests under way are
   * abandoned, and nothing is settled any more.
   * @returns entries left over; 0 after the sink was told why it cannot go on.
   */
  async drain(ms: number): Promise<number> {
    const { clock } = this.#options;
    const failed = this.#state !== 'open';
    this.#refuseFurther(sinkClosed());
    this.#entries.batcher.flush(Number.POSITIVE_INFINITY);
    const drained = deferred<void>();
    this.#drained = drained;
    const timer = clock.setTimer(() => drained.resolve(), ms);
    this.#pump();
    await drained.promise;
    clock.clearTimer(timer);
    const left = failed || this.#state === 'failed' ? 0 : this.#entries.room.records;
    this.#state = 'ended';
    this.#wakeUp.set(Number.POSITIVE_INFINITY);
    this.#entries.room.close(this.#reason);
    this.#ending.abort(sinkClosed());
    return left;
  }

  /** Sends whatever may go now, and sets the timer for the rest. */
  #pump(): void {
    // Settling a record may bring the next one in, and that one here again.
    if (this.#pumping || this.#state === 'ended') {
      return;
    }
    this.#pumping = true;
    const now = this.#options.clock.monotonic();
    this.#expire(now);
    for (let batch = this.#next(now); batch !== undefined; batch = this.#next(now)) {
      void this.#put(batch, now);
    }
    this.#pumping = false;
    this.#wakeUp.set(this.#nextAt());
    this.#options.metrics.pending(this.#entries.room);
    if (this.#window.underWay === 0 && (!this.#sending() || this.#entries.batcher.empty)) {
      this.#drained?.resolve();
    }
  }

  #expire(now: number): void {
    if (this.#sending()) {
      try {
        this.#entries.expire(now);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  #next(now: number): PutUnit[] | undefined {
    const { scale, opensAt, partialFrom } = this.#window;
    const mayGo = this.#sending() && opensAt <= now;
    return mayGo ? this.#entries.batcher.next(now, scale, partialFrom) : undefined;
  }

  #sending(): boolean {
    return this.#state === 'open' || this.#state === 'draining';
  }

  /** When there is something to do, unless more happens. */
  #nextAt(): number {
    if (!this.#sending()) {
      return Number.POSITIVE_INFINITY;
    }
    const { opensAt, partialFrom } = this.#window;
    const sendAt = Math.max(this.#entries.batcher.nextAt(partialFrom), opensAt);
    return Math.min(sendAt, this.#entries.expiresAt());
  }

  /** One request. Never rejects. */
  async #put(batch: readonly PutUnit[], startedAt: number): Promise<void> {
    const { kinesis, stream, requestTimeout, clock, metrics } = this.#options;
    const late = (): Error => new ConnectorError('AWS_TIMEOUT', `no answer within ${requestTimeout} ms`);
    this.#window.sent(startedAt);
    let results: readonly PutResult[] | undefined;
    let failure: unknown;
    try {
      const parts = batch.map((unit) => unit.parts);
      results = await withDeadline(clock, requestTimeout, this.#ending.signal, late, (signal) =>
        kinesis.putRecords(stream, parts, { signal }),
      );
    } catch (error) {
      failure = error;
    }
    if (this.#state === 'ended') {
      return;
    }
    this.#window.ended();
    const now = clock.monotonic();
    metrics.requests.record(results !== undefined, now - startedAt);
    try {
      if (results === undefined) {
        this.#answers.failed(batch, failure, startedAt, now);
      } else {
        this.#answers.answered(batch, results, now);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#pump();
  }

  #refuseFurther(error: Error): void {
    if (this.#state === 'open') {
      this.#state = 'draining';
      this.#reason = error;
    }
  }

  #fail(cause: unknown): void {
    if (this.#sending()) {
      const error = cause instanceof Error ? cause : new Error(messageOf(cause));
      this.#state = 'failed';
      this.#reason = error;
      this.#entries.room.close(error);
      this.#options.onFatal(error);
    }
  }
}
