import type { MetricLabels, MetricSample } from '../io';
import { type DimensionLabel, METRICS, type MetricDefinition, OPERATIONS } from './definitions';
import type { MetricDatum } from './metric-data-api';

const DEFINITIONS: ReadonlyMap<string, MetricDefinition> = new Map(Object.entries(METRICS));

/** Source: KCL `MetricsUtil`; `StreamName`: KPL. */
const DIMENSIONS: { readonly [label in DimensionLabel]?: string } = {
  shard: 'ShardId',
  worker: 'WorkerIdentifier',
  stream: 'StreamName',
  streamId: 'StreamId',
};

/** Source: CloudWatch API, MetricDatum and Dimension: ASCII without control characters, not all blank. */
const LONGEST_NAME = 255;
const LONGEST_VALUE = 1024;

/** Source: KCL `MetricsLevel`. SUMMARY has no dimension per shard. */
export type MetricsLevel = 'NONE' | 'SUMMARY' | 'DETAILED';

/** How a multi-stream KCL names streams, by the label `stream`. */
export type StreamIds = ReadonlyMap<string, string>;

type Dimensions = MetricDatum['dimensions'];
type Statistics = MetricDatum['statistics'];
type Place = Pick<MetricDatum, 'name' | 'unit' | 'dimensions'>;

/**
 * What CloudWatch is told of `samples`: those that differ only in labels which are no dimensions at `level` are
 * merged into one statistic set. Pure.
 * @param timestamp milliseconds since the epoch
 * @param streamIds the dimension StreamId, by the label `stream`; of a source of one stream none
 */
export function toMetricData(
  samples: readonly MetricSample[],
  level: MetricsLevel,
  timestamp: number,
  streamIds: StreamIds = new Map(),
): MetricDatum[] {
  const data = new Map<string, MetricDatum>();
  for (const sample of samples) {
    const place = placeOf(sample, level, streamIds);
    if (place !== undefined) {
      const key = JSON.stringify([place.name, place.dimensions]);
      const { count, sum, min, max } = sample;
      const statistics = mergeStatistics(data.get(key)?.statistics, { count, sum, min, max });
      data.set(key, { ...place, timestamp, statistics });
    }
  }
  return [...data.values()];
}

/** The statistic set of all values of both. */
export function mergeStatistics(one: Statistics | undefined, other: Statistics): Statistics {
  return one === undefined
    ? other
    : {
        count: one.count + other.count,
        sum: one.sum + other.sum,
        min: Math.min(one.min, other.min),
        max: Math.max(one.max, other.max),
      };
}

/** @returns undefined when nothing of it is published at `level`. */
function placeOf(
  { name, labels }: MetricSample,
  level: MetricsLevel,
  streamIds: StreamIds,
): Place | undefined {
  const defined = DEFINITIONS.get(name);
  if (level === 'NONE' || (level === 'SUMMARY' && defined?.cloudwatch?.level === 'DETAILED')) {
    return undefined;
  }
  if (defined === undefined) {
    const dimensions = [{ name: 'Operation', value: 'UserMetric' }];
    return { name: printable(name, LONGEST_NAME), unit: 'None', dimensions };
  }
  const { cloudwatch, unit } = defined;
  if (cloudwatch === undefined) {
    return undefined;
  }
  const { operation } = cloudwatch;
  return { name: cloudwatch.name, unit, dimensions: dimensionsOf(operation, labels, level, streamIds) };
}

function dimensionsOf(
  operation: keyof typeof OPERATIONS,
  labels: MetricLabels,
  level: MetricsLevel,
  streamIds: StreamIds,
): Dimensions {
  const dimensions = [{ name: 'Operation', value: operation as string }];
  for (const label of OPERATIONS[operation]) {
    const name = DIMENSIONS[label];
    const value = label === 'streamId' ? streamIds.get(labels.stream ?? '') : labels[label];
    if (name !== undefined && value !== undefined && !(label === 'shard' && level === 'SUMMARY')) {
      dimensions.push({ name, value: printable(value, LONGEST_VALUE) });
    }
  }
  return dimensions;
}

/** One value that CloudWatch refuses would take the whole request with it. */
function printable(text: string, longest: number): string {
  const ascii = text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, longest);
  return ascii.trim() === '' ? '-' : ascii;
}
