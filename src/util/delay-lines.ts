import type { Clock } from './clock';
import { DelayLine, type DelayLineEvents } from './delay-line';

/** Lines that may stand idle before they are looked through. */
const MAX_IDLE = 64;

/** Items that wait for different times: one line a delay, so that a short one does not wait behind a long one. */
export class DelayLines<T> {
  readonly #clock: Clock;
  readonly #events: DelayLineEvents<T>;
  /** By their delay, milliseconds. */
  readonly #lines = new Map<number, DelayLine<T>>();

  constructor(clock: Clock, events: DelayLineEvents<T>) {
    this.#clock = clock;
    this.#events = events;
  }

  get length(): number {
    let length = 0;
    for (const line of this.#lines.values()) {
      length += line.length;
    }
    return length;
  }

  push(item: T, delayMs: number): void {
    let line = this.#lines.get(delayMs);
    if (line === undefined) {
      if (this.#lines.size >= MAX_IDLE) {
        this.#dropIdle();
      }
      line = new DelayLine(this.#clock, this.#events);
      this.#lines.set(delayMs, line);
    }
    line.push(item, delayMs);
  }

  /** What is on its way never arrives: it is given back. */
  clear(): T[] {
    const items = [...this.#lines.values()].flatMap((line) => line.clear());
    this.#lines.clear();
    return items;
  }

  #dropIdle(): void {
    for (const [delayMs, line] of this.#lines) {
      if (line.length === 0) {
        this.#lines.delete(delayMs);
      }
    }
  }
}
