import { MetricRegistry } from '../../../src/metrics/registry';
import { FAILOVER, LeaseLab } from '../../support/lease-lab';

const ZERO = 'shardId-000000000000';
const POSITION = {
  sequenceNumber: '49680420653693231537723719067622223999403650832784162831',
  subSequenceNumber: 0,
};

/** A worker whose metrics the test reads. */
function setUp(
  shards: number,
  maxLeases = Number.POSITIVE_INFINITY,
  lab = new LeaseLab(shards),
  name = 'w1',
) {
  const metrics = new MetricRegistry();
  const reader = metrics.reader();
  const worker = lab.worker(name, { metrics, maxLeases });
  /** By name, since the call before; shards merged. */
  const read = () => {
    const news = new Map<string, { count: number; sum: number; last: number }>();
    for (const { name: metric, count, sum, last } of reader.read()) {
      const known = news.get(metric);
      news.set(metric, { count: (known?.count ?? 0) + count, sum: (known?.sum ?? 0) + sum, last });
    }
    return news;
  };
  return { lab, worker, read };
}

test('a worker reports the table it found, the rows it made and the leases it took', async () => {
  const { lab, worker, read } = setUp(3, 2);
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  const news = read();
  const last = (name: string) => news.get(name)?.last;
  expect(news.get('sync_shards_success')).toMatchObject({ count: 1, sum: 1 });
  expect(news.get('create_lease_success')).toMatchObject({ count: 3, sum: 3 });
  expect(news.get('take_leases_success')).toMatchObject({ count: 1, sum: 1 });
  expect(news.get('list_leases_success')).toMatchObject({ count: 1, sum: 1 });
  expect(news.get('take_lease_success')).toMatchObject({ count: 2, sum: 2 });
  expect(news.get('taken_leases')).toMatchObject({ count: 1, sum: 2 });
  expect(news.get('untaken_leases')).toMatchObject({ count: 1, sum: 0 });
  expect(['total_leases', 'workers', 'expired_leases', 'very_old_leases'].map(last)).toEqual([3, 1, 3, 0]);
  expect(['needed_leases', 'leases_to_take', 'lease_spillover'].map(last)).toEqual([3, 2, 1]);
  expect(last('current_leases')).toBe(2);
});

test('a renewal with a checkpoint is an update and a stored checkpoint, one without is a renewal', async () => {
  const { lab, worker, read } = setUp(1);
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  read();
  worker.held(ZERO).confirm(POSITION);
  await lab.clock.advance(FAILOVER / 3);
  const first = read();
  expect(first.get('update_lease_success')).toMatchObject({ count: 1, sum: 1 });
  expect(first.get('checkpoints')).toMatchObject({ count: 1, sum: 1 });
  expect(first.has('renew_lease_success')).toBe(false);
  await lab.clock.advance(FAILOVER / 3);
  const second = read();
  expect(second.get('renew_lease_success')).toMatchObject({ count: 1, sum: 1 });
  expect(second.get('renewal_success')).toMatchObject({ count: 1, sum: 1 });
  expect(second.has('checkpoints')).toBe(false);
});

test('a table that does not answer shows as failed calls and rounds, and a lease that runs out as lost', async () => {
  const { lab, worker, read } = setUp(1);
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  expect(read().get('lost_leases')?.sum ?? 0).toBe(0);
  worker.dynamo.next(...Array(1000).fill('lost'));
  worker.dynamo.lostReads = 1000;
  worker.dynamo.lostScans = 1000;
  await lab.clock.advance(FAILOVER);
  const news = read();
  expect(news.get('lost_leases')).toMatchObject({ sum: 1 });
  expect(news.get('renew_lease_success')).toMatchObject({ sum: 0 });
  expect(news.get('take_leases_success')?.count).toBeGreaterThan(news.get('take_leases_success')?.sum ?? 0);
});

test('a stop is no failure', async () => {
  const { lab, worker, read } = setUp(2);
  await lab.clock.run(worker.start());
  await lab.clock.advance(1500);
  await lab.clock.run(worker.stop());
  for (const [name, { count, sum }] of read()) {
    expect([name, name.endsWith('_success') ? count : sum]).toEqual([name, sum]);
  }
});

test('workers are counted by the leases they hold', async () => {
  const first = setUp(4);
  await first.lab.clock.run(first.worker.start());
  await first.lab.clock.advance(10);
  const second = setUp(4, Number.POSITIVE_INFINITY, first.lab, 'w2');
  await first.lab.clock.run(second.worker.start());
  await first.lab.clock.advance(10);
  const news = second.read();
  expect(news.get('workers')?.last).toBe(2);
  expect(news.get('expired_leases')?.last).toBe(0);
  expect(news.get('needed_leases')?.last).toBe(2);
  expect(news.get('leases_to_take')?.last).toBe(0);
});

test('a hand-over is reported by both sides: asked, given, granted, with the time it took', async () => {
  const { lab, worker: owner, read: ofOwner } = setUp(2);
  await lab.clock.run(owner.start());
  await lab.clock.advance(10);
  const { worker: asker, read: ofAsker } = setUp(2, Number.POSITIVE_INFINITY, lab, 'w2');
  await lab.clock.run(asker.start());
  await lab.clock.advance(1500);
  const [held] = owner.coordinator.held().filter(({ asked }) => asked.aborted);
  await held?.evict();
  owner.end(held?.shardId ?? '');
  await lab.clock.advance(1000);
  const asked = ofAsker();
  expect(asker.shards).toEqual([held?.shardId]);
  expect(asked.get('handovers_asked')?.sum).toBe(1);
  expect(asked.get('handovers_granted')?.sum).toBe(1);
  expect(asked.get('handover_time')?.sum).toBeGreaterThan(1000);
  expect(asked.get('taken_leases')?.sum).toBe(1);
  expect(asked.get('stolen_leases')?.sum).toBeUndefined();
  expect(ofOwner().get('handovers_given')?.sum).toBe(1);
});

test('a lease that is taken because its owner did not hand over in time counts as stolen', async () => {
  const { lab, worker: owner } = setUp(2);
  await lab.clock.run(owner.start());
  await lab.clock.advance(10);
  const { worker: asker, read } = setUp(2, Number.POSITIVE_INFINITY, lab, 'w2');
  await lab.clock.run(asker.start());
  await lab.clock.advance(33_000);
  expect(asker.shards).toHaveLength(1);
  const news = read();
  expect(news.get('stolen_leases')?.sum).toBe(1);
  expect(news.get('handovers_granted')?.sum).toBeUndefined();
});
