import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CloudWatchPlace,
  METRICS,
  type MetricDefinition,
  OPERATIONS,
} from '../../../src/metrics/definitions';

const SRC = join(__dirname, '../../../src');
const DEFINITIONS: [string, MetricDefinition][] = Object.entries(METRICS);

/** Those that CloudWatch has. */
const PUBLISHED = DEFINITIONS.flatMap(([name, { cloudwatch, ...defined }]) =>
  cloudwatch === undefined ? [] : [[name, { ...defined, cloudwatch }] as const],
);

type Level = CloudWatchPlace['level'];
interface KclOperation {
  /** Dimensions beside Operation; StreamId is for several streams in one table, and follows from the stream. */
  readonly dimensions: readonly string[];
  readonly metrics: { readonly [name: string]: Level };
  /** Metrics of ours under the same operation. */
  readonly ours: readonly string[];
}

/** What the KCL publishes under the operations that we share with it. Source: its developer guide, and KCL 3.5. */
const KCL: { readonly [operation: string]: KclOperation } = {
  ProcessTask: {
    dimensions: ['shard', 'streamId'],
    metrics: {
      RecordsProcessed: 'SUMMARY',
      DataBytesProcessed: 'SUMMARY',
      MillisBehindLatest: 'SUMMARY',
      Success: 'SUMMARY',
      Time: 'SUMMARY',
      'RecordProcessor.processRecords.Time': 'SUMMARY',
      ExpiredIterator: 'SUMMARY',
      'KinesisDataFetcher.getRecords.Success': 'DETAILED',
      'KinesisDataFetcher.getRecords.Time': 'DETAILED',
      'KinesisDataFetcher.getShardIterator.Success': 'DETAILED',
      'KinesisDataFetcher.getShardIterator.Time': 'DETAILED',
      // of whichever operation writes the checkpoint
      'UpdateLease.Success': 'DETAILED',
      'UpdateLease.Time': 'DETAILED',
    },
    ours: [
      'ThrottledReads',
      'UnconfirmedAge',
      'ReadRetries',
      'VanishedShards',
      'Checkpoints',
      'Resubscribes',
      'SubscribeToShard.Success',
      'SubscribeToShard.Time',
      'MisplacedSubRecordsKept',
      'MisplacedSubRecordsDropped',
      'DamagedAggregates',
      'DataGaps',
    ],
  },
  ApplicationTracker: {
    dimensions: [],
    metrics: { MillisBehindLatest: 'SUMMARY' },
    ours: ['SourceFailures', 'UnownedShards', 'LongestUnowned'],
  },
  RenewAllLeases: {
    dimensions: ['worker'],
    metrics: {
      Success: 'SUMMARY',
      Time: 'SUMMARY',
      LostLeases: 'SUMMARY',
      CurrentLeases: 'SUMMARY',
      'RenewLease.Success': 'DETAILED',
      'RenewLease.Time': 'DETAILED',
    },
    ours: [],
  },
  TakeLeases: {
    dimensions: ['worker'],
    metrics: {
      Success: 'SUMMARY',
      Time: 'SUMMARY',
      'ListLeases.Success': 'DETAILED',
      'ListLeases.Time': 'DETAILED',
      'TakeLease.Success': 'DETAILED',
      'TakeLease.Time': 'DETAILED',
      TakenLeases: 'SUMMARY',
      UntakenLeases: 'SUMMARY',
      ExpiredLeases: 'SUMMARY',
      LeaseSpillover: 'SUMMARY',
      NumWorkers: 'SUMMARY',
      VeryOldLeases: 'SUMMARY',
      LeasesToTake: 'DETAILED',
      NeededLeases: 'DETAILED',
      TotalLeases: 'DETAILED',
    },
    ours: ['StolenLeases', 'HandoversAsked', 'HandoversGranted', 'HandoversGiven', 'Handover.Time'],
  },
  ShardSyncTask: {
    dimensions: [],
    metrics: {
      'SyncShards.Success': 'DETAILED',
      'CreateLease.Success': 'DETAILED',
      'CreateLease.Time': 'DETAILED',
    },
    ours: [],
  },
  PeriodicShardSyncManager: {
    dimensions: [],
    // NumSkippedShardSyncTask is left out: an audit of ours waits for its own comparison, none is ever skipped.
    metrics: {
      NumStreamsWithPartialLeases: 'SUMMARY',
      NumStreamsToSync: 'SUMMARY',
      Success: 'SUMMARY',
      Time: 'SUMMARY',
    },
    ours: [],
  },
};

const underOperation = (operation: string) =>
  PUBLISHED.filter(([, { cloudwatch }]) => cloudwatch.operation === operation).map(([, defined]) => defined);

test.each(Object.entries(KCL))(
  '%s has every metric that the KCL has there, at its level',
  (operation, kcl) => {
    const published = underOperation(operation).map(({ cloudwatch }) => [cloudwatch.name, cloudwatch.level]);
    const ours = kcl.ours.map((name) => [name, 'SUMMARY']);
    expect(new Map(published as [string, string][])).toEqual(
      new Map([...Object.entries(kcl.metrics), ...(ours as [string, string][])]),
    );
  },
);

test.each(Object.entries(KCL))(
  '%s has the dimensions that the KCL has there, on every metric',
  (operation, kcl) => {
    expect(OPERATIONS[operation as keyof typeof OPERATIONS]).toEqual(kcl.dimensions);
    for (const { labels } of underOperation(operation)) {
      const needed = kcl.dimensions.map((label) => (label === 'streamId' ? 'stream' : label));
      expect(labels).toEqual(expect.arrayContaining(needed));
    }
  },
);

test('every metric has a place of its own in CloudWatch: two would be merged there', () => {
  const places = PUBLISHED.map(([, { cloudwatch }]) => `${cloudwatch.operation} ${cloudwatch.name}`);
  expect(places.filter((place, n) => places.indexOf(place) !== n)).toEqual([]);
});

test.each(PUBLISHED)('%s: name, kind, unit and CloudWatch name say the same', (name, defined) => {
  const { kind, unit, cloudwatch, labels, help } = defined;
  expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
  expect(cloudwatch.name).toMatch(/^[A-Za-z]+(\.[A-Za-z]+)*$/);
  expect(new Set(labels).size).toBe(labels.length);
  expect(help).toMatch(/^[A-Z].*\.$/);
  expect([name.endsWith('_time'), cloudwatch.name.endsWith('Time'), kind === 'distribution']).toEqual(
    Array(3).fill(unit === 'Milliseconds' && kind !== 'gauge'),
  );
  expect(name.endsWith('_success')).toBe(cloudwatch.name.endsWith('Success'));
  if (name.endsWith('_success')) {
    expect([kind, unit]).toEqual(['outcome', 'Count']);
  }
  expect(/bytes/i.test(name)).toBe(unit === 'Bytes');
});

test('what is defined is recorded somewhere, and what is recorded is defined', () => {
  const used = new Set<string>();
  for (const path of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) {
    // Names come as literals, or typed as MetricName: a computed one would pass unseen.
    const text = path.endsWith('.ts') ? readFileSync(join(SRC, path), 'utf8') : '';
    for (const [, name] of text.matchAll(/\b(?:instrument|of)\(\s*'([a-z_]+)'/g)) {
      used.add(name as string);
    }
  }
  expect([...used].sort()).toEqual(Object.keys(METRICS).sort());
});
