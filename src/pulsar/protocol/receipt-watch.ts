import type { Clock, TimerHandle } from '../../util/clock';

/**
 * Notices that receipts stay out. What counts is progress, not the age of a send: a broker that is slow, but
 * moves, is backpressure and no failure.
 */
export class ReceiptWatch {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #expired: () => void;
  #lastProgress = 0;
  #waiting = false;
  #timer: TimerHandle | undefined;

  /** @param timeoutMs 0 = never. */
  constructor(clock: Clock, timeoutMs: number, expired: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#expired = expired;
  }

  /** The oldest message was confirmed, or the first one went; `waiting` says whether something is unconfirmed now. */
  progress(waiting: boolean): void {
    this.#waiting = waiting;
    if (this.#timeoutMs === 0) {
      return;
    }
    this.#lastProgress = this.#clock.monotonic();
    if (waiting && this.#timer === undefined) {
      this.#arm(this.#timeoutMs);
    }
  }

  stop(): void {
    this.#waiting = false;
    if (this.#timer !== undefined) {
      this.#clock.clearTimer(this.#timer);
    }
  }

  #arm(ms: number): void {
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined;
      if (!this.#waiting) {
        return;
      }
      const left = this.#lastProgress + this.#timeoutMs - this.#clock.monotonic();
      if (left > 0) {
        this.#arm(left);
      } else {
        this.#expired();
      }
    }, ms);
  }
}
