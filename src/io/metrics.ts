/** Values of a metric's labels, for example `{ stream: 'orders', shard: 'shardId-000000000000' }`. */
export type MetricLabels = { readonly [label: string]: string };

/** One metric with its labels. Looked up once, then recorded into: the hot path costs one call. */
export interface Instrument {
  /** Adds to a counter, sets a gauge, or observes one value of a distribution: the metric's kind decides. */
  record(value: number): void;
}

/** What was recorded into one instrument since its reader looked last. */
export interface MetricSample {
  readonly name: string;
  readonly labels: MetricLabels;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  /** Values of a distribution by its buckets, for a reader that asks for them; the last are those above all bounds. */
  readonly buckets?: readonly number[];
}

export interface MetricReader {
  /** Everything recorded since the call before, or since the reader began; instruments without news are left out. */
  read(): MetricSample[];
}

/** Where a connector reports what it does. Recording never throws. */
export interface MetricSink {
  /** A metric of the connector's own choice, as `recordMetric` of Pulsar's contexts. */
  record(name: string, value: number): void;
  /** The instrument of that name and those labels; the same object for the same. Names: src/metrics/definitions.ts. */
  instrument(name: string, labels?: MetricLabels): Instrument;
  /** A reader of its own, for a publisher; what another reader has read, it still sees. */
  reader(): MetricReader;
  /** Nothing more is recorded with these labels for now: no reader is to show the levels that bear them. */
  forget(labels: MetricLabels): void;
}

/** Records nothing. */
export const NO_METRICS: MetricSink = {
  record: () => undefined,
  instrument: () => ({ record: () => undefined }),
  reader: () => ({ read: () => [] }),
  forget: () => undefined,
};
