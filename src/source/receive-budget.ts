import { type Deferred, deferred } from '../util/deferred';

interface Admission {
  readonly bytes: number;
  readonly granted: Deferred<void>;
}

/**
 * Bytes held from fetch to confirm by one source instance (G5). First come, first served, so that shards share
 * it fairly. When nothing is held, one answer of any size is admitted: a record larger than the bound must
 * still pass.
 */
export class ReceiveBudget {
  readonly limit: number;
  #used = 0;
  #admissions: Admission[] = [];
  #starters: Deferred<void>[] = [];

  /** @param limit bytes, at least 1. */
  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * Resolves when it makes sense to start a fetch: there is room for at least something.
   * @throws the signal's reason.
   */
  room(signal: AbortSignal): Promise<void> {
    if (this.#used < this.limit) {
      return Promise.resolve();
    }
    const waiting = deferred<void>();
    this.#starters.push(waiting);
    return this.#withSignal(waiting, signal, () => {
      this.#starters = this.#starters.filter((other) => other !== waiting);
    });
  }

  /**
   * Takes `bytes` as soon as they fit.
   * @throws the signal's reason; then nothing was taken.
   */
  take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#admissions.length === 0 && this.#fits(bytes)) {
      this.#used += bytes;
      return Promise.resolve();
    }
    const admission = { bytes, granted: deferred<void>() };
    this.#admissions.push(admission);
    return this.#withSignal(admission.granted, signal, () => {
      this.#admissions = this.#admissions.filter((other) => other !== admission);
      this.#grant();
    });
  }

  /** Takes `bytes` without asking: they are in memory already. */
  force(bytes: number): void {
    this.#used += bytes;
  }

  release(bytes: number): void {
    this.#used -= bytes;
    if (this.#admissions.length > 0 || this.#starters.length > 0) {
      this.#grant();
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.limit;
  }

  #grant(): void {
    let first = this.#admissions[0];
    while (first !== undefined && this.#fits(first.bytes)) {
      this.#admissions.shift();
      this.#used += first.bytes;
      first.granted.resolve();
      first = this.#admissions[0];
    }
    if (this.#admissions.length === 0 && this.#used < this.limit) {
      const starters = this.#starters;
      this.#starters = [];
      for (const starter of starters) {
        starter.resolve();
      }
    }
  }

  async #withSignal(waiting: Deferred<void>, signal: AbortSignal, leave: () => void): Promise<void> {
    const onAbort = (): void => {
      leave();
      waiting.reject(signal.reason);
    };
    if (signal.aborted) {
      onAbort();
    } else {
      signal.addEventListener('abort', onAbort, { once: true });
    }
    try {
      await waiting.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
