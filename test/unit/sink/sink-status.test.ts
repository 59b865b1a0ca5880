import { ConnectorError } from '../../../src/errors';
import { MetricRegistry } from '../../../src/metrics/registry';
import { SinkMetrics } from '../../../src/sink/sink-metrics';
import { sinkStatus } from '../../../src/sink/sink-status';
import { ManualClock } from '../../support/manual-clock';

test('a sink says what it has taken and stored, what it holds, and what went wrong last', async () => {
  const clock = new ManualClock(50_000);
  const registry = new MetricRegistry();
  const reader = registry.reader();
  const metrics = new SinkMetrics(registry, clock, 'orders');
  const idle = { records: 0, bytes: 0, requests: 0 };
  metrics.look(idle);
  expect(sinkStatus(metrics.tally, idle)).toEqual({
    shards: [],
    recordsIn: 0,
    recordsOut: 0,
    bytesIn: 0,
    recordsQueued: 0,
    bytesQueued: 0,
  });
  for (const bytes of [100, 20, 0]) {
    metrics.tally.took(bytes);
  }
  metrics.stored('shard', 1, 100);
  metrics.refused('shard', 'ProvisionedThroughputExceededException');
  const held = { records: 1, bytes: 20, requests: 2 };
  metrics.look(held);
  await clock.advance(1000);
  metrics.skipped(new ConnectorError('SINK_RECORD_TOO_LARGE', 'the record is larger than the stream takes'));
  metrics.look(held);
  expect(sinkStatus(metrics.tally, held)).toEqual({
    shards: [],
    recordsIn: 3,
    recordsOut: 1,
    bytesIn: 120,
    recordsQueued: 1,
    bytesQueued: 20,
    lastRecordAt: 50_000,
    lastError: {
      code: 'SINK_RECORD_TOO_LARGE',
      message: 'the record is larger than the stream takes',
      at: 51_000,
    },
  });
  const levels = new Map(reader.read().map(({ name, sum, last }) => [name, { sum, last }]));
  expect(levels.get('sink_records_received')?.sum).toBe(3);
  expect(levels.get('sink_requests_in_flight')?.last).toBe(2);
  expect(levels.get('sink_pending_records')?.last).toBe(1);
});
