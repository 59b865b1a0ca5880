import { ConnectorError, isConnectorError } from '../errors';
import type { Watched } from '../util/watchdog';

/**
 * The writes that take leases, as the watchdog sees them: while none is answered nothing is read, and a worker that has
 * lost all its leases has no late renewal to tell of. Reported only, since every scan tries again.
 */
export class TakeWatch implements Watched {
  readonly part = 'lease takes';
  readonly limit: number;
  #answers = 0;
  /** Why the newest one failed; undefined once one was answered, or there is nothing to take. */
  #failure: string | undefined;

  /** @param limit milliseconds; 0: for ever */
  constructor(limit: number) {
    this.limit = limit;
  }

  due(): boolean {
    return this.#failure !== undefined;
  }

  progress(): number {
    return this.#answers;
  }

  problem(waited: number): Error {
    return new ConnectorError('TAKER_STALLED', `no lease could be taken for ${waited} ms`, {
      expected: 'an answer of DynamoDB',
      found: this.#failure ?? 'none',
    });
  }

  /** The lease is taken, or somebody was faster. */
  answered(): void {
    this.#answers++;
    this.#failure = undefined;
  }

  failed(error: unknown): void {
    this.#failure = isConnectorError(error) ? error.code : 'no answer';
  }

  nothingToTake(): void {
    this.#failure = undefined;
  }
}
