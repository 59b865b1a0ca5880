import type { TimerHandle } from '../../src/util/clock';

/** One timer of virtual time; cancelled ones stay in the heap until they come up. */
export interface Timer extends TimerHandle {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Timers by instant, those of one instant in the order they were set. */
export class TimerHeap {
  readonly #timers: Timer[] = [];
  #live = 0;

  /** Timers that are set. */
  get size(): number {
    return this.#live;
  }

  push(timer: Timer): void {
    const timers = this.#timers;
    let place = timers.length;
    timers.push(timer);
    this.#live++;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = timers[above] as Timer;
      if (!before(timer, parent)) {
        break;
      }
      timers[place] = parent;
      place = above;
    }
    timers[place] = timer;
  }

  /** The first one; undefined when none is set. */
  peek(): Timer | undefined {
    while (this.#timers[0]?.cancelled === true) {
      this.#removeFirst();
    }
    return this.#timers[0];
  }

  /** Takes out what `peek` gave. */
  shift(): void {
    const [first] = this.#timers;
    if (first !== undefined) {
      // A later cancel of what has fired must not count.
      first.cancelled = true;
      this.#live--;
      this.#removeFirst();
    }
  }

  cancel(timer: Timer): void {
    if (!timer.cancelled) {
      timer.cancelled = true;
      this.#live--;
    }
  }

  #removeFirst(): void {
    const timers = this.#timers;
    const last = timers.pop();
    if (last === undefined || timers.length === 0) {
      return;
    }
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      const left = timers[below];
      const right = timers[below + 1];
      if (left === undefined) {
        break;
      }
      if (right !== undefined && before(right, left)) {
        below++;
      }
      const child = timers[below] as Timer;
      if (!before(child, last)) {
        break;
      }
      timers[place] = child;
      place = below;
    }
    timers[place] = last;
  }
}
