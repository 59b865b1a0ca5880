import type { Fault } from '../../src/emulator/faults';
import { cleanReport, SourceLab } from '../support/source-lab';

const COUNT = 500;

let lab: SourceLab;

beforeEach(async () => {
  lab = await SourceLab.open(2);
});

afterEach(() => lab.close());

const settings = (level: 'SUMMARY' | 'DETAILED') => ({
  cloudwatchMetricsLevel: level,
  cloudwatchEndpoint: lab.emulator.kinesisEndpoint,
  cloudwatchInterval: 1000,
});

/** What was put, by operation, name and the dimensions beside the operation. */
function published() {
  return lab.emulator.cloudwatch.data().map(({ namespace, name, dimensions, unit, statistics }) => {
    const values = new Map(dimensions.map((dimension) => [dimension.name, dimension.value]));
    return {
      namespace,
      metric: `${values.get('Operation')} ${name}`,
      beside: dimensions.map((dimension) => dimension.name).filter((other) => other !== 'Operation'),
      shard: values.get('ShardId'),
      unit,
      ...statistics,
    };
  });
}

async function deliver(level: 'SUMMARY' | 'DETAILED'): Promise<readonly string[]> {
  lab.put(COUNT);
  const run = lab.start(settings(level));
  await lab.stored(COUNT);
  await run.stop();
  expect(lab.report()).toEqual(cleanReport(COUNT));
  return run.warnings;
}

const sumOf = (metric: string): number =>
  published()
    .filter((one) => one.metric === metric)
    .reduce((sum, one) => sum + one.sum, 0);

test('a source publishes what the KCL does, under its names: by SUMMARY no shard is told from another', async () => {
  expect(await deliver('SUMMARY')).toEqual([]);
  const all = published();
  expect(new Set(all.map(({ namespace }) => namespace))).toEqual(new Set(['app']));
  expect(all.filter(({ shard }) => shard !== undefined)).toEqual([]);
  expect(sumOf('ProcessTask RecordsProcessed')).toBe(COUNT);
  expect(sumOf('DeliverRecords RecordsDelivered')).toBe(COUNT);
  expect(sumOf('TakeLeases TakenLeases')).toBe(2);
  expect(sumOf('RenewAllLeases LostLeases')).toBe(0);
  expect(all).toContainEqual(
    expect.objectContaining({ metric: 'ProcessTask DataBytesProcessed', unit: 'Bytes', beside: [] }),
  );
  const leases = all.filter(({ metric }) => metric === 'RenewAllLeases CurrentLeases');
  expect(Math.max(...leases.map(({ max }) => max))).toBe(2);
  expect(leases[0]).toMatchObject({ unit: 'Count', beside: ['WorkerIdentifier'] });
  const behind = all.filter(({ metric }) => metric === 'ApplicationTracker MillisBehindLatest');
  expect(behind.at(-1)).toMatchObject({ unit: 'Milliseconds', beside: [], min: 0 });
});

test('by DETAILED every shard has its own figures, and every call its success and time', async () => {
  await deliver('DETAILED');
  const records = published().filter(({ metric }) => metric === 'ProcessTask RecordsProcessed');
  const perShard = new Map<string, number>();
  for (const { shard, sum } of records) {
    perShard.set(shard ?? 'none', (perShard.get(shard ?? 'none') ?? 0) + sum);
  }
  const rows = lab.emulator.kinesis.call('ListShards', { StreamName: 'orders' }).Shards;
  expect([...perShard.keys()].sort()).toEqual(rows.map(({ ShardId }) => ShardId));
  expect([...perShard.values()].reduce((sum, count) => sum + count, 0)).toBe(COUNT);
  const reads = published().filter(
    ({ metric }) => metric === 'ProcessTask KinesisDataFetcher.getRecords.Success',
  );
  expect(reads.every(({ count, sum, beside }) => count === sum && beside.join() === 'ShardId')).toBe(true);
  expect(sumOf('ProcessTask KinesisDataFetcher.getShardIterator.Success')).toBe(2);
  expect(sumOf('ShardSyncTask CreateLease.Success')).toBe(2);
  expect(sumOf('ProcessTask UpdateLease.Success')).toBeGreaterThanOrEqual(2);
});

const TROUBLES: { readonly [name: string]: Fault } = {
  fails: { kind: 'error', type: 'InternalServiceFault', status: 500 },
  'cuts its connections': { kind: 'disconnect', applied: false },
  hangs: { kind: 'silence', applied: false },
  'denies access': { kind: 'error', type: 'AccessDenied', status: 403 },
  throttles: { kind: 'error', type: 'Throttling', status: 400 },
};

test.each(Object.entries(TROUBLES))(
  'delivery goes on undisturbed while CloudWatch %s',
  async (name, fault) => {
    const trouble = lab.emulator.faults.add({ operation: 'PutMetricData', fault });
    lab.put(COUNT);
    const run = lab.start(settings('DETAILED'));
    await trouble.reached(1);
    lab.put(COUNT);
    await lab.stored(2 * COUNT);
    const before = performance.now();
    await run.stop();
    // The last metrics are given up after 2 s; the leases are others' before that.
    expect(performance.now() - before).toBeLessThan(5000);
    expect(lab.rows().map(({ leaseOwner }) => leaseOwner)).toEqual([undefined, undefined]);
    expect(lab.report()).toEqual(cleanReport(2 * COUNT));
    expect(run.warnings).toHaveLength(1);
    expect(run.warnings[0]).toContain('CloudWatch');
    expect(run.warnings[0]?.includes('Allow cloudwatch:PutMetricData')).toBe(name === 'denies access');
  },
);

test('metrics that waited for CloudWatch are published when it is back', async () => {
  const trouble = lab.emulator.faults.add({ operation: 'PutMetricData', fault: TROUBLES.fails as Fault });
  lab.put(COUNT);
  const run = lab.start(settings('SUMMARY'));
  await lab.stored(COUNT);
  await trouble.reached(2);
  trouble.remove();
  await run.stop();
  expect(sumOf('ProcessTask RecordsProcessed')).toBe(COUNT);
});
