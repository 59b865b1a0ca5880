import fc from 'fast-check';
import type { MetricSample } from '../../../src/io';
import { mergeStatistics, toMetricData } from '../../../src/metrics/cloudwatch-data';
import { MetricRegistry } from '../../../src/metrics/registry';

const AT = 1_700_000_000_000;
const operation = (value: string) => ({ name: 'Operation', value });

function sample(name: string, labels: MetricSample['labels'], value = 1): MetricSample {
  return { name, labels, count: 1, sum: value, min: value, max: value, last: value };
}

const statisticsOf = (values: readonly number[]) => ({
  count: values.length,
  sum: values.reduce((sum, value) => sum + value, 0),
  min: Math.min(...values),
  max: Math.max(...values),
});

const someValues = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 20 });

test('at SUMMARY the shards of a source are one statistic set: that of all their values', () => {
  fc.assert(
    fc.property(fc.array(someValues, { minLength: 1, maxLength: 8 }), (shards) => {
      const registry = new MetricRegistry();
      const reader = registry.reader();
      for (const [n, values] of shards.entries()) {
        const instrument = registry.instrument('millis_behind_latest', { stream: 's', shard: `shard ${n}` });
        for (const value of values) {
          instrument.record(value);
        }
      }
      expect(toMetricData(reader.read(), 'SUMMARY', AT)).toEqual([
        {
          name: 'MillisBehindLatest',
          unit: 'Milliseconds',
          timestamp: AT,
          dimensions: [operation('ProcessTask')],
          statistics: statisticsOf(shards.flat()),
        },
      ]);
    }),
    { numRuns: 100 },
  );
});

test('merging is the same in any order and grouping', () => {
  fc.assert(
    fc.property(someValues, someValues, someValues, (a, b, c) => {
      const [one, two, three] = [a, b, c].map(statisticsOf);
      if (one === undefined || two === undefined || three === undefined) {
        throw new Error('three were given');
      }
      expect(mergeStatistics(mergeStatistics(one, two), three)).toEqual(statisticsOf([...c, ...a, ...b]));
      expect(mergeStatistics(one, mergeStatistics(three, two))).toEqual(statisticsOf([...a, ...b, ...c]));
    }),
    { numRuns: 100 },
  );
});

const worker = { stream: 's', worker: 'w' };
const shard = { stream: 's', shard: 'shardId-1' };

test('DETAILED tells the shards apart and has the metrics that SUMMARY leaves out; NONE has nothing', () => {
  const samples = [
    sample('records_processed', shard, 5),
    sample('records_processed', { ...shard, shard: 'shardId-2' }, 7),
    sample('get_records_time', shard, 20),
    sample('current_leases', worker, 2),
    sample('total_leases', worker, 4),
  ];
  const told = (level: 'NONE' | 'SUMMARY' | 'DETAILED') =>
    toMetricData(samples, level, AT).map(({ name, dimensions, statistics }) => [
      name,
      dimensions.map((one) => `${one.name}=${one.value}`).join(),
      statistics.sum,
    ]);
  expect(told('NONE')).toEqual([]);
  expect(told('SUMMARY')).toEqual([
    ['RecordsProcessed', 'Operation=ProcessTask', 12],
    ['CurrentLeases', 'Operation=RenewAllLeases,WorkerIdentifier=w', 2],
  ]);
  expect(told('DETAILED')).toEqual([
    ['RecordsProcessed', 'Operation=ProcessTask,ShardId=shardId-1', 5],
    ['RecordsProcessed', 'Operation=ProcessTask,ShardId=shardId-2', 7],
    ['KinesisDataFetcher.getRecords.Time', 'Operation=ProcessTask,ShardId=shardId-1', 20],
    ['CurrentLeases', 'Operation=RenewAllLeases,WorkerIdentifier=w', 2],
    ['TotalLeases', 'Operation=TakeLeases,WorkerIdentifier=w', 4],
  ]);
});

test('the streams of a source of several are told apart by the StreamId of the KCL, at either level', () => {
  const samples = [
    sample('records_processed', { stream: 'orders', shard: 'shardId-1' }, 5),
    sample('records_processed', { stream: 'orders', shard: 'shardId-2' }, 7),
    sample('records_processed', { stream: 'refunds', shard: 'shardId-1' }, 1),
    sample('worker_millis_behind_latest', { stream: '*' }, 20),
  ];
  const ids = new Map([
    ['orders', '123456789012:orders:1767225600'],
    ['refunds', '123456789012:refunds:1767225601'],
  ]);
  const told = (level: 'SUMMARY' | 'DETAILED') =>
    toMetricData(samples, level, AT, ids).map(({ dimensions, statistics }) => [
      dimensions.map(({ name, value }) => `${name}=${value}`).join(),
      statistics.sum,
    ]);
  expect(told('SUMMARY')).toEqual([
    ['Operation=ProcessTask,StreamId=123456789012:orders:1767225600', 12],
    ['Operation=ProcessTask,StreamId=123456789012:refunds:1767225601', 1],
    ['Operation=ApplicationTracker', 20],
  ]);
  expect(told('DETAILED').map(([dimensions]) => dimensions)).toEqual([
    'Operation=ProcessTask,ShardId=shardId-1,StreamId=123456789012:orders:1767225600',
    'Operation=ProcessTask,ShardId=shardId-2,StreamId=123456789012:orders:1767225600',
    'Operation=ProcessTask,ShardId=shardId-1,StreamId=123456789012:refunds:1767225601',
    'Operation=ApplicationTracker',
  ]);
});

test('labels that are no dimensions are merged: the stream of a source, the reason of a retry', () => {
  const retries = [
    sample('read_retries', { ...shard, reason: 'AWS_THROTTLED' }, 1),
    sample('read_retries', { ...shard, reason: 'AWS_TIMEOUT' }, 1),
  ];
  expect(toMetricData(retries, 'DETAILED', AT)).toMatchObject([
    { name: 'ReadRetries', statistics: { count: 2, sum: 2 } },
  ]);
});

test('the same name under two operations stays two metrics', () => {
  const samples = [sample('renewal_success', worker), sample('take_leases_success', worker)];
  expect(toMetricData(samples, 'SUMMARY', AT).map(({ name, dimensions }) => [name, dimensions[0]])).toEqual([
    ['Success', operation('RenewAllLeases')],
    ['Success', operation('TakeLeases')],
  ]);
});

test('names that CloudWatch would refuse a whole request for are made printable', () => {
  const [leases] = toMetricData(
    [sample('current_leases', { stream: 's', worker: 'büro\n-1' })],
    'SUMMARY',
    AT,
  );
  expect(leases?.dimensions[1]?.value).toBe('b?ro?-1');
  const [blank] = toMetricData([sample('current_leases', { stream: 's', worker: ' ' })], 'SUMMARY', AT);
  expect(blank?.dimensions[1]?.value).toBe('-');
  const [user] = toMetricData([sample('ü'.repeat(300), {})], 'SUMMARY', AT);
  expect(user).toMatchObject({ name: '?'.repeat(255), unit: 'None', dimensions: [operation('UserMetric')] });
});
