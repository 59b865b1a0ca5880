import type { Lease } from '../../../src/lease/lease';
import { SharedScan } from '../../../src/lease/shared-scan';
import { type Deferred, deferred } from '../../../src/util/deferred';
import { leaseOf } from '../../support/leases';
import { ManualClock } from '../../support/manual-clock';

const never = new AbortController().signal;

function scans() {
  const clock = new ManualClock();
  const running: Deferred<Lease[]>[] = [];
  const scan = (): Promise<Lease[]> => {
    const one = deferred<Lease[]>();
    running.push(one);
    return one.promise;
  };
  return { clock, running, shared: new SharedScan({ scan }, clock) };
}

test('whoever asks while a scan is under way shares the next one, which begins after that', async () => {
  const { clock, running, shared } = scans();
  const first = shared.run(never);
  await clock.advance(10);
  const others = [shared.run(never), shared.run(never)];
  expect(running).toHaveLength(1);
  const askedAt = clock.monotonic();
  await clock.advance(10);
  running[0]?.resolve([]);
  await first;
  await clock.advance(0);
  expect(running).toHaveLength(2);
  running[1]?.resolve([leaseOf('a')]);
  for (const { leases, at } of await Promise.all(others)) {
    expect(leases).toMatchObject([{ shardId: 'a' }]);
    expect(at.monotonic).toBeGreaterThanOrEqual(askedAt);
  }
  const later = shared.run(never);
  expect(running).toHaveLength(3);
  running[2]?.resolve([]);
  await later;
});

test('a scan that fails fails for those that share it, and the next one begins all the same', async () => {
  const { running, shared } = scans();
  const first = shared.run(never);
  const second = shared.run(never);
  running[0]?.reject(new Error('throttled'));
  await expect(first).rejects.toThrow('throttled');
  running[1]?.resolve([]);
  await expect(second).resolves.toMatchObject({ leases: [] });
});
