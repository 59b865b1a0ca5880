import type { MetricLabels } from '../../../src/io';
import type { Lease } from '../../../src/lease/lease';
import { MetricRegistry } from '../../../src/metrics/registry';
import type { SourceStream } from '../../../src/source/source-stream';
import { UnownedGauges } from '../../../src/source/unowned-gauges';

const NOW = 100_000;

const streamOf = (label: string) => ({ label, nameOf: (id: string) => `${label}/${id}` }) as SourceStream;

/** A shard of nobody; `reached`: the instant that its row tells. */
const shardOf = (stream: SourceStream, shardId: string, unownedFor: number, reached?: number) => ({
  stream,
  lease: { shardId, caughtUpAt: reached } as Lease,
  unownedFor,
});

function setUp() {
  const registry = new MetricRegistry();
  const forgotten: MetricLabels[] = [];
  const reader = registry.reader({ onForgotten: (labels) => forgotten.push(labels) });
  const streams = [streamOf('a'), streamOf('b')];
  const unowned: ReturnType<typeof shardOf>[] = [];
  const read = new Set<string>();
  const gauges = new UnownedGauges({
    metrics: registry,
    clock: { now: () => NOW },
    streams: () => streams,
    shards: { unowned: () => unowned, reachedInstant: ({ caughtUpAt }) => caughtUpAt },
    isRead: (name) => read.has(name),
  });
  const sample = () => {
    gauges.sample();
    return Object.fromEntries(
      reader.read().map(({ name, labels, last }) => [[name, ...Object.values(labels)].join(' '), last]),
    );
  };
  return { sample, streams, unowned, read, forgotten };
}

test('shards of nobody are counted by stream, with the longest time and the lag that their rows tell', () => {
  const { sample, streams, unowned } = setUp();
  const [a = streamOf('')] = streams;
  unowned.push(shardOf(a, '1', 3000, NOW - 500), shardOf(a, '2', 9000), shardOf(a, '3', 1, NOW + 500));
  expect(sample()).toEqual({
    'unowned_shards a': 3,
    'longest_unowned a': 9000,
    'unowned_shards b': 0,
    'longest_unowned b': 0,
    'millis_behind_latest a 1': 500,
    'millis_behind_latest a 3': 0,
  });
});

test('whoever reads a shard tells its lag: what nobody else has to tell any more is forgotten, once', () => {
  const { sample, streams, unowned, read, forgotten } = setUp();
  const [a = streamOf('')] = streams;
  unowned.push(shardOf(a, 'mine', 0, 1), shardOf(a, 'elsewhere', 0, 1));
  sample();
  read.add('a/mine');
  unowned.splice(1);
  expect(sample()).toMatchObject({ 'unowned_shards a': 0 });
  sample();
  // What this worker reads now goes on being told under the same labels.
  expect(forgotten).toEqual([{ stream: 'a', shard: 'elsewhere' }]);
});

test('a stream that has gone is forgotten with everything that bears its name', () => {
  const { sample, streams, forgotten } = setUp();
  sample();
  streams.pop();
  expect(sample()).toEqual({ 'unowned_shards a': 0, 'longest_unowned a': 0 });
  expect(forgotten).toEqual([{ stream: 'b' }]);
});
