import { SettableClock } from '../../../src/emulator/clock';
import {
  createKinesisModel,
  type KinesisInput,
  type KinesisModel,
} from '../../../src/emulator/kinesis/model';
import { MAX_HASH_KEY, middleOf } from '../../../src/stream/hash-key';
import { refusalOf } from '../../support/refusal';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const StreamName = 'orders';
const [ROOT, LOWER, UPPER] = [0, 1, 2].map((number) => `shardId-${String(number).padStart(12, '0')}`) as [
  string,
  string,
  string,
];

let clock: SettableClock;
let kinesis: KinesisModel;

function start(settleMs = 0): void {
  clock = new SettableClock({ now: () => START });
  kinesis = createKinesisModel({ clock, settleMs });
  kinesis.call('CreateStream', { StreamName, ShardCount: 1 });
  clock.advance(settleMs);
}

beforeEach(() => start());

const increase = (RetentionPeriodHours: number) =>
  kinesis.call('IncreaseStreamRetentionPeriod', { StreamName, RetentionPeriodHours });
const decrease = (RetentionPeriodHours: number) =>
  kinesis.call('DecreaseStreamRetentionPeriod', { StreamName, RetentionPeriodHours });

const put = (text: string) =>
  kinesis.call('PutRecord', { StreamName, Data: Buffer.from(text).toString('base64'), PartitionKey: 'key' })
    .SequenceNumber;

const split = () =>
  kinesis.call('SplitShard', {
    StreamName,
    ShardToSplit: ROOT,
    NewStartingHashKey: middleOf({ start: 0n, end: MAX_HASH_KEY }).toString(),
  });

type Position = Omit<KinesisInput<'GetShardIterator'>, 'StreamName' | 'ShardId'>;

const iterator = (position: Position) =>
  kinesis.call('GetShardIterator', { StreamName, ShardId: ROOT, ...position }).ShardIterator;

const get = (ShardIterator: string) => kinesis.call('GetRecords', { ShardIterator });

const read = (position: Position = { ShardIteratorType: 'TRIM_HORIZON' }) =>
  get(iterator(position)).Records.map(({ Data }) => Buffer.from(Data, 'base64').toString());

const listed = (ShardFilter: KinesisInput<'ListShards'>['ShardFilter']) =>
  kinesis.call('ListShards', { StreamName, ShardFilter }).Shards.map(({ ShardId }) => ShardId);

const described = () =>
  kinesis.call('DescribeStream', { StreamName }).StreamDescription.Shards.map(({ ShardId }) => ShardId);

const summary = () => kinesis.call('DescribeStreamSummary', { StreamName }).StreamDescriptionSummary;

describe('retention period', () => {
  test.each([
    ['increase', 25, 'accepted'],
    ['increase', 8760, 'accepted'],
    ['increase', 8761, 'ValidationException'],
    ['increase', 24, 'InvalidArgumentException'],
    ['increase', 23, 'InvalidArgumentException'],
    ['decrease', 24, 'InvalidArgumentException'],
    ['decrease', 25, 'InvalidArgumentException'],
    ['decrease', 23, 'InvalidArgumentException'],
  ] as const)('of 24 hours: %s to %i is answered with %s', (direction, hours, answer) => {
    expect(refusalOf(() => (direction === 'increase' ? increase : decrease)(hours))).toBe(answer);
  });

  test('is what the stream is described with, also after it went up and down', () => {
    increase(168);
    expect(summary().RetentionPeriodHours).toBe(168);
    decrease(48);
    expect(summary().RetentionPeriodHours).toBe(48);
  });

  test('changes while the stream is UPDATING, and not twice at once', () => {
    start(1_000);
    increase(48);
    expect([summary().StreamStatus, summary().RetentionPeriodHours]).toEqual(['UPDATING', 24]);
    expect(refusalOf(() => increase(72))).toBe('ResourceInUseException');
    clock.advance(1_000);
    expect([summary().StreamStatus, summary().RetentionPeriodHours]).toEqual(['ACTIVE', 48]);
  });

  test('a longer one keeps what has not expired, and brings nothing back', () => {
    put('expired');
    clock.advance(2);
    put('kept');
    clock.advance(24 * HOUR - 1);
    increase(48);
    expect(read()).toEqual(['kept']);
    clock.advance(24 * HOUR);
    expect(read()).toEqual(['kept']);
    clock.advance(2);
    expect(read()).toEqual([]);
  });

  test('a longer one brings back no closed shard', () => {
    clock.advance(1);
    split();
    clock.advance(24 * HOUR + 1);
    increase(48);
    expect(described()).toEqual([LOWER, UPPER]);
  });

  test('a shorter one makes older records and older closed shards inaccessible at once', () => {
    increase(72);
    put('old');
    split();
    clock.advance(48 * HOUR);
    expect([read(), described()]).toEqual([['old'], [ROOT, LOWER, UPPER]]);
    decrease(24);
    expect(described()).toEqual([LOWER, UPPER]);
    expect(refusalOf(() => read())).toBe('ResourceNotFoundException');
  });
});

describe('trimming', () => {
  test('every position behind the horizon starts at the horizon', () => {
    const trimmed = put('trimmed');
    clock.advance(HOUR);
    put('kept');
    clock.advance(23 * HOUR + 1);
    const positions: Position[] = [
      { ShardIteratorType: 'TRIM_HORIZON' },
      { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: trimmed },
      { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: trimmed },
      { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: START / 1000 },
    ];
    expect(positions.map(read)).toEqual([['kept'], ['kept'], ['kept'], ['kept']]);
  });

  test('an iterator taken before the trimming goes on at the horizon', () => {
    put('trimmed');
    clock.advance(HOUR);
    put('kept');
    clock.advance(23 * HOUR);
    const taken = iterator({ ShardIteratorType: 'TRIM_HORIZON' });
    clock.advance(1);
    expect(get(taken).Records).toMatchObject([{ Data: Buffer.from('kept').toString('base64') }]);
  });

  test('MillisBehindLatest counts from the oldest record that is left', () => {
    put('trimmed');
    clock.advance(HOUR);
    put('kept');
    clock.advance(23 * HOUR + 1);
    const ShardIterator = iterator({ ShardIteratorType: 'TRIM_HORIZON' });
    put('newest');
    const first = kinesis.call('GetRecords', { ShardIterator, Limit: 1 });
    expect(first.MillisBehindLatest).toBe(1);
    clock.advance(2 * HOUR);
    expect(get(iterator({ ShardIteratorType: 'TRIM_HORIZON' })).MillisBehindLatest).toBe(0);
  });

  test('a closed shard whose records are all past retention still ends with its children, until it is forgotten', () => {
    put('trimmed');
    clock.advance(HOUR);
    split();
    clock.advance(24 * HOUR);
    const taken = iterator({ ShardIteratorType: 'TRIM_HORIZON' });
    expect(get(taken)).toMatchObject({
      Records: [],
      ChildShards: [{ ShardId: LOWER }, { ShardId: UPPER }],
    });
    clock.advance(1);
    expect(refusalOf(() => get(taken))).toBe('ResourceNotFoundException');
    expect(refusalOf(() => read())).toBe('ResourceNotFoundException');
  });

  test('the filters go by what is still kept', () => {
    clock.advance(HOUR);
    split();
    const everything = [ROOT, LOWER, UPPER];
    const [before, after] = [START / 1000 + 1, (START + HOUR) / 1000 + 1];
    clock.advance(2 * HOUR);
    const answers = () => [
      listed({ Type: 'FROM_TRIM_HORIZON' }),
      listed({ Type: 'AT_TRIM_HORIZON' }),
      listed({ Type: 'FROM_TIMESTAMP', Timestamp: before }),
      listed({ Type: 'AT_TIMESTAMP', Timestamp: before }),
      listed({ Type: 'FROM_TIMESTAMP', Timestamp: after }),
      listed({ Type: 'AT_TIMESTAMP', Timestamp: after }),
    ];
    const children = [LOWER, UPPER];
    expect(answers()).toEqual([everything, [ROOT], everything, [ROOT], children, children]);
    clock.advance(22 * HOUR + 1);
    expect(answers()).toEqual([children, children, children, children, children, children]);
  });

  test('a test may have a stream forget within milliseconds', () => {
    kinesis.retain(StreamName, 10);
    put('a');
    clock.advance(10);
    put('b');
    expect(read()).toEqual(['a', 'b']);
    clock.advance(1);
    expect(read()).toEqual(['b']);
    expect(summary().RetentionPeriodHours).toBe(10 / HOUR);
  });
});
