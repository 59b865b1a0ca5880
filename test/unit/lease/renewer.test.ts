import type { MetricSink } from '../../../src/io';
import { NO_METRICS } from '../../../src/io';
import type { HeldLease } from '../../../src/lease/held-lease';
import { LeaseMetrics } from '../../../src/lease/lease-metrics';
import { Renewer } from '../../../src/lease/renewer';
import { unwatched } from '../../support/lease-defaults';
import { ManualClock } from '../../support/manual-clock';

const FAILOVER = 10_000;

/** A renewer of leases that were renewed when the test says so. */
function bench() {
  const clock = new ManualClock();
  const leases: { renewedAt: number; valid: boolean }[] = [];
  const looks = { count: 0 };
  const metrics: MetricSink = NO_METRICS;
  const renewer = new Renewer({
    clock,
    failoverTime: FAILOVER,
    checkpointInterval: 60_000,
    metrics: new LeaseMetrics({ metrics, clock, stream: 'stream', worker: 'me' }),
    watchdog: unwatched(clock).watchdog,
    lateTime: 1000,
    held: () => {
      looks.count++;
      return leases.map((lease) => ({
        ...lease,
        isValid: () => lease.valid,
      })) as unknown as Iterable<HeldLease>;
    },
    onFailed: () => undefined,
  });
  const waiting = new AbortController();
  const wait = (): { readonly done: boolean } => {
    const state = { done: false };
    renewer.caughtUp(waiting.signal).then(
      () => {
        state.done = true;
      },
      () => undefined,
    );
    return state;
  };
  return { clock, leases, looks, wait };
}

test('data does not wait while every lease was renewed in time, nor when none is held', async () => {
  const { clock, leases, wait } = bench();
  const none = wait();
  await clock.advance(0);
  expect(none.done).toBe(true);
  leases.push({ renewedAt: clock.monotonic(), valid: true });
  await clock.advance(FAILOVER / 2);
  const some = wait();
  await clock.advance(0);
  expect(some.done).toBe(true);
});

test('data waits for a renewal that is overdue, and goes on when it has come', async () => {
  const { clock, leases, wait } = bench();
  const lease = { renewedAt: 0, valid: true };
  leases.push({ renewedAt: 0, valid: true }, lease);
  await clock.advance(FAILOVER * 0.7);
  const data = wait();
  await clock.advance(1000);
  expect(data.done).toBe(false);
  for (const one of leases) {
    one.renewedAt = clock.monotonic();
  }
  await clock.advance(100);
  expect(data.done).toBe(true);
});

test('data does not wait for a lease that is lost', async () => {
  const { clock, leases, wait } = bench();
  leases.push({ renewedAt: 0, valid: false });
  await clock.advance(FAILOVER);
  const data = wait();
  await clock.advance(0);
  expect(data.done).toBe(true);
});

test('the leases are looked at once for all the data that comes at a time', async () => {
  const { clock, leases, looks, wait } = bench();
  leases.push({ renewedAt: 0, valid: true });
  const data = Array.from({ length: 1000 }, wait);
  await clock.advance(0);
  expect(data.every(({ done }) => done)).toBe(true);
  expect(looks.count).toBe(1);
});
