import { mayHeal } from '../aws/retry';
import { ConnectorError, messageOf } from '../errors';
import type { ChildShard } from '../stream/shard';
import type { TimerHandle } from '../util/clock';
import { deferred } from '../util/deferred';
import {
  type ConsumerEvent,
  type ConsumerState,
  nextConsumerState,
  type StopReason,
  strongerReason,
} from './consumer-states';
import type { ConsumerOutcome, ShardConsumerOptions } from './shard-consumer-options';
import { ShardIntake } from './shard-intake';
import type { ShardMetrics } from './shard-metrics';
import type { ShardTenure } from './shard-tenure';

/** Milliseconds that sends in flight have when the consumer ends because something failed. */
const FAILED_CLOSE_MS = 5000;

/**
 * Milliseconds that the broker has to answer the close of a producer whose lease is gone. Not zero: a
 * connection destroyed at once would make every other shard on it send again.
 */
const LOST_CLOSE_MS = 2000;

/** Reads one shard during one tenure; the states and what moves it between them are in consumer-states.ts. */
export class ShardConsumer {
  readonly shardId: string;
  readonly tenure: ShardTenure;
  readonly #options: ShardConsumerOptions;
  readonly #stopping = new AbortController();
  readonly #deadline = new AbortController();
  readonly #ended = deferred<ConsumerOutcome>();
  #deadlineAt = Number.POSITIVE_INFINITY;
  #deadlineTimer: TimerHandle | undefined;
  #state: ConsumerState = 'WAITING_ON_PARENTS';
  #reason: StopReason | undefined;
  #error: unknown;
  #drained = true;
  #intake: ShardIntake | undefined;
  #children: readonly ChildShard[] = [];

  constructor(options: ShardConsumerOptions) {
    this.#options = options;
    this.shardId = options.lease.shardId;
    this.tenure = options.tenure;
    options.lease.signal.addEventListener('abort', () => this.stop('LEASE_LOST'), { once: true });
  }

  get state(): ConsumerState {
    return this.#state;
  }

  /** Resolves when `run` has come to its end, with what it resolves with. */
  get ended(): Promise<ConsumerOutcome> {
    return this.#ended.promise;
  }

  /** Asks the consumer to end; a weaker reason than the one that stands is ignored. */
  stop(reason: StopReason, deadlineMs = Number.POSITIVE_INFINITY): void {
    if (this.#state === 'COMPLETE') {
      return;
    }
    this.#reason = strongerReason(this.#reason, reason);
    const { clock } = this.#options;
    if (deadlineMs !== Number.POSITIVE_INFINITY && this.#deadlineAt === Number.POSITIVE_INFINITY) {
      this.#deadlineAt = clock.monotonic() + deadlineMs;
      this.#deadlineTimer = clock.setTimer(
        () => this.#deadline.abort(new Error('the time to drain is up')),
        deadlineMs,
      );
    }
    this.#stopping.abort(new ConnectorError('SOURCE_CLOSED', `the shard consumer stops: ${this.#reason}`));
  }

  /** Reading goes on with another reader, behind the last record queued; nothing else changes. */
  restartReader(problem: Error): void {
    this.metrics.failed(problem);
    this.#intake?.restart(problem);
  }

  /** Whether the shard was read to where its tip was at `caughtUpTarget`, and all of that is confirmed. */
  get caughtUp(): boolean {
    return this.#intake?.progress.caughtUp === true;
  }

  /**
   * Milliseconds that reading is behind the tip of the shard: at most, unless nobody knows before the first answer; then
   * at least, which is the time spent waiting for it.
   */
  get lag(): number {
    return this.#intake?.progress.lag ?? this.#options.lagBefore();
  }

  /** Milliseconds since the oldest record came that was read and is not confirmed; 0 when there is none. */
  get unconfirmedAge(): number {
    const { tenure, clock } = this.#options;
    const { oldestArrival } = tenure;
    return oldestArrival === undefined ? 0 : Math.max(0, clock.now() - oldestArrival);
  }

  /** Whether reading waits until Pulsar has confirmed more. */
  get heldBack(): boolean {
    return this.#options.watch.heldBack;
  }

  get metrics(): ShardMetrics {
    return this.#options.metrics;
  }

  /** Runs until COMPLETE. Never rejects. */
  async run(): Promise<ConsumerOutcome> {
    if (this.#options.lease.signal.aborted) {
      this.stop('LEASE_LOST');
    }
    while (this.#state !== 'COMPLETE') {
      let event: ConsumerEvent;
      try {
        event = await this.#work();
      } catch (error) {
        event = this.#reason ?? this.#failed(error);
      }
      this.#state = nextConsumerState(this.#state, event);
    }
    if (this.#deadlineTimer !== undefined) {
      this.#options.clock.clearTimer(this.#deadlineTimer);
    }
    const outcome = { reason: this.#reason ?? 'REQUESTED', drained: this.#drained, error: this.#error };
    this.#ended.resolve(outcome);
    return outcome;
  }

  #work(): Promise<ConsumerEvent> {
    switch (this.#state) {
      case 'WAITING_ON_PARENTS':
        return this.#waitOnParents();
      case 'INITIALIZING':
        return this.#initialize();
      case 'PROCESSING':
        return this.#process();
      case 'DRAINING':
        return this.#drain();
      default:
        return this.#shutDown();
    }
  }

  #failed(error: unknown): StopReason {
    this.#error = error;
    this.stop('FAILED');
    return 'FAILED';
  }

  async #waitOnParents(): Promise<ConsumerEvent> {
    await this.#options.awaitParents(this.#stopping.signal);
    return this.#reason ?? 'SUCCESS';
  }

  async #initialize(): Promise<ConsumerEvent> {
    const { checkpoint } = this.#options.lease.lease;
    this.#intake = new ShardIntake(this.#options, checkpoint, this.#stopping.signal);
    return 'SUCCESS';
  }

  /** One answer. */
  async #process(): Promise<ConsumerEvent> {
    const end = await (this.#intake as ShardIntake).take();
    if (this.#reason !== undefined) {
      return this.#reason;
    }
    if (end === undefined) {
      return 'SUCCESS';
    }
    this.#children = end.childShards;
    this.tenure.end();
    this.#reason = 'SHARD_END';
    return 'SHARD_END';
  }

  async #drain(): Promise<ConsumerEvent> {
    if (this.#reason === 'REQUESTED') {
      this.#options.queue.drop(this.tenure);
      this.#drained = await this.#options.closePartition(this.#timeLeft());
      return 'SUCCESS';
    }
    const given = AbortSignal.any([this.#options.lease.signal, this.#deadline.signal]);
    while (!this.tenure.complete) {
      try {
        await this.tenure.change(given);
      } catch {
        if (this.#options.lease.signal.aborted) {
          return 'LEASE_LOST';
        }
        this.#reason = 'REQUESTED';
        // What never left is for whoever reads next, as after any stop: only what did counts.
        this.#options.queue.drop(this.tenure);
        this.#drained = await this.#options.closePartition(0);
        return 'DEADLINE';
      }
    }
    return 'SUCCESS';
  }

  async #shutDown(): Promise<ConsumerEvent> {
    const { lease, queue, logger } = this.#options;
    this.#intake?.close();
    queue.drop(this.tenure);
    const lost = lease.signal.aborted;
    await this.#options.closePartition(lost ? LOST_CLOSE_MS : Math.min(FAILED_CLOSE_MS, this.#timeLeft()));
    try {
      if (!lease.signal.aborted) {
        await this.#release();
      }
    } catch (error) {
      if (this.#reason === 'SHARD_END' && !mayHeal(error)) {
        // Whoever reads the shard again comes to the same end: nobody would ever start its children.
        this.#failed(error);
      }
      // The row keeps its owner until it expires; peers take it then.
      logger.warn(
        { shardId: this.shardId, reason: messageOf(error) },
        'the lease could not be released; it will expire',
      );
      this.#error ??= error;
      this.#drained = false;
    }
    this.tenure.drop();
    return 'SUCCESS';
  }

  async #release(): Promise<void> {
    const { lease } = this.#options;
    this.#intake?.progress.drained();
    if (this.#reason === 'SHARD_END' && this.tenure.complete) {
      await this.#options.createChildren(this.#children);
      await lease.finish(this.#children.map((child) => child.shardId));
      return;
    }
    await lease.evict();
  }

  #timeLeft(): number {
    return Math.max(0, this.#deadlineAt - this.#options.clock.monotonic());
  }
}
