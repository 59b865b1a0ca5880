/** How values recorded into an instrument add up. */
export type MetricKind =
  /** Values are added. */
  | 'counter'
  /** The newest value counts. */
  | 'gauge'
  /** Each value is one attempt: 1 succeeded, 0 failed. */
  | 'outcome'
  /** Each value is one observation. */
  | 'distribution';

export type MetricUnit = 'Count' | 'Bytes' | 'Milliseconds';

export type MetricLabel = 'stream' | 'shard' | 'worker' | 'topic' | 'reason' | 'state' | 'version';

export type DimensionLabel = MetricLabel | 'streamId';

/**
 * Values of the CloudWatch dimension Operation, and the labels that become dimensions beside it; other labels are
 * merged. Source of the KCL's: kcl.md §6; `stream` of PutRecords: the KPL. `streamId` is no label of a metric: it follows
 * from `stream` in a source of several streams, and is left out in one of a single stream.
 */
export const OPERATIONS = {
  // of the KCL
  ProcessTask: ['shard', 'streamId'],
  ApplicationTracker: [],
  RenewAllLeases: ['worker'],
  TakeLeases: ['worker'],
  ShardSyncTask: [],
  PeriodicShardSyncManager: [],
  // ours
  ReceiveQueue: [],
  DeliverRecords: [],
  ConsumeMessages: [],
  PutRecords: ['stream', 'shard'],
  Watchdog: [],
  Instance: [],
} as const satisfies { readonly [operation: string]: readonly DimensionLabel[] };

/** Where a metric stands in CloudWatch. Names and operations are the KCL's where it has them. */
export interface CloudWatchPlace {
  readonly name: string;
  readonly operation: keyof typeof OPERATIONS;
  /** SUMMARY metrics lose the dimension ShardId there; DETAILED ones are published at that level only. */
  readonly level: 'SUMMARY' | 'DETAILED';
}

export interface MetricDefinition {
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  readonly labels: readonly MetricLabel[];
  readonly help: string;
  /** Absent of what only the runtime knows of an instance, whether its connector is open or not: Prometheus has it. */
  readonly cloudwatch?: CloudWatchPlace;
  /** Whether there is one of a process, and not one of an instance. */
  readonly ofProcess?: true;
  /** Upper bounds of the histogram, in `unit`, rising; those of calls when absent. */
  readonly buckets?: readonly number[];
}

/** Milliseconds. Upper bounds for the durations of calls and of everything else within this process. */
export const CALL_BUCKETS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000,
] as const;

/** Milliseconds. A source that catches up delivers records as old as the retention: a day, or up to a year. */
const AGE_BUCKETS = [
  50, 100, 200, 300, 500, 750, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 1_800_000, 7_200_000,
  43_200_000,
] as const;

const define = <T extends { readonly [name: string]: MetricDefinition }>(definitions: T): T => definitions;

/** Every metric there is. A name never changes its meaning. Source of the KCL's names: its developer guide. */
export const METRICS = define({
  // source: reading
  millis_behind_latest: {
    kind: 'gauge',
    unit: 'Milliseconds',
    labels: ['stream', 'shard'],
    help: 'How far reading is behind the end of its shard: what the newest answer said, plus the time since then when none follows. Before the first answer, and of a shard that nobody reads, what its lease row tells: an upper bound; where that tells nothing, the time spent waiting for the answer.',
    cloudwatch: { name: 'MillisBehindLatest', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  unconfirmed_age: {
    kind: 'gauge',
    unit: 'Milliseconds',
    labels: ['stream', 'shard'],
    help: 'How long ago the oldest record came to Kinesis that was read and that Pulsar has not confirmed; 0 when there is none. millis_behind_latest tells of reading alone: the larger of both is how late delivery is.',
    cloudwatch: { name: 'UnconfirmedAge', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  worker_millis_behind_latest: {
    kind: 'gauge',
    unit: 'Milliseconds',
    labels: ['stream'],
    help: 'The largest millis_behind_latest of the shards that this worker reads.',
    cloudwatch: { name: 'MillisBehindLatest', operation: 'ApplicationTracker', level: 'SUMMARY' },
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
  process_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Answers read and queued: 1 each, 0 for one that ended the reading of its shard with an error.',
    cloudwatch: { name: 'Success', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  process_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'shard'],
    help: 'From an answer until its records were queued.',
    cloudwatch: { name: 'Time', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  misplaced_sub_records_kept: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Sub-records of aggregates whose key lies outside the hash range of their shard, and that were delivered.',
    cloudwatch: { name: 'MisplacedSubRecordsKept', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  misplaced_sub_records_dropped: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'The same with `subRecordFilter: drop`: they were not delivered.',
    cloudwatch: { name: 'MisplacedSubRecordsDropped', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  damaged_aggregates: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Records that begin like an aggregate and are none, delivered as they are; sub-records that name no key, delivered under that of their aggregate.',
    cloudwatch: { name: 'DamagedAggregates', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  delivery_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'shard'],
    help: 'From queuing an answer until its last record was confirmed.',
    cloudwatch: { name: 'RecordProcessor.processRecords.Time', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  end_to_end_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream'],
    help: 'Of every record delivered: from its arrival at Kinesis until Pulsar confirmed it. The first instant is of the clock of Kinesis, the second of that of this machine.',
    cloudwatch: { name: 'EndToEnd.Time', operation: 'DeliverRecords', level: 'SUMMARY' },
    buckets: AGE_BUCKETS,
  },
  expired_iterators: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Shard iterators that had expired and were replaced.',
    cloudwatch: { name: 'ExpiredIterator', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  get_records_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'GetRecords calls: 1 each, 0 for one that failed.',
    cloudwatch: {
      name: 'KinesisDataFetcher.getRecords.Success',
      operation: 'ProcessTask',
      level: 'DETAILED',
    },
  },
  get_records_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'shard'],
    help: 'Duration of a GetRecords call, without the time its body waited for room in memory.',
    cloudwatch: { name: 'KinesisDataFetcher.getRecords.Time', operation: 'ProcessTask', level: 'DETAILED' },
  },
  get_shard_iterator_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'GetShardIterator calls: 1 each, 0 for one that failed.',
    cloudwatch: {
      name: 'KinesisDataFetcher.getShardIterator.Success',
      operation: 'ProcessTask',
      level: 'DETAILED',
    },
  },
  get_shard_iterator_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'shard'],
    help: 'Duration of a GetShardIterator call.',
    cloudwatch: {
      name: 'KinesisDataFetcher.getShardIterator.Time',
      operation: 'ProcessTask',
      level: 'DETAILED',
    },
  },
  subscribe_to_shard_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'SubscribeToShard calls: 1 each, 0 for one that failed.',
    cloudwatch: { name: 'SubscribeToShard.Success', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  subscribe_to_shard_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'shard'],
    help: 'Duration of a SubscribeToShard call, until the subscription stood.',
    cloudwatch: { name: 'SubscribeToShard.Time', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  resubscribes: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard', 'reason'],
    help: 'Subscriptions made in place of one that ended: because its time was up (ENDED), or with an error, whose code is the reason.',
    cloudwatch: { name: 'Resubscribes', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  reads_throttled: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Calls that Kinesis throttled; the shard is then read more slowly.',
    cloudwatch: { name: 'ThrottledReads', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  read_retries: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard', 'reason'],
    help: 'Reads tried again after an error, throttling included; the reason is its code.',
    cloudwatch: { name: 'ReadRetries', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  shards_vanished: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Shards that had passed their retention before they were read to their end; data_gaps counts those of which records may be missing.',
    cloudwatch: { name: 'VanishedShards', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  source_failures: {
    kind: 'counter',
    unit: 'Count',
    labels: ['reason'],
    help: 'Errors that ended the source; the reason is the code.',
    cloudwatch: { name: 'SourceFailures', operation: 'ApplicationTracker', level: 'SUMMARY' },
  },
  data_gaps: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard', 'reason'],
    help: 'Places where records may have been trimmed before they were read: the position is older than the retention (TRIMMED), its shard is gone (VANISHED), nobody knows until when it was read (UNKNOWN), reading began where records are trimmed (START).',
    cloudwatch: { name: 'DataGaps', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  checkpoints: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Checkpoints stored.',
    cloudwatch: { name: 'Checkpoints', operation: 'ProcessTask', level: 'SUMMARY' },
  },
  update_lease_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Writes of a lease that carry a checkpoint: 1 each, 0 for one that failed.',
    cloudwatch: { name: 'UpdateLease.Success', operation: 'ProcessTask', level: 'DETAILED' },
  },
  update_lease_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'shard'],
    help: 'Duration of such a write.',
    cloudwatch: { name: 'UpdateLease.Time', operation: 'ProcessTask', level: 'DETAILED' },
  },

  // source: from queue to topic
  queue_records: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream'],
    help: 'Records read and not yet handed out for delivery.',
    cloudwatch: { name: 'QueuedRecords', operation: 'ReceiveQueue', level: 'SUMMARY' },
  },
  queue_bytes: {
    kind: 'gauge',
    unit: 'Bytes',
    labels: ['stream'],
    help: 'Memory held by records from fetch to confirm; receiveQueueBytes is its bound.',
    cloudwatch: { name: 'QueuedBytes', operation: 'ReceiveQueue', level: 'SUMMARY' },
  },
  records_delivered: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Records that Pulsar confirmed.',
    cloudwatch: { name: 'RecordsDelivered', operation: 'DeliverRecords', level: 'SUMMARY' },
  },
  records_resent: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Records sent again because their producer ended before they were confirmed; each may be a duplicate.',
    cloudwatch: { name: 'RecordsResent', operation: 'DeliverRecords', level: 'SUMMARY' },
  },
  records_deduplicated: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Records sent again that the topic had stored before, and dropped (EFFECTIVELY_ONCE).',
    cloudwatch: { name: 'RecordsDeduplicated', operation: 'DeliverRecords', level: 'SUMMARY' },
  },
  deduplication_forgotten: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Times that a topic did not remember what it had stored of a shard: what is sent again may be there twice (EFFECTIVELY_ONCE).',
    cloudwatch: { name: 'DeduplicationForgotten', operation: 'DeliverRecords', level: 'SUMMARY' },
  },
  generations_begun: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'reason'],
    help: 'Times that the records of a shard were numbered anew. MOVED: another program had moved the checkpoint; TRIMMED: its record was gone. What was sent behind the checkpoint comes again (EFFECTIVELY_ONCE).',
    cloudwatch: { name: 'GenerationsBegun', operation: 'DeliverRecords', level: 'SUMMARY' },
  },
  records_rejected: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Records that Pulsar refused for themselves.',
    cloudwatch: { name: 'RecordsRejected', operation: 'DeliverRecords', level: 'SUMMARY' },
  },
  records_dead_lettered: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Records that can never be stored where they belong, and that the dead-letter topic has.',
    cloudwatch: { name: 'RecordsDeadLettered', operation: 'DeliverRecords', level: 'SUMMARY' },
  },
  records_skipped: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'reason'],
    help: 'Records that can never be stored and were passed over because onError is skip.',
    cloudwatch: { name: 'RecordsSkipped', operation: 'DeliverRecords', level: 'SUMMARY' },
  },
  records_in_flight: {
    kind: 'gauge',
    unit: 'Count',
    labels: [],
    help: 'Records sent and not yet confirmed.',
    cloudwatch: { name: 'RecordsInFlight', operation: 'DeliverRecords', level: 'SUMMARY' },
  },
  producer_failures: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Producers that failed, or could not be made; sending starts again with another one.',
    cloudwatch: { name: 'ProducerFailures', operation: 'DeliverRecords', level: 'SUMMARY' },
  },

  // leases: renewing
  renewal_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Rounds of renewals: 1 each, 0 when a lease was not renewed.',
    cloudwatch: { name: 'Success', operation: 'RenewAllLeases', level: 'SUMMARY' },
  },
  renewal_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'worker'],
    help: 'Duration of a round until its last lease was renewed.',
    cloudwatch: { name: 'Time', operation: 'RenewAllLeases', level: 'SUMMARY' },
  },
  current_leases: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Leases that this worker holds.',
    cloudwatch: { name: 'CurrentLeases', operation: 'RenewAllLeases', level: 'SUMMARY' },
  },
  lost_leases: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Leases that were taken by another worker or ran out.',
    cloudwatch: { name: 'LostLeases', operation: 'RenewAllLeases', level: 'SUMMARY' },
  },
  renew_lease_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Writes of a lease that carry no checkpoint: 1 each, 0 for one that failed.',
    cloudwatch: { name: 'RenewLease.Success', operation: 'RenewAllLeases', level: 'DETAILED' },
  },
  renew_lease_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'worker'],
    help: 'Duration of such a write.',
    cloudwatch: { name: 'RenewLease.Time', operation: 'RenewAllLeases', level: 'DETAILED' },
  },

  // leases: taking
  take_leases_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Looks at the table, with the takes that follow: 1 each, 0 for one that failed.',
    cloudwatch: { name: 'Success', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  take_leases_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'worker'],
    help: 'Duration of such a look.',
    cloudwatch: { name: 'Time', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  list_leases_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Scans of the lease table: 1 each, 0 for one that failed.',
    cloudwatch: { name: 'ListLeases.Success', operation: 'TakeLeases', level: 'DETAILED' },
  },
  list_leases_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'worker'],
    help: 'Duration of a scan.',
    cloudwatch: { name: 'ListLeases.Time', operation: 'TakeLeases', level: 'DETAILED' },
  },
  take_lease_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Writes that take a lease: 1 each, 0 for one that failed or came too late.',
    cloudwatch: { name: 'TakeLease.Success', operation: 'TakeLeases', level: 'DETAILED' },
  },
  take_lease_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'worker'],
    help: 'Duration of such a write.',
    cloudwatch: { name: 'TakeLease.Time', operation: 'TakeLeases', level: 'DETAILED' },
  },
  taken_leases: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Leases taken.',
    cloudwatch: { name: 'TakenLeases', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  untaken_leases: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Leases that were to be taken and were not: another worker came first, or the table did not answer.',
    cloudwatch: { name: 'UntakenLeases', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  stolen_leases: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Live leases taken without the consent of their owner: of a KCL worker, or of one of ours that did not hand over in time.',
    cloudwatch: { name: 'StolenLeases', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  handovers_asked: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Hand-overs of leases that this worker asked others for.',
    cloudwatch: { name: 'HandoversAsked', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  handovers_granted: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Leases that were handed over to this worker.',
    cloudwatch: { name: 'HandoversGranted', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  handovers_given: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Leases that this worker drained and handed over to another.',
    cloudwatch: { name: 'HandoversGiven', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  handover_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream', 'worker'],
    help: 'From asking for a lease until it was handed over and taken.',
    cloudwatch: { name: 'Handover.Time', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  expired_leases: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Leases that nobody holds, or whose owner is dead.',
    cloudwatch: { name: 'ExpiredLeases', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  very_old_leases: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Those among them that nobody took for three times failoverTime.',
    cloudwatch: { name: 'VeryOldLeases', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  lease_spillover: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: "Leases of this worker's share that maxLeasesForWorker keeps it from taking.",
    cloudwatch: { name: 'LeaseSpillover', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  workers: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Workers that hold leases, this one included.',
    cloudwatch: { name: 'NumWorkers', operation: 'TakeLeases', level: 'SUMMARY' },
  },
  unowned_shards: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream'],
    help: 'Shards to be read that nobody reads: no worker holds their lease, or its owner gives no sign of life. Every worker tells of all it may take.',
    cloudwatch: { name: 'UnownedShards', operation: 'ApplicationTracker', level: 'SUMMARY' },
  },
  longest_unowned: {
    kind: 'gauge',
    unit: 'Milliseconds',
    labels: ['stream'],
    help: 'For how long the one of them has been without a sign of life that has been so longest, as this worker has seen it; 0 when there is none.',
    cloudwatch: { name: 'LongestUnowned', operation: 'ApplicationTracker', level: 'SUMMARY' },
  },
  leases_to_take: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Leases that this worker is about to take.',
    cloudwatch: { name: 'LeasesToTake', operation: 'TakeLeases', level: 'DETAILED' },
  },
  needed_leases: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Leases that this worker lacks of its share.',
    cloudwatch: { name: 'NeededLeases', operation: 'TakeLeases', level: 'DETAILED' },
  },
  total_leases: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream', 'worker'],
    help: 'Unfinished leases of the table.',
    cloudwatch: { name: 'TotalLeases', operation: 'TakeLeases', level: 'DETAILED' },
  },

  // leases: rows for shards
  sync_shards_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream'],
    help: 'Comparisons of the table with the shards of the stream: 1 each, 0 for one that failed.',
    cloudwatch: { name: 'SyncShards.Success', operation: 'ShardSyncTask', level: 'DETAILED' },
  },
  create_lease_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream'],
    help: 'Rows created for shards: 1 each, 0 for one that failed.',
    cloudwatch: { name: 'CreateLease.Success', operation: 'ShardSyncTask', level: 'DETAILED' },
  },
  create_lease_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream'],
    help: 'Duration of such a write.',
    cloudwatch: { name: 'CreateLease.Time', operation: 'ShardSyncTask', level: 'DETAILED' },
  },
  audit_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream'],
    help: 'Audits of the lease table: 1 each, 0 for one that failed.',
    cloudwatch: { name: 'Success', operation: 'PeriodicShardSyncManager', level: 'SUMMARY' },
  },
  audit_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream'],
    help: 'Duration of an audit.',
    cloudwatch: { name: 'Time', operation: 'PeriodicShardSyncManager', level: 'SUMMARY' },
  },
  audit_partial_leases: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream'],
    help: 'Whether the last audit found hash keys that no lease covers: 1 or 0.',
    cloudwatch: {
      name: 'NumStreamsWithPartialLeases',
      operation: 'PeriodicShardSyncManager',
      level: 'SUMMARY',
    },
  },
  audit_syncs: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream'],
    help: 'Whether the last audit looked for shards without a lease: 1 or 0.',
    cloudwatch: { name: 'NumStreamsToSync', operation: 'PeriodicShardSyncManager', level: 'SUMMARY' },
  },

  // runtime, source and sink
  info: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['version'],
    help: '1, with the version of this program.',
    ofProcess: true,
  },
  instance_state: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['state'],
    help: '1 for the state the instance is in, 0 for the others: starting, running, stopping, restarting, ended, failed.',
  },
  instance_restarts: {
    kind: 'counter',
    unit: 'Count',
    labels: [],
    help: 'Starts of the instance after its first one, in this process.',
    cloudwatch: { name: 'InstanceRestarts', operation: 'Instance', level: 'SUMMARY' },
  },

  // watchdog, source and sink
  stalls: {
    kind: 'counter',
    unit: 'Count',
    labels: ['reason'],
    help: 'Parts found not to get on although they should; the reason is the code of the report.',
    cloudwatch: { name: 'Stalls', operation: 'Watchdog', level: 'SUMMARY' },
  },
  part_restarts: {
    kind: 'counter',
    unit: 'Count',
    labels: ['reason'],
    help: 'Restarts of such a part, and only of it.',
    cloudwatch: { name: 'PartRestarts', operation: 'Watchdog', level: 'SUMMARY' },
  },
  stalled_parts: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['reason'],
    help: 'Parts that do not get on at the moment although they should; the reason is the code of the report.',
    cloudwatch: { name: 'StalledParts', operation: 'Watchdog', level: 'SUMMARY' },
  },
  readers_held_back: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream'],
    help: 'Shards not read on at the moment because Pulsar has not confirmed enough of what was read.',
    cloudwatch: { name: 'ReadersHeldBack', operation: 'Watchdog', level: 'SUMMARY' },
  },
  renewal_lateness: {
    kind: 'gauge',
    unit: 'Milliseconds',
    labels: ['stream', 'worker'],
    help: 'How much later than planned the newest round of renewals began: the event loop was busy, or the process paused.',
    cloudwatch: { name: 'RenewalLateness', operation: 'Watchdog', level: 'SUMMARY' },
  },

  // sink; names of the KPL where it has them
  sink_records_stored: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard'],
    help: 'Records that Kinesis accepted from the sink.',
    cloudwatch: { name: 'UserRecordsPut', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_bytes_stored: {
    kind: 'counter',
    unit: 'Bytes',
    labels: ['stream', 'shard'],
    help: 'Bytes of these records, partition keys included.',
    cloudwatch: { name: 'UserRecordsDataPut', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_records_received: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream'],
    help: 'Records that the sink was given, those that can never be stored included.',
    cloudwatch: { name: 'UserRecordsReceived', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_delivery_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream'],
    help: 'Of every record stored: from giving it to the sink until Kinesis had accepted it, retries included.',
    cloudwatch: { name: 'Delivery.Time', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_requests_in_flight: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream'],
    help: 'PutRecords calls that wait for their answer.',
    cloudwatch: { name: 'RequestsInFlight', operation: 'PutRecords', level: 'DETAILED' },
  },
  sink_entries_stored: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream'],
    help: 'Entries that Kinesis accepted from the sink: fewer than records when they are aggregated.',
    cloudwatch: { name: 'KinesisRecordsPut', operation: 'PutRecords', level: 'DETAILED' },
  },
  sink_records_misplaced: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream'],
    help: 'Aggregated records sent again because their frame landed on a shard where not all of it belongs, as after a split.',
    cloudwatch: { name: 'WrongShard', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_entries_refused: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'shard', 'reason'],
    help: 'Entries that Kinesis refused for now and that are sent again; the reason is its error code.',
    cloudwatch: { name: 'AllErrors', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_ambiguous_retries: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream'],
    help: 'Records sent again without knowing whether they were stored before; each may be a duplicate.',
    cloudwatch: { name: 'AmbiguousRetries', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_request_success: {
    kind: 'outcome',
    unit: 'Count',
    labels: ['stream'],
    help: 'PutRecords calls: 1 each, 0 for one that failed as a whole.',
    cloudwatch: { name: 'Success', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_request_time: {
    kind: 'distribution',
    unit: 'Milliseconds',
    labels: ['stream'],
    help: 'Duration of a PutRecords call.',
    cloudwatch: { name: 'RequestTime', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_records_skipped: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'reason'],
    help: 'Records that can never be stored and were acknowledged because onError is skip.',
    cloudwatch: { name: 'RecordsSkipped', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_records_failed: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream', 'reason'],
    help: 'Records that can never be stored and were handed back, to the dead-letter topic or to end the sink.',
    cloudwatch: { name: 'RecordsFailed', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_keys_missing: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream'],
    help: 'Records without the column that partitionColumn names; they get a random partition key.',
    cloudwatch: { name: 'KeysMissing', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_pending_records: {
    kind: 'gauge',
    unit: 'Count',
    labels: ['stream'],
    help: 'Records that the sink holds.',
    cloudwatch: { name: 'UserRecordsPending', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_pending_bytes: {
    kind: 'gauge',
    unit: 'Bytes',
    labels: ['stream'],
    help: 'Bytes of data and keys that the sink holds; maxPendingBytes is the bound.',
    cloudwatch: { name: 'BytesPending', operation: 'PutRecords', level: 'SUMMARY' },
  },
  sink_shard_map_refreshes: {
    kind: 'counter',
    unit: 'Count',
    labels: ['stream'],
    help: 'Listings of the shards after a record landed on another shard than expected.',
    cloudwatch: { name: 'ShardMapRefreshes', operation: 'PutRecords', level: 'DETAILED' },
  },

  // sink: the messages of its topics
  messages_redelivered: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Messages that the sink failed, or did not settle in time, and that are delivered again.',
    cloudwatch: { name: 'MessagesRedelivered', operation: 'ConsumeMessages', level: 'SUMMARY' },
  },
  messages_dead_lettered: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Messages that were stored in the dead-letter topic.',
    cloudwatch: { name: 'MessagesDeadLettered', operation: 'ConsumeMessages', level: 'SUMMARY' },
  },
  messages_dropped: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Messages that the sink failed after they were acknowledged, as ATMOST_ONCE has it.',
    cloudwatch: { name: 'MessagesDropped', operation: 'ConsumeMessages', level: 'SUMMARY' },
  },
  messages_incomplete: {
    kind: 'counter',
    unit: 'Count',
    labels: ['topic'],
    help: 'Messages sent in chunks that were skipped because some of their chunks did not come.',
    cloudwatch: { name: 'MessagesIncomplete', operation: 'ConsumeMessages', level: 'SUMMARY' },
  },
});

export type MetricName = keyof typeof METRICS;
