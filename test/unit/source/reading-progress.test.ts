import type { RetrievalBatch } from '../../../src/retrieval/retrieval';
import { ReadingProgress } from '../../../src/source/reading-progress';
import { ManualClock } from '../../support/manual-clock';

const SERVICE_TIME = 1_000_000;

function bench(caughtUpTarget: number) {
  const clock = new ManualClock();
  const claims: number[] = [];
  const progress = new ReadingProgress({
    lease: { caughtUp: (at: number) => claims.push(at) },
    tenure: { lastRead: undefined, hasConfirmed: () => true },
    clock,
    caughtUpTarget,
  } as never);
  return { progress, claims, clock };
}

const tip = (batch: Partial<RetrievalBatch> = {}): RetrievalBatch => ({
  records: [],
  millisBehindLatest: 0,
  serviceTime: SERVICE_TIME,
  end: undefined,
  ...batch,
});

test('what was asked for is claimed as of the call: the look may have been as early', () => {
  const { progress, claims } = bench(5000);
  progress.answered(tip(), 5000, 5300);
  expect([claims, progress.caughtUp]).toEqual([[SERVICE_TIME - 1000 - 300], true]);
});

test('what was pushed is claimed as of its subscription, however long it was waited for', () => {
  const { progress, claims } = bench(5000);
  progress.answered(tip({ lookedSince: 4999 }), 90_000, 95_000);
  expect([claims, progress.caughtUp]).toEqual([[SERVICE_TIME - 1000], false]);
  progress.answered(tip({ lookedSince: 5000 }), 90_000, 95_000);
  expect(progress.caughtUp).toBe(true);
});

test('an idle shard has no lag while its empty events come, and has some when they do not', async () => {
  const { progress, clock } = bench(0);
  progress.answered(tip({ lookedSince: 0 }), 0, 0);
  await clock.advance(6000);
  expect(progress.lag).toBe(0);
  await clock.advance(10_000);
  expect(progress.lag).toBe(16_000);
});
