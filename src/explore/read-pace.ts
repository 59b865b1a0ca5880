/** Bytes of a shard read in a millisecond: half of what AWS gives to all its readers. Source: Kinesis quotas, GetRecords. */
const BYTES_PER_MS = (1024 * 1024) / 1000;

/**
 * When a shard may be read next, so that a look takes little of what the shard's readers share: five calls and 2 MiB a
 * second; pure, all times are monotonic milliseconds.
 */
export class ReadPace {
  readonly #interval: number;
  #begun = false;
  #startedAt = Number.NEGATIVE_INFINITY;
  #next = Number.NEGATIVE_INFINITY;

  /** @param readsPerSecond above 0 */
  constructor(readsPerSecond: number) {
    this.#interval = 1000 / readsPerSecond;
  }

  /** Infinite while a read is under way. */
  get next(): number {
    return this.#begun ? Number.POSITIVE_INFINITY : this.#next;
  }

  /** A read is about to start. */
  begin(): void {
    this.#begun = true;
  }

  started(at: number): void {
    this.#startedAt = at;
  }

  answered(bytes: number): void {
    this.#begun = false;
    this.#next = this.#startedAt + Math.max(this.#interval, bytes / BYTES_PER_MS);
  }
}
