import type { Instrument } from '../io';
import type { Clock } from '../util/clock';
import { Ring } from '../util/ring';

interface QueuedAnswer {
  readonly last: { readonly confirmed: boolean };
  /** Monotonic milliseconds. */
  readonly queuedAt: number;
}

/** Measures how long the records of an answer take from being queued to being confirmed, once an answer. */
export class DeliveryTimer {
  readonly #answers = new Ring<QueuedAnswer>();

  constructor(
    private readonly clock: Clock,
    private readonly time: Instrument,
  ) {}

  /** @param last record of the answer */
  queued(last: QueuedAnswer['last']): void {
    this.#answers.push({ last, queuedAt: this.clock.monotonic() });
  }

  /** Some of what was queued is confirmed. */
  confirmed(): void {
    let front = this.#answers.peek();
    while (front?.last.confirmed) {
      this.time.record(this.clock.monotonic() - front.queuedAt);
      this.#answers.shift();
      front = this.#answers.peek();
    }
  }

  /** What is queued will not be confirmed. */
  drop(): void {
    this.#answers.clear();
  }
}
