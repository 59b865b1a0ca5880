import { ConnectorError } from '../errors';
import type { Instrument } from '../io';
import type { Clock } from '../util/clock';
import type { Watchdog, Watched } from '../util/watchdog';

export interface RenewalWatchOptions {
  readonly clock: Clock;
  readonly watchdog: Watchdog;
  /** Milliseconds that renewals may be late. */
  readonly limit: number;
  /** Milliseconds after which a lease has been renewed when nothing is late. */
  readonly period: number;
  /** The leases held, and the monotonic instants at which they were renewed last. */
  held(): Iterable<{ readonly renewedAt: number; isValid(): boolean }>;
  /** Begins a round at once. */
  renew(): void;
  readonly lateness: Instrument;
}

/**
 * Tells late renewals apart. A round that begins late: this process was paused, or its event loop blocked; nothing
 * needs a restart then, since the round is under way. A round that does not end: DynamoDB.
 */
export class RenewalWatch implements Watched {
  readonly part = 'renewals';
  readonly limit: number;
  readonly #options: RenewalWatchOptions;

  constructor(options: RenewalWatchOptions) {
    this.#options = options;
    this.limit = options.limit;
  }

  /** A round begins, `late` milliseconds after it should have. */
  began(late: number): void {
    const { watchdog, limit, lateness } = this.#options;
    lateness.record(Math.max(0, late));
    const found = 'the event loop was blocked or the process paused';
    const problem = (): Error =>
      new ConnectorError('RENEWAL_LATE', `a round of renewals began ${Math.round(late)} ms late`, {
        expected: `less than ${Math.round(limit)} ms`,
        found,
      });
    watchdog.report('renewal timer', late > limit ? problem() : undefined);
  }

  due(): boolean {
    const { clock, period } = this.#options;
    return clock.monotonic() - this.#oldest() > period;
  }

  /** Changes when the lease that was renewed the longest time ago is renewed, or lost. */
  progress(): number {
    return this.#oldest();
  }

  problem(): Error {
    const age = Math.round(this.#options.clock.monotonic() - this.#oldest());
    return new ConnectorError('RENEWAL_LATE', `a lease was last renewed ${age} ms ago`, {
      expected: `a renewal each ${Math.round(this.#options.period)} ms`,
      found: 'no answer of DynamoDB to one that was begun in time',
    });
  }

  restart(): void {
    this.#options.renew();
  }

  /** Infinite when no lease is held. */
  #oldest(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const lease of this.#options.held()) {
      if (lease.isValid()) {
        oldest = Math.min(oldest, lease.renewedAt);
      }
    }
    return oldest;
  }
}
