/** What an open shard takes within a second: records, and bytes of data and partition keys together. */
export interface WriteLimits {
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** Source: Kinesis Developer Guide, Quotas and limits: provisioned mode. */
export const SHARD_WRITE_LIMITS: WriteLimits = { recordsPerSecond: 1_000, bytesPerSecond: 1024 * 1024 };

/**
 * What one shard may still take. It fills evenly, up to one second's worth. A record larger than that passes when
 * the budget is full, and leaves a debt.
 */
export class WriteBudget {
  #records = 0;
  #bytes = 0;
  /** When the figures above were right, milliseconds since the epoch. */
  #at: number | undefined;

  /** Takes one record of `bytes` out of the budget; false leaves it as it is. */
  take(limits: WriteLimits, bytes: number, now: number): boolean {
    this.#fill(limits, now);
    const room = this.#bytes >= Math.min(bytes, limits.bytesPerSecond);
    if (this.#records < 1 || !room) {
      return false;
    }
    this.#records--;
    this.#bytes -= bytes;
    return true;
  }

  /** A clock that was set back fills nothing. */
  #fill({ recordsPerSecond, bytesPerSecond }: WriteLimits, now: number): void {
    const seconds = this.#at === undefined ? 1 : Math.max(0, now - this.#at) / 1000;
    this.#at = now;
    this.#records = Math.min(recordsPerSecond, this.#records + seconds * recordsPerSecond);
    this.#bytes = Math.min(bytesPerSecond, this.#bytes + seconds * bytesPerSecond);
  }
}
