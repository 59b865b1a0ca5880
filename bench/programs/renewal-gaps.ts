import type { Clock } from '../../src/util/clock';

/** How regularly leases are written, as the table sees it. */
export class RenewalGaps {
  readonly #clock: Clock;
  readonly #lastOf = new Map<string, number>();
  #longest = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Leases written. */
  get leases(): number {
    return this.#lastOf.size;
  }

  /** Counts one UpdateItem. @returns false: a fault asks whether it strikes, and none does */
  written(input: unknown): false {
    const key = (input as { readonly Key?: { readonly leaseKey?: { readonly S?: string } } }).Key?.leaseKey
      ?.S;
    if (key !== undefined) {
      const now = this.#clock.monotonic();
      this.#longest = Math.max(this.#longest, now - (this.#lastOf.get(key) ?? now));
      this.#lastOf.set(key, now);
    }
    return false;
  }

  /**
   * Milliseconds between two writes of one lease, or from the last one until now: the longest of those that went on
   * since the call before; 0 before any.
   */
  longest(): number {
    const now = this.#clock.monotonic();
    const longest = Math.max(this.#longest, now - Math.min(now, ...this.#lastOf.values()));
    this.#longest = 0;
    return longest;
  }
}
