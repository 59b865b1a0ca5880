import type { Clock, TimerHandle } from '../../src/util/clock';
import { type Timer, TimerHeap } from './timer-heap';

/**
 * Virtual time: nothing fires until the test moves it. Timers run in the order of their instants, those of the
 * same instant in the order they were set; after each one the promises it settled get their turn, so code that
 * sets its next timer after an await is seen by the same `advance`.
 */
export class ManualClock implements Clock {
  readonly #timers = new TimerHeap();
  readonly #settle: () => Promise<void>;
  #wall: number;
  #monotonic = 0;
  #order = 0;

  /**
   * @param wall Wall clock at the start, milliseconds since the epoch.
   * @param settled lets promises run between two timers: `settle`, or `drained` where only promises wait.
   */
  constructor(wall = Date.UTC(2026, 0, 1), settled = settle) {
    this.#wall = wall;
    this.#settle = settled;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimer(callback: () => void, ms: number): TimerHandle {
    const at = this.#monotonic + Math.max(0, ms);
    const timer: Timer = { at, order: this.#order++, callback, cancelled: false };
    this.#timers.push(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    this.#timers.cancel(handle as Timer);
  }

  /** Timers not yet fired: a part that was stopped should leave none. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer; undefined when none is set. */
  get untilNext(): number | undefined {
    const next = this.#timers.peek();
    return next === undefined ? undefined : next.at - this.#monotonic;
  }

  /** Moves time by `ms`, running what falls due on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms;
    await this.#settle();
    for (let timer = this.#dueBy(until); timer !== undefined; timer = this.#dueBy(until)) {
      this.#moveTo(timer.at);
      this.#timers.shift();
      timer.callback();
      await this.#settle();
    }
    this.#moveTo(until);
  }

  /** Moves time to the next timer and runs it; false when none is set. */
  async step(): Promise<boolean> {
    await this.#settle();
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
      await this.#settle();
      if (settled) {
        return promise;
      }
      if (this.#monotonic >= until || !(await this.step())) {
        await this.#settle();
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

  #dueBy(until: number): Timer | undefined {
    const next = this.#timers.peek();
    return next !== undefined && next.at <= until ? next : undefined;
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

/**
 * The same at a fraction of the price, where nothing but promises waits (no sockets, files, workers): Node empties
 * the queue of microtasks before it goes on to the next tick.
 */
export function drained(): Promise<void> {
  return new Promise<void>((resolve) => process.nextTick(resolve));
}
