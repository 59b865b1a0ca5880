import type { MetricDatum } from './metric-data-api';

/** Source: KCL `MetricsConfig.metricsMaxQueueSize`. */
const MOST_DATA = 10_000;

/** Source: CloudWatch API, PutMetricData: 1,000 metrics and 1 MB a request. */
const BATCH_DATA = 1000;
const BATCH_BYTES = 900_000;

/** Bytes of a datum in a request beside its own texts, as JSON: field names, numbers and a time. */
const DATUM_BYTES = 260;
const DIMENSION_BYTES = 24;

/** Data that wait to be sent, oldest first. Pure. */
export class UnsentData {
  #data: MetricDatum[] = [];

  get size(): number {
    return this.#data.length;
  }

  add(data: readonly MetricDatum[]): void {
    this.#data = this.#data.concat(data);
  }

  /** Drops the oldest of what is too much. @returns how many */
  bound(): number {
    return this.#data.splice(0, Math.max(0, this.#data.length - MOST_DATA)).length;
  }

  /** The oldest, as many as one request may hold. */
  batch(): readonly MetricDatum[] {
    let bytes = 0;
    let count = 0;
    for (const datum of this.#data) {
      bytes += sizeOf(datum);
      if (count === BATCH_DATA || (bytes > BATCH_BYTES && count > 0)) {
        break;
      }
      count++;
    }
    return this.#data.slice(0, count);
  }

  /** The oldest `count` are done with. */
  sent(count: number): void {
    this.#data.splice(0, count);
  }
}

/** Most bytes that a datum takes in a request: its texts are printable ASCII, escaped at worst. */
function sizeOf({ name, dimensions }: MetricDatum): number {
  const texts = dimensions.reduce(
    (sum, dimension) => sum + dimension.name.length + dimension.value.length,
    0,
  );
  return DATUM_BYTES + dimensions.length * DIMENSION_BYTES + 2 * (name.length + texts);
}
