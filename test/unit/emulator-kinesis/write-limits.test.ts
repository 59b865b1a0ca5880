import * as fc from 'fast-check';
import {
  createKinesisModel,
  type KinesisModel,
  SettableClock,
  SHARD_WRITE_LIMITS,
  startEmulator,
} from '../../../src/emulator';
import { refuseEntries } from '../../../src/emulator/entry-refusal';
import { WriteBudget } from '../../../src/emulator/kinesis/write-limits';
import { seededRandom } from '../../../src/util/random';

const StreamName = 'orders';
const HIGH = (1n << 127n).toString();
const MIB = 1024 * 1024;

let clock: SettableClock;
let kinesis: KinesisModel;
beforeEach(() => {
  clock = new SettableClock({ now: () => Date.UTC(2026, 0, 1) });
  kinesis = createKinesisModel({ clock, writeLimits: SHARD_WRITE_LIMITS });
  kinesis.call('CreateStream', { StreamName, ShardCount: 2, MaxRecordSizeInKiB: 10_240 });
});

const entries = (count: number, bytes = 3, ExplicitHashKey = '0') =>
  Array.from({ length: count }, () => ({
    Data: Buffer.alloc(bytes).toString('base64'),
    PartitionKey: 'k',
    ExplicitHashKey,
  }));

/** How many entries of a request were stored. */
function put(Records: ReturnType<typeof entries>): number {
  return Records.length - kinesis.call('PutRecords', { StreamName, Records }).FailedRecordCount;
}

describe('write limits of a shard', () => {
  test('1,000 records pass in a second, and as many in each that follows', () => {
    expect([put(entries(500)), put(entries(500)), put(entries(500))]).toEqual([500, 500, 0]);
    clock.advance(100);
    expect(put(entries(500))).toBe(100);
    clock.advance(60_000);
    expect([put(entries(500)), put(entries(500)), put(entries(500))]).toEqual([500, 500, 0]);
  });

  test('1 MiB passes in a second, partition keys included', () => {
    expect(put(entries(9, 128 * 1024 - 1))).toBe(8);
    clock.advance(250);
    expect(put(entries(9, 128 * 1024 - 1))).toBe(2);
  });

  test('a small record passes where a large one of the same request did not', () => {
    const Records = [...entries(1, MIB - 100), ...entries(1, 200), ...entries(1, 10)];
    const answer = kinesis.call('PutRecords', { StreamName, Records });
    expect(answer.Records.map((result) => result.ErrorCode)).toEqual([
      undefined,
      'ProvisionedThroughputExceededException',
      undefined,
    ]);
  });

  test('a record larger than the limit passes alone, and is paid for by waiting', () => {
    const large = () => put(entries(1, 4 * MIB - 1));
    expect([large(), put(entries(1))]).toEqual([1, 0]);
    clock.advance(2_999);
    expect(put(entries(1))).toBe(0);
    clock.advance(1_001);
    expect([large(), put(entries(1))]).toEqual([1, 0]);
  });

  test('every shard has its own', () => {
    expect([put(entries(500)), put(entries(500)), put(entries(500, 3, HIGH))]).toEqual([500, 500, 500]);
  });

  test('what is refused is said in the words of AWS, entry by entry, and the rest is stored', () => {
    put(entries(500));
    put(entries(499));
    const { FailedRecordCount, Records } = kinesis.call('PutRecords', {
      StreamName,
      Records: [...entries(2), ...entries(1, 3, HIGH)],
    });
    expect(FailedRecordCount).toBe(1);
    expect(Records.map(({ ShardId }) => ShardId)).toEqual([
      'shardId-000000000000',
      undefined,
      'shardId-000000000001',
    ]);
    expect(Records[1]).toEqual({
      ErrorCode: 'ProvisionedThroughputExceededException',
      ErrorMessage: `Rate exceeded for shard shardId-000000000000 in stream ${StreamName} under account 000000000000.`,
    });
  });

  test('PutRecord is refused whole', () => {
    put(entries(500));
    put(entries(500));
    const [entry] = entries(1);
    expect(() => kinesis.invoke('PutRecord', { StreamName, ...entry })).toThrow(
      expect.objectContaining({
        type: 'ProvisionedThroughputExceededException',
        message: `Rate exceeded for shard shardId-000000000000 in stream ${StreamName} under account 000000000000.`,
      }),
    );
  });

  test('may be changed and ended while it runs', () => {
    kinesis.limitWrites({ recordsPerSecond: 10, bytesPerSecond: 1_000 });
    expect(put(entries(500))).toBe(10);
    kinesis.limitWrites(undefined);
    expect(put(entries(500))).toBe(500);
  });

  test('an emulator has none unless it is asked for them', async () => {
    for (const [writeLimits, stored] of [
      [undefined, 500],
      [{ recordsPerSecond: 20, bytesPerSecond: MIB }, 20],
    ] as const) {
      const emulator = await startEmulator({ clock, ...(writeLimits === undefined ? {} : { writeLimits }) });
      kinesis = emulator.kinesis;
      kinesis.call('CreateStream', { StreamName, ShardCount: 1 });
      const put500 = put(entries(500));
      await emulator.close();
      expect(put500).toBe(stored);
    }
  });

  test('are counted beside entries that a fault refuses', () => {
    put(entries(500));
    put(entries(400));
    const fault = { kind: 'refuse-entries', share: 0.5, errorCode: 'InternalFailure' } as const;
    const input = { StreamName, Records: entries(400) };
    const answer = refuseEntries(input, fault, seededRandom(1), (rest) =>
      kinesis.invoke('PutRecords', rest),
    ) as { FailedRecordCount: number; Records: { ErrorCode?: string }[] };
    expect(answer.FailedRecordCount).toBe(300);
    expect(answer.Records.filter(({ ErrorCode }) => ErrorCode === undefined)).toHaveLength(100);
  });

  test('no stretch of time takes more than its share and one second’s worth, whatever the clock does', () => {
    const limits = { recordsPerSecond: 50, bytesPerSecond: 10_000 };
    const step = fc.record({ ms: fc.integer({ min: -500, max: 900 }), bytes: fc.nat(2_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const budget = new WriteBudget();
        const taken: { readonly at: number; readonly bytes: number }[] = [];
        let now = 0;
        let elapsed = 0;
        for (const { ms, bytes } of steps) {
          now += ms;
          elapsed += Math.max(0, ms);
          if (budget.take(limits, bytes, now)) {
            taken.push({ at: elapsed, bytes });
          }
        }
        taken.forEach((first, index) => {
          const rest = taken.slice(index);
          const seconds = (elapsed - first.at) / 1000 + 1;
          expect(rest.length).toBeLessThanOrEqual(seconds * 50 + 1e-6);
          expect(rest.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(
            seconds * 10_000 + 1e-6,
          );
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe('the largest record of a stream', () => {
  const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`;
  const largest = () =>
    kinesis.call('DescribeStreamSummary', { StreamName }).StreamDescriptionSummary.MaxRecordSizeInKiB;

  test('is what it was created with, until it is changed', () => {
    kinesis.limitWrites(undefined);
    expect(largest()).toBe(10_240);
    expect(put(entries(1, 10 * MIB - 1))).toBe(1);
    kinesis.call('UpdateMaxRecordSize', { StreamARN, MaxRecordSizeInKiB: 2_048 });
    expect(largest()).toBe(2_048);
    expect(put(entries(1, 2 * MIB - 1))).toBe(1);
    expect(() => put(entries(1, 2 * MIB))).toThrow(
      expect.objectContaining({ type: 'InvalidArgumentException' }),
    );
    expect(() => put(entries(1, 2 * MIB + 1))).toThrow(
      expect.objectContaining({ type: 'ValidationException' }),
    );
  });

  test.each([1_023, 10_241])('is never %i KiB', (MaxRecordSizeInKiB) => {
    expect(() => kinesis.call('UpdateMaxRecordSize', { StreamARN, MaxRecordSizeInKiB })).toThrow(
      expect.objectContaining({ type: 'ValidationException' }),
    );
  });

  test('changes once the stream is ACTIVE again', () => {
    kinesis = createKinesisModel({ clock, settleMs: 1_000 });
    kinesis.call('CreateStream', { StreamName, ShardCount: 1 });
    clock.advance(1_000);
    kinesis.call('UpdateMaxRecordSize', { StreamARN, MaxRecordSizeInKiB: 4_096 });
    expect(largest()).toBe(1_024);
    clock.advance(1_000);
    expect(largest()).toBe(4_096);
  });
});
