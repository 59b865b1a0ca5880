/** What a shard takes. Source: Kinesis quotas, "Data streams and shards"; records beyond 1 MiB do not raise it. */
const RECORDS_PER_SECOND = 1000;
const BYTES_PER_SECOND = 1024 * 1024;

/** Milliseconds of the rate that may be saved up, so that pauses and late timers cost nothing. */
const BURST_MS = 250;

/** Milliseconds of answers judged together: all that were under way at a refusal are one event. */
const ROUND_MS = 250;
/** Smallest share of the ceiling that refusals lead to; the pauses of the shard's queue go further. */
const SLOWEST = 1 / 8;
/** Share of the ceiling won back in a second, times one plus the seconds since the last refusal. */
const RECOVERY_PER_SECOND = 0.02;

/**
 * How fast one shard is written to: token buckets of records and bytes, up to a ceiling, slower after throttling.
 * Pure; instants are monotonic milliseconds.
 *
 * A round with refusals cuts the rate by half the share that was refused: a few cost next to nothing, a shard that
 * refuses most, because others write to it too, is down to its part within seconds (after RFC 8257, DCTCP). Rounds
 * without any win it back, the faster the longer they last.
 */
export class WriteRate {
  readonly #ceiling: number;
  #share = 1;
  #records: number;
  #bytes: number;
  #filledAt: number;
  #accepted = 0;
  #throttled = 0;
  #roundAt: number;
  #throttledAt: number;

  /** @param percent of the shard's limits that may be used, above 0. */
  constructor(percent: number, now: number) {
    this.#ceiling = percent / 100;
    this.#records = this.#burst(RECORDS_PER_SECOND);
    this.#bytes = this.#burst(BYTES_PER_SECOND);
    this.#filledAt = now;
    this.#roundAt = now;
    this.#throttledAt = now;
  }

  /** Records per second allowed at present. */
  get recordsPerSecond(): number {
    return RECORDS_PER_SECOND * this.#ceiling * this.#share;
  }

  /** Bytes saved up, as of the last `refill`; below 0 after what went on credit. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lets the buckets fill until `now`. */
  refill(now: number): void {
    const rate = (this.#ceiling * this.#share * (now - this.#filledAt)) / 1000;
    this.#records = Math.min(this.#burst(RECORDS_PER_SECOND), this.#records + RECORDS_PER_SECOND * rate);
    this.#bytes = Math.min(this.#burst(BYTES_PER_SECOND), this.#bytes + BYTES_PER_SECOND * rate);
    this.#filledAt = now;
  }

  /** Whether a record of `size` bytes may go, as of the last `refill`. One above the burst goes on credit. */
  allows(size: number): boolean {
    return this.#records >= 1 && this.#bytes >= Math.min(size, this.#burst(BYTES_PER_SECOND));
  }

  take(size: number): void {
    this.#records--;
    this.#bytes -= size;
  }

  /** Milliseconds from the last `refill` until `allows(size)`; 0 when it does. */
  waitFor(size: number): number {
    const perMs = (this.#ceiling * this.#share) / 1000;
    const bytes = Math.min(size, this.#burst(BYTES_PER_SECOND)) - this.#bytes;
    return Math.max(
      0,
      (1 - this.#records) / (RECORDS_PER_SECOND * perMs),
      bytes / (BYTES_PER_SECOND * perMs),
    );
  }

  /** Entries of one answer: so many accepted, so many refused for the rate. */
  answered(accepted: number, throttled: number, now: number): void {
    this.#accepted += accepted;
    this.#throttled += throttled;
    const elapsed = now - this.#roundAt;
    if (elapsed < ROUND_MS) {
      return;
    }
    // With the rate that held until now: what was saved up is not judged anew.
    this.refill(now);
    if (this.#throttled > 0) {
      const refused = this.#throttled / (this.#accepted + this.#throttled);
      this.#share = Math.max(SLOWEST, this.#share * (1 - refused / 2));
      this.#throttledAt = now;
    } else {
      const seconds = Math.min(elapsed, 1000) / 1000;
      const quicker = 1 + (now - this.#throttledAt) / 1000;
      this.#share = Math.min(1, this.#share + RECOVERY_PER_SECOND * seconds * quicker);
    }
    this.#accepted = 0;
    this.#throttled = 0;
    this.#roundAt = now;
  }

  #burst(perSecond: number): number {
    return Math.max(1, (perSecond * this.#ceiling * this.#share * BURST_MS) / 1000);
  }
}
