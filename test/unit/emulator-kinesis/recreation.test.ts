import { refusalOf } from '../../support/refusal';
import { FanOutLab, ROOT } from './fan-out-lab';

const StreamName = 'orders';

let lab: FanOutLab;

beforeEach(() => {
  lab = new FanOutLab();
});

const summary = () => lab.kinesis.call('DescribeStreamSummary', { StreamName }).StreamDescriptionSummary;

const iterator = (StartingSequenceNumber?: string) =>
  lab.kinesis.call('GetShardIterator', {
    StreamName,
    ShardId: ROOT,
    ShardIteratorType: StartingSequenceNumber === undefined ? 'TRIM_HORIZON' : 'AFTER_SEQUENCE_NUMBER',
    StartingSequenceNumber,
  }).ShardIterator;

const get = (ShardIterator: string) => lab.kinesis.call('GetRecords', { ShardIterator }).Records;

describe('a stream deleted and created again under its name, in the same instant', () => {
  test('has another creation time and other sequence numbers', () => {
    const old = { createdAt: summary().StreamCreationTimestamp, number: lab.put('a') };
    lab.delete();
    lab.create();
    expect(summary().StreamCreationTimestamp).toBeGreaterThan(old.createdAt);
    expect(lab.put('a')).not.toBe(old.number);
  });

  test('gives what is put into it, nothing of before', () => {
    lab.put('old');
    lab.delete();
    lab.create();
    lab.put('new');
    expect(get(iterator()).map(({ Data }) => Buffer.from(Data, 'base64').toString())).toEqual(['new']);
  });

  test('refuses positions and iterators of before, by polling and by subscription', () => {
    const number = lab.put('a');
    const taken = iterator();
    const ConsumerARN = lab.register();
    lab.delete();
    lab.create();
    const again = lab.register();
    const AFTER = { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: number } as const;
    expect([
      refusalOf(() => get(taken)),
      refusalOf(() => iterator(number)),
      refusalOf(() => lab.subscribe(ConsumerARN)),
      refusalOf(() => lab.subscribe(again, AFTER)),
    ]).toEqual([
      'ResourceNotFoundException',
      'InvalidArgumentException',
      'ResourceNotFoundException',
      'InvalidArgumentException',
    ]);
  });
});

describe('records at the limits of their size', () => {
  const put = (bytes: number) => lab.put('x'.repeat(bytes - 'k'.length), 'k');

  test('10 MiB are taken and given once the stream allows them, one byte more is not', () => {
    lab.kinesis.call('UpdateMaxRecordSize', { StreamARN: lab.streamArn, MaxRecordSizeInKiB: 10_240 });
    const bytes = 10 * 1024 * 1024;
    put(bytes);
    const [record] = get(iterator());
    expect(Buffer.from(record?.Data ?? '', 'base64')).toHaveLength(bytes - 1);
    expect(refusalOf(() => put(bytes + 1))).toBe('InvalidArgumentException');
  });

  test('without that 1 MiB is the most', () => {
    expect([refusalOf(() => put(1024 * 1024)), refusalOf(() => put(1024 * 1024 + 1))]).toEqual([
      'accepted',
      'InvalidArgumentException',
    ]);
  });

  test('an empty record is one', () => {
    lab.put('');
    expect(get(iterator())).toMatchObject([{ Data: '' }]);
  });
});
