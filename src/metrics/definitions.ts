/** How values recorded into an instrument add up. */
export type MetricKind =
  /** Values are added. */
  | 'counter'
  /** The newest value counts. */
  | 'gauge'
  /** Each value is one observation. */
  | 'distribution';

export type MetricUnit = 'Count' | 'Bytes' | 'Milliseconds';

/** Where a metric stands in CloudWatch. Names and operations are the KCL's where it has them. */
export interface CloudWatchPlace {
  readonly name: string;
  /** Value of the dimension Operation. */
  readonly operation: string;
  /** SUMMARY metrics lose the dimensions ShardId there; DETAILED ones are published at that level only. */
  readonly level: 'SUMMARY' | 'DETAILED';
}

export interface MetricDefinition {
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  readonly labels: readonly ('stream' | 'shard' | 'worker' | 'topic' | 'reason')[];
  readonly help: string;
  readonly cloudwatch: CloudWatchPlace;
}

const define = <T extends { readonly [name: string]: MetricDefinition }>(definitions: T): T => definitions;

/** Every metric there is. A name never changes its meaning. Source of the KCL's names: its developer guide. */
export const METRICS = define({
  // source: reading
  millis_behind_latest: {
    kind: 'gauge',
    unit: 'Milliseconds',
    labels: ['stream', 'shard'],
    help: 'How far the newest answer was behind the end of its shard.',
    cloudwatch: { name: 'MillisBehindLatest', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  records_processed: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Records read from a shard and queued for delivery.',
    cloudwatch: { name: 'RecordsProcessed', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  data_bytes_processed: {
    kind: 'counter',
    unit: 'Bytes',
    labels: ['stream', 'shard'],
    help: 'Data bytes of these records.',
    cloudwatch: { name: 'DataBytesProcessed', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  sink_records_stored: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Records that Kinesis accepted from the sink.',
    cloudwatch: { name: 'UserRecordsPut', operation: 'PutRecords', level: 'SUMMARY' },
  },
});

export type MetricName = keyof typeof METRICS;
