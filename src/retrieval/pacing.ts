/** Share of the full rate that throttling never goes below. */
const SLOWEST = 1 / 16;
/** Share of the full rate that each answer gives back. */
const RECOVERY = 1 / 16;

/** What an answer says about how soon to ask again. */
export interface AnswerSize {
  readonly records: number;
  /** The limit the call was made with. */
  readonly limit: number;
  readonly millisBehindLatest: number | undefined;
}

/**
 * When to ask a shard next; pure, all times are monotonic milliseconds.
 *
 * Behind the tip: at once, but never more than `maxPerSecond` calls in any one second. AWS allows 5 a second
 * and shard, shared by all readers of the stream (source: GetRecords, "Limits"); 4 leave one for others.
 * At the tip: evenly, `maxPerSecond` a second, counted from start to start. So a record waits 250 ms at most, plus
 * one round trip; who has more idle shards than CPU lowers the rate and pays with latency.
 * Throttled: half the rate each time, down to 1/16; every answer gives 1/16 back.
 */
export class Pacing {
  readonly #maxPerSecond: number;
  readonly #windowCalls: number;
  readonly #windowMs: number;
  /** Starts of the last calls, oldest first; at most `windowCalls`. */
  readonly #starts: number[] = [];
  #share = 1;
  #caughtUp = false;

  /** @param maxPerSecond above 0; may be a fraction. */
  constructor(maxPerSecond: number) {
    this.#maxPerSecond = maxPerSecond;
    this.#windowCalls = Math.max(1, Math.floor(maxPerSecond));
    this.#windowMs = (1000 * this.#windowCalls) / maxPerSecond;
  }

  /** Milliseconds between two calls at the present rate. */
  get interval(): number {
    return 1000 / (this.#maxPerSecond * this.#share);
  }

  /** A call starts. */
  started(at: number): void {
    this.#starts.push(at);
    if (this.#starts.length > this.#windowCalls) {
      this.#starts.shift();
    }
  }

  answered(answer: AnswerSize): void {
    this.#share = Math.min(1, this.#share + RECOVERY);
    const full = answer.records >= answer.limit;
    const behind =
      answer.millisBehindLatest === undefined ? answer.records > 0 : answer.millisBehindLatest > 0;
    this.#caughtUp = !full && !behind;
  }

  throttled(): void {
    this.#share = Math.max(SLOWEST, this.#share / 2);
  }

  /** The earliest instant for the next call. */
  next(): number {
    const last = this.#starts.at(-1);
    const oldest = this.#starts[0];
    if (last === undefined || oldest === undefined) {
      return Number.NEGATIVE_INFINITY;
    }
    const byRate = this.#caughtUp || this.#share < 1 ? last + this.interval : last;
    const byWindow = this.#starts.length < this.#windowCalls ? last : oldest + this.#windowMs;
    return Math.max(byRate, byWindow);
  }
}
