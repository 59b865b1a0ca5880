import { SettableClock } from '../../../src/emulator/clock';
import { createKinesisModel, type KinesisModel } from '../../../src/emulator/kinesis/model';
import { ServiceError } from '../../../src/emulator/service-model';
import { MAX_HASH_KEY, middleOf } from '../../../src/stream/hash-key';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);
const StreamName = 'orders';
const ROOT = 'shardId-000000000000';
const NewStartingHashKey = middleOf({ start: 0n, end: MAX_HASH_KEY }).toString();

let clock: SettableClock;
let kinesis: KinesisModel;

beforeEach(() => {
  clock = new SettableClock({ now: () => START });
  kinesis = createKinesisModel({ clock });
});

const create = (ShardCount = 1) => kinesis.call('CreateStream', { StreamName, ShardCount });

const put = (text: string) =>
  kinesis.call('PutRecord', { StreamName, Data: Buffer.from(text).toString('base64'), PartitionKey: 'key' });

const iterator = (ShardIteratorType: 'TRIM_HORIZON' | 'LATEST', ShardId = ROOT) =>
  kinesis.call('GetShardIterator', { StreamName, ShardId, ShardIteratorType }).ShardIterator;

const read = (ShardIterator: string) =>
  kinesis
    .call('GetRecords', { ShardIterator })
    .Records.map((record) => Buffer.from(record.Data, 'base64').toString());

const shardIds = (Type: 'AT_TRIM_HORIZON' | 'FROM_TRIM_HORIZON') =>
  kinesis.call('ListShards', { StreamName, ShardFilter: { Type } }).Shards.map((shard) => shard.ShardId);

function typeOf(call: () => unknown): string {
  try {
    call();
    return 'accepted';
  } catch (error) {
    return error instanceof ServiceError ? error.type : String(error);
  }
}

const status = () =>
  kinesis.call('DescribeStreamSummary', { StreamName }).StreamDescriptionSummary.StreamStatus;

describe('Kinesis model over time', () => {
  test('an iterator lives five minutes and not a millisecond longer', () => {
    create();
    const taken = iterator('TRIM_HORIZON');
    clock.advance(5 * MINUTE);
    expect(read(taken)).toEqual([]);
    clock.advance(1);
    expect(typeOf(() => read(taken))).toBe('ExpiredIteratorException');
  });

  test('every answer carries an iterator that lives five minutes from then', () => {
    create();
    let next = iterator('TRIM_HORIZON');
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(4 * MINUTE);
      next = kinesis.call('GetRecords', { ShardIterator: next }).NextShardIterator ?? '';
    }
    put('a');
    expect(read(next)).toEqual(['a']);
  });

  test('a page token of ListShards lives five minutes', () => {
    create(3);
    const { NextToken = '' } = kinesis.call('ListShards', { StreamName, MaxResults: 1 });
    clock.advance(5 * MINUTE);
    expect(kinesis.call('ListShards', { NextToken }).Shards).toHaveLength(2);
    clock.advance(1);
    expect(typeOf(() => kinesis.call('ListShards', { NextToken }))).toBe('ExpiredNextTokenException');
  });

  test('records are gone after 24 hours, and a position among them gives the oldest that is left', () => {
    create();
    const first = put('a').SequenceNumber;
    clock.advance(HOUR);
    put('b');
    clock.advance(23 * HOUR + 1);
    expect(read(iterator('TRIM_HORIZON'))).toEqual(['b']);
    const resumed = kinesis.call('GetShardIterator', {
      StreamName,
      ShardId: ROOT,
      ShardIteratorType: 'AT_SEQUENCE_NUMBER',
      StartingSequenceNumber: first,
    });
    expect(read(resumed.ShardIterator)).toEqual(['b']);
  });

  test('LATEST stands behind the newest record even when that record is trimmed', () => {
    create();
    put('a');
    clock.advance(25 * HOUR);
    const latest = iterator('LATEST');
    put('b');
    expect(read(latest)).toEqual(['b']);
  });

  test('a closed shard is listed for 24 hours after it was closed, then unknown', () => {
    create();
    kinesis.call('SplitShard', { StreamName, ShardToSplit: ROOT, NewStartingHashKey });
    clock.advance(24 * HOUR);
    expect(shardIds('FROM_TRIM_HORIZON')).toContain(ROOT);
    clock.advance(2);
    expect(shardIds('FROM_TRIM_HORIZON')).toEqual(['shardId-000000000001', 'shardId-000000000002']);
    expect(typeOf(() => iterator('TRIM_HORIZON'))).toBe('ResourceNotFoundException');
  });

  test('AT_TRIM_HORIZON never names a parent beside its children, also when all came in one millisecond', () => {
    create();
    kinesis.call('SplitShard', { StreamName, ShardToSplit: ROOT, NewStartingHashKey });
    expect(shardIds('AT_TRIM_HORIZON')).toEqual([ROOT]);
    clock.advance(24 * HOUR + 1);
    expect(shardIds('AT_TRIM_HORIZON')).toEqual(['shardId-000000000001', 'shardId-000000000002']);
  });

  test('a clock that is set back moves neither arrival times nor sequence numbers back', () => {
    create();
    const before = put('a');
    clock.advance(-HOUR);
    const after = put('b');
    expect(after.SequenceNumber > before.SequenceNumber).toBe(true);
    clock.advance(HOUR);
    const { Records } = kinesis.call('GetRecords', { ShardIterator: iterator('TRIM_HORIZON') });
    expect(Records.map((record) => record.ApproximateArrivalTimestamp)).toEqual([START / 1000, START / 1000]);
  });

  test('a stream created again in the same second does not take the sequence numbers of the old one', () => {
    create();
    const { SequenceNumber: StartingSequenceNumber } = put('a');
    kinesis.call('DeleteStream', { StreamName });
    create();
    const resume = () =>
      kinesis.call('GetShardIterator', {
        StreamName,
        ShardId: ROOT,
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        StartingSequenceNumber,
      });
    expect(typeOf(resume)).toBe('InvalidArgumentException');
  });

  test('an iterator of a deleted stream does not read the stream created again under its name', () => {
    create();
    const old = iterator('TRIM_HORIZON');
    kinesis.call('DeleteStream', { StreamName });
    create();
    put('b');
    expect(typeOf(() => read(old))).toBe('ResourceNotFoundException');
  });

  test('a reader is told how old the first record is that it has not read', () => {
    create();
    put('a');
    clock.advance(2_000);
    put('b');
    clock.advance(500);
    const first = kinesis.call('GetRecords', { ShardIterator: iterator('TRIM_HORIZON'), Limit: 1 });
    expect(first.MillisBehindLatest).toBe(500);
  });

  test('AT_TIMESTAMP and the filters of ListShards refuse an instant that has not come', () => {
    create();
    const Timestamp = START / 1000 + 0.001;
    const position = { StreamName, ShardId: ROOT, ShardIteratorType: 'AT_TIMESTAMP', Timestamp } as const;
    const ShardFilter = { Type: 'AT_TIMESTAMP', Timestamp } as const;
    expect(typeOf(() => kinesis.call('GetShardIterator', position))).toBe('InvalidArgumentException');
    expect(typeOf(() => kinesis.call('ListShards', { StreamName, ShardFilter }))).toBe(
      'InvalidArgumentException',
    );
    clock.advance(1);
    expect(typeOf(() => kinesis.call('GetShardIterator', position))).toBe('accepted');
    expect(typeOf(() => kinesis.call('ListShards', { StreamName, ShardFilter }))).toBe('accepted');
  });
});

describe('Kinesis model whose changes take time', () => {
  beforeEach(() => {
    kinesis = createKinesisModel({ clock, settleMs: 1_000 });
    create();
  });

  test('a stream is CREATING, then ACTIVE; until then it takes no records', () => {
    expect([status(), typeOf(() => put('a'))]).toEqual(['CREATING', 'ResourceNotFoundException']);
    clock.advance(1_000);
    expect([status(), typeOf(() => put('a'))]).toEqual(['ACTIVE', 'accepted']);
  });

  test('while a split is under way the parent takes records and no other change is accepted', () => {
    clock.advance(1_000);
    const split = () => kinesis.call('SplitShard', { StreamName, ShardToSplit: ROOT, NewStartingHashKey });
    split();
    expect([status(), put('a').ShardId, typeOf(split)]).toEqual(['UPDATING', ROOT, 'ResourceInUseException']);
    clock.advance(1_000);
    expect([status(), put('b').ShardId]).toEqual(['ACTIVE', 'shardId-000000000001']);
    expect(read(iterator('TRIM_HORIZON'))).toEqual(['a']);
  });

  test('a stream is DELETING, then unknown', () => {
    clock.advance(1_000);
    kinesis.call('DeleteStream', { StreamName });
    expect(status()).toBe('DELETING');
    clock.advance(1_000);
    expect(typeOf(status)).toBe('ResourceNotFoundException');
  });
});

describe('Kinesis model with options', () => {
  test('the end of a shard may come with its last records', () => {
    kinesis = createKinesisModel({ clock, shardEnd: 'with-records' });
    create();
    put('a');
    kinesis.call('SplitShard', { StreamName, ShardToSplit: ROOT, NewStartingHashKey });
    const answer = kinesis.call('GetRecords', { ShardIterator: iterator('TRIM_HORIZON') });
    expect(answer).toMatchObject({ Records: [{ PartitionKey: 'key' }], ChildShards: [{}, {}] });
    expect(answer.NextShardIterator).toBeUndefined();
  });

  test('an account has as many open shards as its limit says', () => {
    kinesis = createKinesisModel({ clock, shardLimit: 2 });
    create(2);
    const split = () =>
      kinesis.call('SplitShard', {
        StreamName,
        ShardToSplit: ROOT,
        NewStartingHashKey: '12345678901234567890',
      });
    expect(typeOf(split)).toBe('LimitExceededException');
    expect(typeOf(() => kinesis.call('CreateStream', { StreamName: 'other', ShardCount: 1 }))).toBe(
      'LimitExceededException',
    );
  });

  test('the fast answer says what the plain one says, whatever is in the partition key', () => {
    create();
    for (const PartitionKey of ['plain', '"\\\u0000\n', 'ключ 🔑']) {
      kinesis.call('PutRecord', { StreamName, Data: 'AAEC', PartitionKey });
    }
    const input = { ShardIterator: iterator('TRIM_HORIZON') };
    expect(JSON.parse(kinesis.invokeText('GetRecords', input))).toEqual(kinesis.invoke('GetRecords', input));
  });
});
