import { invalidCombination, invalidValue } from './failure';
import type { Parameters } from './parameter';
import { type StandardUnit, UNITS } from './unit';

/** A datum as it was put. Values with their counts, or a set of statistics, never both. */
export interface PutDatum {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly Dimension[];
  /** Milliseconds since the epoch; when it was put, if it named no instant. */
  readonly timestamp: number;
  readonly unit: StandardUnit;
  /** Seconds. */
  readonly resolution: 1 | 60;
  readonly statistics: Statistics;
}

export interface Dimension {
  readonly name: string;
  readonly value: string;
}

export interface Statistics {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

const MAX_NAME = 255;
const MAX_DIMENSION_VALUE = 1024;
const MAX_DIMENSIONS = 30;
const MAX_VALUES = 150;
const HOUR_MS = 3_600_000;
const OLDEST_MS = 14 * 24 * HOUR_MS;
const NEWEST_MS = 2 * HOUR_MS;

/** @throws ServiceError with the message of CloudWatch. Source: CloudWatch API, MetricDatum. */
export function readDatum(datum: Parameters, namespace: string, now: number): PutDatum {
  return {
    namespace,
    name: datum.text('MetricName', MAX_NAME),
    dimensions: datum.structures('Dimensions', MAX_DIMENSIONS).map((dimension) => ({
      name: dimension.text('Name', MAX_NAME),
      value: dimension.text('Value', MAX_DIMENSION_VALUE),
    })),
    timestamp: readTimestamp(datum, now),
    unit: readUnit(datum),
    resolution: readResolution(datum),
    statistics: readStatistics(datum),
  };
}

function readTimestamp(datum: Parameters, now: number): number {
  if (!datum.has('Timestamp')) {
    return now;
  }
  const timestamp = datum.instant('Timestamp');
  const path = datum.path('Timestamp');
  if (timestamp < now - OLDEST_MS) {
    throw invalidValue(`The parameter ${path} must specify a time within the past two weeks.`);
  }
  if (timestamp > now + NEWEST_MS) {
    throw invalidValue(`The parameter ${path} must specify a time no more than two hours in the future.`);
  }
  return timestamp;
}

function readUnit(datum: Parameters): StandardUnit {
  if (!datum.has('Unit')) {
    return 'None';
  }
  const text = datum.text('Unit', MAX_NAME);
  const unit = UNITS.find((candidate) => candidate === text);
  if (unit === undefined) {
    throw invalidValue(
      `The parameter ${datum.path('Unit')} must be a value in the set [ ${UNITS.join(', ')} ].`,
    );
  }
  return unit;
}

function readResolution(datum: Parameters): 1 | 60 {
  const resolution = datum.has('StorageResolution') ? datum.number('StorageResolution') : 60;
  if (resolution !== 1 && resolution !== 60) {
    throw datum.invalid('StorageResolution');
  }
  return resolution;
}

function readStatistics(datum: Parameters): Statistics {
  const given = ['Value', 'Values', 'StatisticValues'].filter((name) => datum.has(name));
  const [form, second] = given;
  if (form !== undefined && second !== undefined) {
    const message = `The parameters ${datum.path(form)} and ${datum.path(second)} are mutually exclusive and you have specified both.`;
    throw second === 'Values' ? invalidValue(message) : invalidCombination(message);
  }
  switch (form) {
    case 'Value': {
      const value = datum.number('Value');
      return { count: 1, sum: value, min: value, max: value };
    }
    case 'Values':
      return ofValues(datum);
    case 'StatisticValues':
      return ofStatisticSet(datum.structure('StatisticValues'));
    default:
      throw invalidCombination(
        `At least one of the parameters ${datum.path('Value')} and ${datum.path('StatisticValues')} must be specified.`,
      );
  }
}

function ofValues(datum: Parameters): Statistics {
  const values = datum.numbers('Values');
  const counts = datum.has('Counts') ? datum.numbers('Counts') : values.map(() => 1);
  if (values.length > MAX_VALUES) {
    throw invalidValue(
      `The collection ${datum.path('Values')} must not have a size greater than ${MAX_VALUES}.`,
    );
  }
  if (values.length !== counts.length) {
    throw invalidValue(
      `The parameters ${datum.path('Values')} and ${datum.path('Counts')} must be of the same size.`,
    );
  }
  if (values.length === 0 || counts.some((count) => count < 0)) {
    throw datum.invalid(values.length === 0 ? 'Values' : 'Counts');
  }
  return {
    count: counts.reduce((sum, count) => sum + count, 0),
    sum: values.reduce((sum, value, index) => sum + value * (counts[index] ?? 0), 0),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

function ofStatisticSet(set: Parameters): Statistics {
  const [count, sum] = [set.number('SampleCount'), set.number('Sum')];
  const [min, max] = [set.number('Minimum'), set.number('Maximum')];
  if (count < 0) {
    throw set.invalid('SampleCount');
  }
  if (min > max) {
    throw invalidCombination(
      `The parameter ${set.path('Maximum')} must be greater than ${set.path('Minimum')}.`,
    );
  }
  return { count, sum, min, max };
}
