import type { Instrument } from '../io';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import { LOOK_MS } from '../util/watchdog';

export interface BackpressureOptions {
  /** Milliseconds of waiting beyond those of reading that make it news. */
  readonly limit: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Readers held back. */
  readonly gauge: Instrument;
}

/**
 * Says when Pulsar is slower than Kinesis for long, and when that is over. No fault of any part: nothing is
 * restarted, and the instance stays ready. Readers go to and fro between waiting and reading, so the time of both
 * is weighed.
 */
export class Backpressure {
  readonly #options: BackpressureOptions;
  /** Milliseconds, from 0 to the limit: grows while readers are held back, and shrinks while none is. */
  #level = 0;
  #lasting = false;
  #sampledAt: number;

  constructor(options: BackpressureOptions) {
    this.#options = options;
    this.#sampledAt = options.clock.monotonic();
  }

  /** A look, each LOOK_MS. @param heldBack readers that wait for room now */
  sample(heldBack: number): void {
    const { limit, clock, logger, gauge } = this.#options;
    const now = clock.monotonic();
    // Time that this process slept does not count.
    const elapsed = Math.min(LOOK_MS, now - this.#sampledAt);
    this.#sampledAt = now;
    gauge.record(heldBack);
    this.#level = Math.min(limit, Math.max(0, this.#level + (heldBack > 0 ? elapsed : -elapsed)));
    if (!this.#lasting && heldBack > 0 && this.#level === limit) {
      this.#lasting = true;
      logger.warn({ shards: heldBack }, 'Pulsar is slower than Kinesis; reading waits for it');
    } else if (this.#lasting && this.#level === 0) {
      this.#lasting = false;
      logger.info({}, 'Pulsar keeps up with Kinesis again');
    }
  }
}
