import type { Clock, TimerHandle } from './clock';

/** Longest timer, milliseconds; a wake-up further away comes early instead. */
const LONGEST_MS = 3_600_000;

/** One timer that is moved about: calls back at or after the instant it was set to last. */
export class WakeUp {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #timer: TimerHandle | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Monotonic instant it is set to; infinite when it is not. */
  get at(): number {
    return this.#at;
  }

  /** @param at monotonic instant; infinite for none. */
  set(at: number): void {
    if (at === this.#at) {
      return;
    }
    if (this.#timer !== undefined) {
      this.#clock.clearTimer(this.#timer);
      this.#timer = undefined;
    }
    this.#at = at;
    if (at !== Number.POSITIVE_INFINITY) {
      // Rounded up: a timer that is early by a part of a millisecond would have to be set again.
      const wait = Math.max(0, Math.ceil(at - this.#clock.monotonic()));
      this.#timer = this.#clock.setTimer(() => this.#ring(), Math.min(wait, LONGEST_MS));
    }
  }

  #ring(): void {
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
    this.#callback();
  }
}
