import { SHARD_READ_LIMITS } from '../../../src/emulator/kinesis/read-limits';
import { refusalOf } from '../../support/refusal';
import { FanOutLab, LOWER, ROOT, UPPER } from './fan-out-lab';

const MiB = 1024 * 1024;
const StreamName = 'orders';
const THROTTLED = 'ProvisionedThroughputExceededException';
const LIMITED = 'LimitExceededException';

let lab: FanOutLab;

beforeEach(() => {
  lab = new FanOutLab({ readLimits: SHARD_READ_LIMITS });
  lab.kinesis.call('UpdateMaxRecordSize', { StreamARN: lab.streamArn, MaxRecordSizeInKiB: 10_240 });
});

const iterator = (ShardId = ROOT) =>
  lab.kinesis.call('GetShardIterator', { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' })
    .ShardIterator;

const get = (ShardIterator: string) => refusalOf(() => lab.kinesis.call('GetRecords', { ShardIterator }));

/** A record of that many bytes of data and partition key. */
const put = (bytes: number) => lab.put('x'.repeat(bytes - 1), 'k');

const outcomes = (count: number, call: () => unknown) => Array.from({ length: count }, () => refusalOf(call));

describe('read limits', () => {
  test('without them nothing is refused', () => {
    lab.kinesis.limitReads(undefined);
    put(10 * MiB);
    const taken = iterator();
    expect(new Set(Array.from({ length: 50 }, () => get(taken)))).toEqual(new Set(['accepted']));
    expect(new Set(outcomes(50, () => iterator()))).toEqual(new Set(['accepted']));
  });

  test('a shard answers five GetRecords a second, and five more a second later', async () => {
    const taken = iterator();
    const six = () => Array.from({ length: 6 }, () => get(taken));
    const expected = [...Array<string>(5).fill('accepted'), THROTTLED];
    expect(six()).toEqual(expected);
    await lab.clock.advance(199);
    expect(get(taken)).toBe(THROTTLED);
    await lab.clock.advance(801);
    expect(six()).toEqual(expected);
  });

  test('each shard has limits of its own', () => {
    lab.split();
    const [lower, upper] = [iterator(LOWER), iterator(UPPER)];
    const five = Array.from({ length: 6 }, () => get(lower));
    expect([five.at(-1), get(upper)]).toEqual([THROTTLED, 'accepted']);
  });

  test('after an answer of 10 MiB calls of the next 5 seconds are throttled', async () => {
    put(10 * MiB);
    const taken = iterator();
    expect(get(taken)).toBe('accepted');
    await lab.clock.advance(1);
    expect(get(taken)).toBe(THROTTLED);
    await lab.clock.advance(4_998);
    expect(get(taken)).toBe(THROTTLED);
    await lab.clock.advance(2);
    expect(get(taken)).toBe('accepted');
  });

  test('a shard gives 2 MiB a second to those who read little at a time', async () => {
    put(512 * 1024);
    const taken = iterator();
    let bytes = 0;
    for (let ms = 0; ms < 10_000; ms += 100) {
      bytes += get(taken) === 'accepted' ? 512 * 1024 : 0;
      await lab.clock.advance(100);
    }
    expect(bytes / MiB).toBeGreaterThan(19);
    expect(bytes / MiB).toBeLessThanOrEqual(22.5);
  });

  test('a shard gives five iterators a second', async () => {
    expect(outcomes(6, () => iterator())).toEqual([...Array<string>(5).fill('accepted'), THROTTLED]);
    await lab.clock.advance(200);
    expect(outcomes(2, () => iterator())).toEqual(['accepted', THROTTLED]);
  });

  test('ListShards and the descriptions are limited too', () => {
    lab.register();
    const last = (count: number, call: () => unknown) => outcomes(count, call).slice(-2);
    const { kinesis } = lab;
    lab.kinesis.limitReads({ ...SHARD_READ_LIMITS, describeStreamSummary: 3, listShards: 30 });
    expect(last(31, () => kinesis.call('ListShards', { StreamName }))).toEqual(['accepted', LIMITED]);
    expect(last(4, () => kinesis.call('DescribeStreamSummary', { StreamName }))).toEqual([
      'accepted',
      LIMITED,
    ]);
    expect(last(21, () => lab.status())).toEqual(['accepted', LIMITED]);
  });

  test('a consumer subscribes to a shard once a second, be it successfully or not', async () => {
    const arn = lab.register();
    const again = () => refusalOf(() => lab.subscribe(arn));
    const seen = [again(), again()];
    await lab.clock.advance(1_000);
    seen.push(again(), again());
    await lab.clock.advance(4_000);
    seen.push(again());
    expect(seen).toEqual(['accepted', LIMITED, 'ResourceInUseException', LIMITED, 'accepted']);
  });

  test('a subscription brings 2 MiB a second, whatever others read', async () => {
    for (let count = 0; count < 21; count++) {
      put(1 * MiB);
    }
    const subscription = lab.subscribe(lab.register());
    const other = lab.subscribe(lab.register('other'));
    for (let count = 0; count < 20; count++) {
      expect(await lab.texts(subscription)).toHaveLength(1);
    }
    expect(lab.clock.monotonic()).toBeGreaterThan(8_500);
    expect(lab.clock.monotonic()).toBeLessThan(10_000);
    expect(await lab.arrival(other)).toEqual([0, [expect.any(String)]]);
  });

  test('behind a record of 10 MiB a subscription pauses for 5 seconds', async () => {
    put(10 * MiB);
    put(1);
    const subscription = lab.subscribe(lab.register());
    expect((await lab.arrival(subscription))[0]).toBe(0);
    expect(await lab.arrival(subscription)).toEqual([5_001, ['']]);
  });
});
