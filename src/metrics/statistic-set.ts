import type { MetricSample } from '../io';

export type Statistics = Omit<MetricSample, 'name' | 'labels'>;

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

/** The same with the number of values in each bucket. */
export class HistogramSet extends StatisticSet {
  readonly #bounds: readonly number[];
  #buckets: number[];

  /** @param bounds upper ones, inclusive, rising */
  constructor(bounds: readonly number[]) {
    super();
    this.#bounds = bounds;
    this.#buckets = zeros(bounds);
  }

  override add(value: number): void {
    super.add(value);
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) {
      at++;
    }
    this.#buckets[at] = (this.#buckets[at] as number) + 1;
  }

  override take(): Statistics {
    const buckets = this.#buckets;
    this.#buckets = zeros(this.#bounds);
    return { ...super.take(), buckets };
  }
}

function zeros(bounds: readonly number[]): number[] {
  return new Array<number>(bounds.length + 1).fill(0);
}
