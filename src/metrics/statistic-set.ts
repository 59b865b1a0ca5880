import type { MetricSample } from '../io';

export type Statistics = Pick<MetricSample, 'count' | 'sum' | 'min' | 'max' | 'last'>;

/** What is kept of the values recorded into one instrument. Source: CloudWatch API, StatisticSet. */
export class StatisticSet {
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #last = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#count++;
    this.#sum += value;
    this.#last = value;
    if (value < this.#min) {
      this.#min = value;
    }
    if (value > this.#max) {
      this.#max = value;
    }
  }

  /** What was added since the call before. */
  take(): Statistics {
    const taken = {
      count: this.#count,
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
      last: this.#last,
    };
    this.#count = 0;
    this.#sum = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
    return taken;
  }
}
