import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openAggregate } from '../../../src/stream/aggregate-reader';
import { frameOf, subRecord, wire } from '../../support/kpl-frame';

/** The largest record of Kinesis. */
const LARGEST = 10 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function memory(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const repeated = (part: Buffer, bytes: number): Buffer =>
  Buffer.alloc(Math.floor(bytes / part.length) * part.length, part);

const KEY = wire.bytes(1, 'k');
/** Two keys that would be read half a million times each if only one of them were remembered. */
const LONG_KEYS = Array.from({ length: 1025 }, (_, i) =>
  wire.bytes(1, i % 1024 === 0 ? 'long'.repeat(600_000) : ''),
);

describe('a record of 10 MiB', () => {
  it.each([
    ['of 1.3 million sub-records', frameOf(KEY, repeated(subRecord(0, ''), LARGEST)), 1.1],
    ['of 5 million keys', frameOf(repeated(wire.bytes(1, ''), LARGEST - 100), subRecord(0, 'x')), 3.1],
    ['of groups', frameOf(repeated(Buffer.concat([wire.tag(9, 3), wire.tag(9, 4)]), LARGEST), KEY), 1.1],
    [
      'of records that name two long keys in turn',
      frameOf(...LONG_KEYS, repeated(Buffer.concat([subRecord(0, ''), subRecord(1024, '')]), LARGEST / 2)),
      2.1,
    ],
  ])('%s is gone through within a few times its size, and in little time', (_what, data, times) => {
    const before = memory() - data.length;
    const startedAt = performance.now();
    const frame = openAggregate(data);
    expect(frame).toBeDefined();
    let keys = 0;
    while (frame?.next()) {
      keys += frame.partitionKey?.length ?? 0;
    }
    expect(keys).toBeGreaterThanOrEqual(0);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect((memory() - before) / data.length).toBeLessThan(times);
  });
});

test('sub-records that name the same long key share it, in whatever order they come', () => {
  const keys = Array.from({ length: 1025 }, (_, i) => wire.bytes(1, String(i).padEnd(500, 'k')));
  // Of two keys with one place among those remembered, the one would push the other out each time.
  const pair = Buffer.concat([subRecord(0, ''), subRecord(1024, '')]);
  const frame = openAggregate(frameOf(...keys, repeated(pair, 200_000)));
  const before = memory();
  const kept: unknown[] = [];
  while (frame?.next()) {
    kept.push(frame.partitionKey);
  }
  expect(kept.length).toBeGreaterThan(20_000);
  // One each would be 10 MB.
  expect(memory() - before).toBeLessThan(2_000_000);
});
