import { isConnectorError } from '../errors';
import { Alarm } from '../util/alarm';
import { type Clock, sleep } from '../util/clock';
import type { Watchdog } from '../util/watchdog';
import type { HeldLease } from './held-lease';
import type { LeaseMetrics } from './lease-metrics';
import { RenewalWatch } from './renewal-watch';

/** Source: KCL `LeaseCoordinator`, epsilonMillis. */
const EPSILON_MS = 25;

/**
 * Part of failoverTime after which a lease that was not renewed goes before data. A lease that is taken just after a
 * round is half of it old when the next but one renews it.
 */
const OVERDUE = 0.6;
/** Milliseconds between two looks at whether renewals have caught up. */
const OVERDUE_POLL_MS = 25;

export interface RenewerDeps {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly failoverTime: number;
  /** Upper bound between two writes of a checkpoint that has moved, milliseconds. */
  readonly checkpointInterval: number;
  readonly metrics: LeaseMetrics;
  readonly watchdog: Watchdog;
  /** Milliseconds that a renewal may be late without being reported. */
  readonly lateTime: number;
  readonly held: () => Iterable<HeldLease>;
  /** Told what ended a renewal: LEASE_LOST, or what cannot heal. */
  readonly onFailed: (held: HeldLease, error: unknown) => void;
}

/**
 * Renews every lease held on a timer of its own, never behind data: each at failoverTime / 3, and sooner when its
 * checkpoint has moved and `checkpointInterval` asks for it. No lease waits for another one's renewal, but requests
 * share a gate: those with the least time left come first.
 */
export class Renewer {
  readonly #every: number;
  readonly #tick: number;
  readonly #alarm = new Alarm();
  readonly #watch: RenewalWatch;
  /** The newest look for an overdue lease. */
  #looked = { at: Number.NEGATIVE_INFINITY, found: false };

  constructor(private readonly deps: RenewerDeps) {
    const { clock, watchdog, lateTime, metrics, held } = deps;
    this.#every = deps.failoverTime / 3 - EPSILON_MS;
    this.#tick = Math.min(this.#every, deps.checkpointInterval);
    this.#watch = new RenewalWatch({
      clock,
      watchdog,
      limit: lateTime,
      period: this.#every + this.#tick / 2,
      held,
      renew: () => this.#alarm.ring(),
      lateness: metrics.renewalLateness,
    });
  }

  /** Runs until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, held, metrics, watchdog } = this.deps;
    const unwatch = watchdog.watch(this.#watch);
    let next = clock.monotonic();
    while (!signal.aborted) {
      this.#watch.began(clock.monotonic() - next);
      const valid = [...held()].filter((lease) => lease.isValid());
      metrics.current.record(valid.length);
      metrics.lost.record(0);
      const due = valid.filter((lease) => this.#isDue(lease)).sort((a, b) => a.renewedAt - b.renewedAt);
      if (due.length > 0) {
        this.#renew(due, signal);
      }
      const now = clock.monotonic();
      // A round that was asked for came before its time.
      next = Math.max(Math.min(next, now) + this.#tick, now);
      await this.#alarm.wait(clock, next - now, signal).catch(() => undefined);
    }
    unwatch();
  }

  /**
   * Resolves when no lease is overdue; at once as a rule. Whoever brings in data waits for it: renewals need turns of
   * the event loop, and a process that reads faster than it renews loses what it reads.
   * @throws the signal's reason
   */
  async caughtUp(signal: AbortSignal): Promise<void> {
    while (this.#isOverdue()) {
      await sleep(this.deps.clock, OVERDUE_POLL_MS, signal);
    }
  }

  /** Looked up for every answer of every shard: each looking at every lease would cost too much. */
  #isOverdue(): boolean {
    const now = this.deps.clock.monotonic();
    if (now - this.#looked.at >= OVERDUE_POLL_MS) {
      const since = now - this.deps.failoverTime * OVERDUE;
      const found = [...this.deps.held()].some((lease) => lease.renewedAt < since && lease.isValid());
      this.#looked = { at: now, found };
    }
    return this.#looked.found;
  }

  /** One round; nobody waits for it. */
  #renew(due: readonly HeldLease[], signal: AbortSignal): void {
    const { metrics, onFailed } = this.deps;
    const renewals = due.map((lease) =>
      lease.renew().catch((error) => {
        onFailed(lease, error);
        if (!isConnectorError(error, 'LEASE_LOST')) {
          throw error;
        }
      }),
    );
    metrics.renewals.measure(() => Promise.all(renewals), signal).catch(() => undefined);
  }

  #isDue(lease: HeldLease): boolean {
    const age = this.deps.clock.monotonic() - lease.renewedAt;
    return lease.hasProgress || age >= this.#every - this.#tick / 2;
  }
}
