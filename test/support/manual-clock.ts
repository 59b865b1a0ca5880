import type { Clock, TimerHandle } from '../../src/util/clock';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Virtual time: nothing fires until the test moves it. Timers run in the order of their instants, those of the
 * same instant in the order they were set; after each one the promises it settled get their turn, so code that
 * sets its next timer after an await is seen by the same `advance`.
 */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #wall: number;
  #monotonic = 0;
  #order = 0;

  /** @param wall Wall clock at the start, milliseconds since the epoch. */
  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimer(callback: () => void, ms: number): TimerHandle {
    const timer = { at: this.#monotonic + Math.max(0, ms), order: this.#order++, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    this.#timers.delete(handle as Timer);
  }

  /** Timers not yet fired: a part that was stopped should leave none. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer; undefined when none is set. */
  get untilNext(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.at - this.#monotonic;
  }

  /** Moves time by `ms`, running what falls due on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms;
    await settle();
    for (let timer = this.#next(); timer !== undefined && timer.at <= until; timer = this.#next()) {
      this.#moveTo(timer.at);
      this.#timers.delete(timer);
      timer.callback();
      await settle();
    }
    this.#moveTo(until);
  }

  /** Moves time to the next timer and runs it; false when none is set. */
  async step(): Promise<boolean> {
    await settle();
    const wait = this.untilNext;
    if (wait === undefined) {
      return false;
    }
    await this.advance(wait);
    return true;
  }

  /**
   * Moves time from timer to timer until `promise` settles, and gives its outcome.
   * @throws when nothing is left that could settle it, or `limitMs` have passed.
   */
  async run<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    const until = this.#monotonic + limitMs;
    for (;;) {
      await settle();
      if (settled) {
        return promise;
      }
      if (this.#monotonic >= until || !(await this.step())) {
        await settle();
        if (!settled) {
          throw new Error(
            `the promise is still pending at ${this.#monotonic} ms, ${this.pending} timers set`,
          );
        }
      }
    }
  }

  /** Sets the wall clock alone, as NTP or a person does; timers follow the monotonic clock. */
  jumpWall(ms: number): void {
    this.#wall += ms;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  }

  #moveTo(at: number): void {
    this.#wall += at - this.#monotonic;
    this.#monotonic = at;
  }
}

/** Lets every promise that is already settled, and what follows from it, run: each macrotask drains the microtasks. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
