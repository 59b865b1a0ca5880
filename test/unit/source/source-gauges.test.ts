import { MetricRegistry } from '../../../src/metrics/registry';
import { ShardMetrics } from '../../../src/source/shard-metrics';
import { SourceGauges } from '../../../src/source/source-gauges';
import { ManualClock } from '../../support/manual-clock';

test('levels are reported when nothing moves as well, and the lag of the slowest shard as that of the worker', () => {
  const registry = new MetricRegistry();
  const reader = registry.reader();
  const clock = new ManualClock();
  const shards = [300, 61_300, undefined].map((lag, n) => ({
    lag,
    heldBack: n > 0,
    metrics: new ShardMetrics({ metrics: registry, clock, stream: 's', shardId: `shard ${n}` }),
  }));
  const heldBack: number[] = [];
  const gauges = new SourceGauges({
    metrics: registry,
    stream: 's',
    queue: { size: 7 },
    budget: { used: 4096 },
    backpressure: { sample: (count) => heldBack.push(count) },
    shards: () => shards,
  });
  const seen = () => reader.read().map(({ name, labels, last }) => [name, labels.shard, last]);
  const levels = [
    ['queue_records', undefined, 7],
    ['queue_bytes', undefined, 4096],
    ['millis_behind_latest', 'shard 0', 300],
    ['millis_behind_latest', 'shard 1', 61_300],
    ['worker_millis_behind_latest', undefined, 61_300],
  ];
  gauges.sample();
  expect(seen()).toEqual(levels);
  gauges.sample();
  expect(seen()).toEqual(levels);
  shards.length = 0;
  gauges.sample();
  expect(seen()).toEqual(levels.slice(0, 2));
  expect(heldBack).toEqual([2, 2, 0]);
});
