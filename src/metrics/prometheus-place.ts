import type { MetricDefinition, MetricKind, MetricLabel } from './definitions';

export const PREFIX = 'pulsar_io_kinesis_';

/** Labels of every metric of an instance. `instance` would be Prometheus's own, the address that is scraped. */
export const INSTANCE_LABELS = ['kind', 'connector', 'instance_id'] as const;

/** Every metric that a connector of the user's own records: Prometheus asks for one meaning a name. */
export const USER_METRIC = {
  name: `${PREFIX}user_metric`,
  type: 'summary',
  labels: [...INSTANCE_LABELS, 'metric'],
  help: 'Values that a connector recorded under a name of its own, the label metric; at most a thousand names.',
} as const;

/** Values of the label `outcome`, by what an attempt records. */
export const OUTCOMES = ['success', 'failure'] as const;

/** Where a metric stands in Prometheus. */
export interface PrometheusPlace {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Those of the instance included. */
  readonly labels: readonly string[];
  /** Those of `labels` that are the metric's own. */
  readonly kept: readonly MetricLabel[];
  /** A recorded value divided by it is one of Prometheus's base unit. */
  readonly divisor: number;
}

/** The worker's id changes with every start, and is the instance's: as a label it would break every series. */
const NEVER: readonly MetricLabel[] = ['worker'];

/** Histograms and attempts of every shard would be fifty series a shard; levels and counts are a handful. */
const LOST: { readonly [kind in MetricKind]: readonly MetricLabel[] } = {
  counter: NEVER,
  gauge: NEVER,
  outcome: [...NEVER, 'shard'],
  distribution: [...NEVER, 'shard'],
};

/**
 * Name, type and labels in Prometheus of the metric `name` of definitions.ts: the one rule that the endpoint, the docs, the
 * dashboard and the alerts follow. Base units are seconds and bytes, at the end of the name; counters end in `_total`.
 * Source: Prometheus, "Metric and label naming".
 */
export function prometheusPlace(name: string, definition: MetricDefinition): PrometheusPlace {
  const { kind, unit, labels, ofProcess } = definition;
  const kept = labels.filter((label) => !LOST[kind].includes(label));
  return {
    name: PREFIX + wordsOf(name, definition).join('_'),
    type: TYPES[kind],
    labels: [...(ofProcess ? [] : INSTANCE_LABELS), ...kept, ...(kind === 'outcome' ? ['outcome'] : [])],
    kept,
    divisor: unit === 'Milliseconds' ? 1000 : 1,
  };
}

const TYPES = { counter: 'counter', gauge: 'gauge', outcome: 'counter', distribution: 'histogram' } as const;

function wordsOf(name: string, { kind, unit }: MetricDefinition): string[] {
  const words = name.split('_').filter((word) => !['millis', 'bytes'].includes(word));
  if (kind === 'outcome') {
    return [...words.filter((word) => word !== 'success'), 'attempts', 'total'];
  }
  if (unit === 'Milliseconds') {
    const measured = words.at(-1) === 'time' ? [...words.slice(0, -1), 'duration'] : words;
    return [...measured, 'seconds', ...(kind === 'counter' ? ['total'] : [])];
  }
  return [...words, ...(unit === 'Bytes' ? ['bytes'] : []), ...(kind === 'counter' ? ['total'] : [])];
}
