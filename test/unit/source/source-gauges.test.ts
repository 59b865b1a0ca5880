import { MetricRegistry } from '../../../src/metrics/registry';
import { ShardMetrics } from '../../../src/source/shard-metrics';
import { SourceGauges } from '../../../src/source/source-gauges';
import { SourceTally } from '../../../src/source/source-tally';
import { ManualClock } from '../../support/manual-clock';

test('levels are reported when nothing moves as well, and the lag of the slowest shard as that of the worker', () => {
  const registry = new MetricRegistry();
  const reader = registry.reader();
  const clock = new ManualClock();
  const source = new SourceTally(clock);
  const shards = [0, 61_300].map((lag, n) => {
    const shardId = `shard ${n}`;
    const tally = source.begin(shardId, () => new Set());
    const metrics = new ShardMetrics({ metrics: registry, clock, stream: 's', shardId, tally });
    return { lag, unconfirmedAge: 1000 - lag / 100, heldBack: n > 0, metrics };
  });
  const heldBack: number[] = [];
  let looks = 0;
  const gauges = new SourceGauges({
    metrics: registry,
    stream: 's',
    queue: { size: 7 },
    budget: { used: 4096 },
    backpressure: { sample: (count) => heldBack.push(count) },
    shards: () => shards,
    unowned: { sample: () => looks++ },
  });
  const seen = () => reader.read().map(({ name, labels, last }) => [name, labels.shard, last]);
  const levels = [
    ['queue_records', undefined, 7],
    ['queue_bytes', undefined, 4096],
    ['millis_behind_latest', 'shard 0', 0],
    ['unconfirmed_age', 'shard 0', 1000],
    ['millis_behind_latest', 'shard 1', 61_300],
    ['unconfirmed_age', 'shard 1', 387],
    ['worker_millis_behind_latest', undefined, 61_300],
  ];
  gauges.sample();
  expect(seen()).toEqual(levels);
  gauges.sample();
  expect(seen()).toEqual(levels);
  shards.length = 0;
  gauges.sample();
  expect(seen()).toEqual([...levels.slice(0, 2), ['worker_millis_behind_latest', undefined, 0]]);
  expect([heldBack, looks]).toEqual([[1, 1, 0], 3]);
});
