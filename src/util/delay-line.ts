import type { Clock, TimerHandle } from './clock';
import { Ring } from './ring';

export interface DelayLineEvents<T> {
  /** `item` has come out at the other end. */
  arrived(item: T): void;
  /** Everything that was due has come out. */
  settled?(): void;
}

/**
 * Items come out in the order they went in, each no sooner than its delay after that. One timer whatever their
 * number, and none at all for a delay of 0: then a microtask.
 */
export class DelayLine<T> {
  readonly #clock: Clock;
  readonly #events: DelayLineEvents<T>;
  readonly #items = new Ring<T>();
  /** Monotonic instants. */
  readonly #due = new Ring<number>();
  #timer: TimerHandle | undefined;
  #scheduled = false;

  constructor(clock: Clock, events: DelayLineEvents<T>) {
    this.#clock = clock;
    this.#events = events;
  }

  get length(): number {
    return this.#items.length;
  }

  push(item: T, delayMs: number): void {
    this.#items.push(item);
    this.#due.push(delayMs > 0 ? this.#clock.monotonic() + delayMs : Number.NEGATIVE_INFINITY);
    this.#await();
  }

  /** What is on its way never arrives: it is given back. */
  clear(): T[] {
    const items = [...this.#items];
    this.#items.clear();
    this.#due.clear();
    if (this.#timer !== undefined) {
      this.#clock.clearTimer(this.#timer);
      this.#timer = undefined;
    }
    return items;
  }

  #await(): void {
    const next = this.#due.peek();
    if (next === undefined || this.#scheduled || this.#timer !== undefined) {
      return;
    }
    if (next === Number.NEGATIVE_INFINITY) {
      this.#scheduled = true;
      queueMicrotask(this.#run);
    } else {
      this.#timer = this.#clock.setTimer(this.#run, Math.max(0, next - this.#clock.monotonic()));
    }
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    this.#timer = undefined;
    for (let due = this.#due.peek(); due !== undefined; due = this.#due.peek()) {
      if (due > 0 && due > this.#clock.monotonic()) {
        break;
      }
      this.#due.shift();
      this.#events.arrived(this.#items.shift() as T);
    }
    this.#await();
    this.#events.settled?.();
  };
}
