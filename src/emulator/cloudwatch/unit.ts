const SIZES = ['Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes'] as const;
const BITS = ['Bits', 'Kilobits', 'Megabits', 'Gigabits', 'Terabits'] as const;

type Size = (typeof SIZES)[number] | (typeof BITS)[number];

/** Source: CloudWatch API, MetricDatum: Unit. */
export type StandardUnit =
  | 'Seconds'
  | 'Microseconds'
  | 'Milliseconds'
  | 'Percent'
  | 'Count'
  | 'Count/Second'
  | 'None'
  | Size
  | `${Size}/Second`;

const sizes: readonly Size[] = [...SIZES, ...BITS];

export const UNITS: readonly StandardUnit[] = [
  'Seconds',
  'Microseconds',
  'Milliseconds',
  'Percent',
  'Count',
  'Count/Second',
  'None',
  ...sizes,
  ...sizes.map((size) => `${size}/Second` as const),
];
