import { ConnectorError } from '../errors';
import { allowManyListeners } from '../util/abort';
import type { Clock, TimerHandle } from '../util/clock';
import { endOfValidity, type Instant, timeLeft } from './validity';

/**
 * - HELD: may send and write.
 * - RELEASING: sends nothing more, the write that gives the lease up is under way.
 * - RELEASED: given up by a write that the row shows.
 * - LOST: taken by another worker, run out, or abandoned.
 */
export type TenureState = 'HELD' | 'RELEASING' | 'RELEASED' | 'LOST';

/** The time in which a lease is this worker's, from the take to its end; RELEASED and LOST are final. */
export class Tenure {
  #state: TenureState = 'HELD';
  #since: Instant;
  #end: Instant;
  #expiry: TimerHandle | undefined;
  readonly #ended = new AbortController();

  /**
   * @param name of the shard, for people
   * @param since start of the attempt that made the lease ours
   * @param failoverTime milliseconds
   */
  constructor(
    private readonly name: string,
    since: Instant,
    private readonly failoverTime: number,
    private readonly clock: Clock,
  ) {
    allowManyListeners(this.#ended.signal);
    this.#since = since;
    this.#end = endOfValidity(since, failoverTime);
    this.#watchExpiry();
  }

  get state(): TenureState {
    return this.#state;
  }

  /** Aborted with LEASE_LOST when the tenure ends as LOST. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Start of the attempt that renewed the lease last. */
  get since(): Instant {
    return this.#since;
  }

  /** Whether the lease is ours and its time not over (G4). Finding it over ends the tenure. */
  isValid(): boolean {
    if (this.#state !== 'HELD' && this.#state !== 'RELEASING') {
      return false;
    }
    if (this.#timeLeft() > 0) {
      return true;
    }
    this.lose('it was not renewed in time', `a renewal within ${this.failoverTime} ms`, 'none');
    return false;
  }

  /** @throws ConnectorError LEASE_LOST unless valid */
  require(): void {
    if (!this.isValid()) {
      throw this.signal.aborted
        ? this.signal.reason
        : new ConnectorError('LEASE_LOST', `the lease of ${this.name} was given up`);
    }
  }

  /** @throws ConnectorError LEASE_LOST unless valid and not being given up */
  requireHeld(): void {
    this.require();
    if (this.#state === 'RELEASING') {
      throw new ConnectorError('LEASE_LOST', `the lease of ${this.name} is being given up`);
    }
  }

  /** A write that began at `since` has renewed the lease. */
  renewed(since: Instant): void {
    this.#since = since;
    this.#end = endOfValidity(since, this.failoverTime);
  }

  releasing(): void {
    this.require();
    this.#state = 'RELEASING';
  }

  /** A release that failed without losing the lease leaves it held. */
  stay(): void {
    if (this.#state === 'RELEASING') {
      this.#state = 'HELD';
    }
  }

  released(): void {
    this.#state = 'RELEASED';
    this.#stopExpiry();
  }

  lose(why: string, expected: string, found: string): void {
    if (this.#state === 'RELEASED' || this.#state === 'LOST') {
      return;
    }
    this.#state = 'LOST';
    this.#stopExpiry();
    const message = `the lease of ${this.name} is lost: ${why}`;
    this.#ended.abort(new ConnectorError('LEASE_LOST', message, { expected, found }));
  }

  #timeLeft(): number {
    return timeLeft(this.clock, this.#end);
  }

  /** One timer for all renewals: when it fires early because of one, it is set again. */
  #watchExpiry(): void {
    this.#expiry = this.clock.setTimer(
      () => {
        if (this.isValid()) {
          this.#watchExpiry();
        }
      },
      Math.max(1, Math.ceil(this.#timeLeft())),
    );
  }

  #stopExpiry(): void {
    if (this.#expiry !== undefined) {
      this.clock.clearTimer(this.#expiry);
    }
  }
}
