import type { MetricLabels, MetricSample } from '../io';
import { CALL_BUCKETS, METRICS, type MetricDefinition } from './definitions';
import { OUTCOMES, type PrometheusPlace, prometheusPlace, USER_METRIC } from './prometheus-place';

/** Milliseconds that counts of a shard which is not read any more are shown: none is lost between two scrapes. */
export const KEPT_MS = 10 * 60_000;

/** Names that a connector may make up for one instance; a name with a number in it would fill memory. */
const MOST_USER_METRICS = 1000;

/** One line of the exposition. */
export interface ExposedValue {
  readonly labels: MetricLabels;
  readonly value: number;
  /** Where it differs from that of the metric: `_bucket`, `_sum` and `_count`. */
  readonly metricName?: string;
}

/** One metric of the exposition, in the shape in which prom-client takes it. */
export interface ExposedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: ExposedValue[];
}

interface Series {
  readonly labels: MetricLabels;
  /** Monotonic milliseconds; set once nothing more is recorded there. */
  forgottenAt: number | undefined;
  /** The level, or the total. */
  value: number;
  count: number;
  readonly buckets: number[];
}

interface Family {
  readonly place: PrometheusPlace;
  readonly definition: MetricDefinition;
  readonly bounds: readonly number[];
  readonly series: Map<string, Series>;
}

const DEFINITIONS: ReadonlyMap<string, MetricDefinition> = new Map(Object.entries(METRICS));

/** What Prometheus is shown of one instance, over all its starts in this process. Pure. */
export class PrometheusSeries {
  readonly #instance: MetricLabels;
  readonly #families = new Map<string, Family>();
  readonly #user = new Map<string, { count: number; sum: number }>();

  /** @param instance the labels of all its metrics */
  constructor(instance: MetricLabels) {
    this.#instance = instance;
  }

  /** Takes what was recorded since the call before. */
  add(samples: readonly MetricSample[]): void {
    for (const sample of samples) {
      const definition = DEFINITIONS.get(sample.name);
      if (definition === undefined) {
        this.#addUser(sample);
      } else {
        this.#add(sample, definition);
      }
    }
  }

  /** What bears these labels is over: levels at once, counts after KEPT_MS. @param now monotonic milliseconds */
  forget(labels: MetricLabels, now: number): void {
    const wanted = Object.entries(labels);
    for (const { definition, place, series } of this.#families.values()) {
      if (wanted.every(([label]) => (place.kept as readonly string[]).includes(label))) {
        for (const [key, one] of series) {
          if (wanted.every(([label, value]) => one.labels[label] === value)) {
            over(definition, series, key, one, now);
          }
        }
      }
    }
    this.#drop(now);
  }

  /** A life of the instance is over, and with it its levels and its shards. */
  ended(now: number): void {
    for (const { definition, place, series } of this.#families.values()) {
      if (definition.kind === 'gauge' || place.kept.includes('shard')) {
        for (const [key, one] of series) {
          over(definition, series, key, one, now);
        }
      }
    }
    this.#drop(now);
  }

  /** @param now monotonic milliseconds */
  exposed(now: number): ExposedMetric[] {
    this.#drop(now);
    const metrics = Array.from(this.#families.values(), (family) => exposedFamily(family, this.#instance));
    return this.#user.size === 0 ? metrics : [...metrics, this.#exposedUser()];
  }

  #add(sample: MetricSample, definition: MetricDefinition): void {
    const family = this.#family(sample.name, definition);
    const series = seriesOf(family, sample.labels);
    series.forgottenAt = undefined;
    series.count += sample.count;
    series.value = definition.kind === 'gauge' ? sample.last : series.value + sample.sum;
    sample.buckets?.forEach((count, at) => {
      series.buckets[at] = (series.buckets[at] ?? 0) + count;
    });
  }

  #family(name: string, definition: MetricDefinition): Family {
    const known = this.#families.get(name);
    if (known !== undefined) {
      return known;
    }
    const bounds = definition.kind === 'distribution' ? (definition.buckets ?? CALL_BUCKETS) : [];
    const made = { place: prometheusPlace(name, definition), definition, bounds, series: new Map() };
    this.#families.set(name, made);
    return made;
  }

  #addUser({ name, count, sum }: MetricSample): void {
    const known = this.#user.get(name) ?? { count: 0, sum: 0 };
    if (known.count === 0 && this.#user.size >= MOST_USER_METRICS) {
      return;
    }
    this.#user.set(name, { count: known.count + count, sum: known.sum + sum });
  }

  #exposedUser(): ExposedMetric {
    const { name, type, help } = USER_METRIC;
    const values = Array.from(this.#user, ([metric, { count, sum }]) => {
      const labels = { ...this.#instance, metric };
      return [
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ];
    });
    return { name, help, type, values: values.flat() };
  }

  #drop(now: number): void {
    for (const { series } of this.#families.values()) {
      for (const [key, { forgottenAt }] of series) {
        if (forgottenAt !== undefined && now - forgottenAt >= KEPT_MS) {
          series.delete(key);
        }
      }
    }
  }
}

function over(
  { kind }: MetricDefinition,
  series: Map<string, Series>,
  key: string,
  one: Series,
  now: number,
): void {
  if (kind === 'gauge') {
    series.delete(key);
  } else {
    one.forgottenAt ??= now;
  }
}

function seriesOf({ place: { kept }, bounds, series }: Family, given: MetricLabels): Series {
  const key = kept.map((label) => given[label]).join('\0');
  const known = series.get(key);
  if (known !== undefined) {
    return known;
  }
  const labels = Object.fromEntries(kept.map((label) => [label, given[label] ?? '']));
  const buckets = new Array<number>(bounds.length + 1).fill(0);
  const made = { labels, forgottenAt: undefined, value: 0, count: 0, buckets };
  series.set(key, made);
  return made;
}

function exposedFamily({ place, definition, bounds, series }: Family, instance: MetricLabels): ExposedMetric {
  const { name, type, divisor } = place;
  const values = Array.from(series.values(), (one): ExposedValue[] => {
    const labels = { ...instance, ...one.labels };
    switch (definition.kind) {
      case 'outcome': {
        const counts = { success: one.value, failure: one.count - one.value };
        return OUTCOMES.map((outcome) => ({ labels: { ...labels, outcome }, value: counts[outcome] }));
      }
      case 'distribution':
        return histogram(name, labels, one, bounds, divisor);
      default:
        return [{ labels, value: one.value / divisor }];
    }
  });
  return { name, help: definition.help, type, values: values.flat() };
}

/** Source: Prometheus text format 0.0.4: buckets count everything up to their bound. */
function histogram(
  name: string,
  labels: MetricLabels,
  { buckets, count, value }: Series,
  bounds: readonly number[],
  divisor: number,
): ExposedValue[] {
  let upTo = 0;
  const cumulated = bounds.map((bound, at) => {
    upTo += buckets[at] ?? 0;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: String(bound / divisor) }, value: upTo };
  });
  return [
    ...cumulated,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: value / divisor },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
