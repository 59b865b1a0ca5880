import { NO_METRICS } from '../../../src/io';
import { OnError } from '../../../src/sink/on-error';
import { PendingEntries } from '../../../src/sink/pending-entries';
import { SinkMetrics } from '../../../src/sink/sink-metrics';
import { silentLogger } from '../../../src/util/logger';
import { ManualClock } from '../../support/manual-clock';
import { evenShards, SettledRecord } from '../../support/put-lab';

const onError = new OnError({
  onError: 'route',
  metrics: new SinkMetrics(NO_METRICS, new ManualClock(), 'stream'),
  logger: silentLogger,
  onFail: () => undefined,
});

const entriesOf = (shards: number): PendingEntries =>
  new PendingEntries(
    {
      maxCount: 500,
      maxBytes: 1e6,
      lingerMs: 0,
      retainOrdering: false,
      maxPendingRecords: 1000,
      maxPendingBytes: 1e6,
      rateLimit: 100,
      shards: evenShards(shards),
      onError,
    },
    0,
  );

const add = (entries: PendingEntries, count: number): void => {
  for (let index = 0; index < count; index++) {
    const partitionKey = `key-${index}`;
    const record = new SettledRecord(partitionKey, String(index), { settled: [] });
    entries.add(record, { data: record.value, partitionKey, keyed: true }, 10, 0);
  }
};

const textsOf = (batch: ReturnType<PendingEntries['batcher']['next']>): string[] =>
  (batch ?? []).map(({ parts }) => Buffer.from(parts.data).toString());

test('what waits for shards that were merged goes to the one shard, in the order it arrived', () => {
  const entries = entriesOf(4);
  add(entries, 100);
  entries.reshard(evenShards(1, 'merged'), 0);
  const batch = entries.batcher.next(0);
  expect(textsOf(batch)).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
  expect(new Set(batch?.map(({ shardId }) => shardId))).toEqual(new Set(['merged-0']));
});

test('what is under way to a shard that is closed meanwhile comes back to one that is open', () => {
  const entries = entriesOf(1);
  add(entries, 10);
  const sent = entries.batcher.next(0) ?? [];
  entries.reshard(evenShards(4, 'child'), 0);
  for (const entry of sent) {
    entries.again(entry, 1);
  }
  const again = entries.batcher.next(1) ?? [];
  expect(again).toHaveLength(10);
  expect(again.every(({ shardId }) => shardId?.startsWith('child'))).toBe(true);
});

test('shards that stay open keep what they have learnt and hold', () => {
  const entries = entriesOf(2);
  add(entries, 10);
  entries.reshard([...evenShards(2)].reverse(), 0);
  expect(entries.batcher.next(0)).toHaveLength(10);
});
