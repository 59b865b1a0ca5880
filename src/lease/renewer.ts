import { isConnectorError } from '../errors';
import { type Clock, sleep } from '../util/clock';
import type { HeldLease } from './held-lease';
import type { LeaseMetrics } from './lease-metrics';

/** Source: KCL `LeaseCoordinator`, epsilonMillis. */
const EPSILON_MS = 25;

export interface RenewerDeps {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly failoverTime: number;
  /** Upper bound between two writes of a checkpoint that has moved, milliseconds. */
  readonly checkpointInterval: number;
  readonly metrics: LeaseMetrics;
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

  constructor(private readonly deps: RenewerDeps) {
    this.#every = deps.failoverTime / 3 - EPSILON_MS;
    this.#tick = Math.min(this.#every, deps.checkpointInterval);
  }

  /** Runs until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, held, metrics } = this.deps;
    let next = clock.monotonic();
    while (!signal.aborted) {
      const valid = [...held()].filter((lease) => lease.isValid());
      metrics.current.record(valid.length);
      metrics.lost.record(0);
      const due = valid.filter((lease) => this.#isDue(lease)).sort((a, b) => b.age - a.age);
      if (due.length > 0) {
        this.#renew(due, signal);
      }
      next = Math.max(next + this.#tick, clock.monotonic());
      await sleep(clock, next - clock.monotonic(), signal).catch(() => undefined);
    }
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
    return lease.hasProgress || lease.age >= this.#every - this.#tick / 2;
  }
}
