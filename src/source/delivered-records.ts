import type { Instrument } from '../io';
import type { Clock } from '../util/clock';

/** Records that share one look at the clock at most. */
const BURST = 256;

/**
 * Measures how old records are when Pulsar has confirmed them. Confirmations come in bursts, and looking at the clock
 * costs more than all the rest: one look serves what was confirmed in one go.
 */
export class DeliveredRecords {
  /** Of the burst under way. */
  readonly #arrivals = new Float64Array(BURST);
  #count = 0;

  /** @param onDelivered told how many */
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly age: Instrument,
    private readonly onDelivered: (records: number) => void,
  ) {}

  /** @param arrival of a record that was confirmed, milliseconds since the epoch */
  add(arrival: number): void {
    this.#arrivals[this.#count++] = arrival;
    if (this.#count === 1) {
      queueMicrotask(() => this.#record());
    } else if (this.#count === BURST) {
      this.#record();
    }
  }

  #record(): void {
    const count = this.#count;
    if (count === 0) {
      return;
    }
    const now = this.clock.now();
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      // Two clocks: a record may seem to be confirmed before it came.
      this.age.record(Math.max(0, now - (this.#arrivals[i] as number)));
    }
    this.onDelivered(count);
  }
}
