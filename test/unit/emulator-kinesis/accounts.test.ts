import { createKinesisModel, type KinesisModel } from '../../../src/emulator/kinesis/model';
import { refusalOf } from '../../support/refusal';

const OTHER = '111122223333';
const StreamName = 'orders';
const ShardId = 'shardId-000000000000';
const FRANKFURT = { region: 'eu-central-1' };
const FOREIGN = { account: OTHER };

const arnOf = (region: string, account: string) =>
  `arn:aws:kinesis:${region}:${account}:stream/${StreamName}`;

let kinesis: KinesisModel;

beforeEach(() => {
  kinesis = createKinesisModel({ clock: { now: () => Date.UTC(2026, 0, 1) } });
});

const create = (caller: { region?: string; account?: string } = {}, name = StreamName) =>
  kinesis.call('CreateStream', { StreamName: name, ShardCount: 1 }, caller);

const arn = (ref: object, caller?: object) =>
  kinesis.call('DescribeStreamSummary', ref, caller).StreamDescriptionSummary.StreamARN;

const names = (caller?: object) => kinesis.call('ListStreams', {}, caller).StreamNames;

describe('accounts and regions of one emulator', () => {
  test('a stream is made in the region of the caller, and found there by its name', () => {
    create(FRANKFURT);
    expect(arn({ StreamName }, FRANKFURT)).toBe(arnOf('eu-central-1', '000000000000'));
    expect(refusalOf(() => arn({ StreamName }))).toBe('ResourceNotFoundException');
    expect(refusalOf(() => arn({ StreamName }, { region: 'us-west-2' }))).toBe('ResourceNotFoundException');
  });

  test('a caller without a region is in that of the emulator', () => {
    kinesis = createKinesisModel({ clock: { now: () => 0 }, region: 'eu-central-1', account: OTHER });
    create();
    expect(arn({ StreamName })).toBe(arnOf('eu-central-1', OTHER));
    expect(arn({ StreamName }, FRANKFURT)).toBe(arnOf('eu-central-1', OTHER));
  });

  test('streams of one name in two accounts and regions have records of their own', () => {
    const places = [{}, FRANKFURT, FOREIGN, { ...FRANKFURT, ...FOREIGN }];
    const arns = places.map((place) => {
      create(place);
      return arn({ StreamName }, place);
    });
    expect(new Set(arns).size).toBe(4);
    const put = (StreamARN: string, index: number) =>
      kinesis.call('PutRecord', { StreamARN, Data: '', PartitionKey: `key ${index}` });
    arns.forEach(put);
    const keys = arns.map((StreamARN) => {
      const from = { StreamARN, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
      const { ShardIterator } = kinesis.call('GetShardIterator', from);
      return kinesis
        .call('GetRecords', { ShardIterator, StreamARN })
        .Records.map(({ PartitionKey }) => PartitionKey);
    });
    expect(keys).toEqual([['key 0'], ['key 1'], ['key 2'], ['key 3']]);
  });

  test('an ARN is found by callers of its own region, and by those who do not say where they are', () => {
    create(FOREIGN);
    const StreamARN = arnOf('us-east-1', OTHER);
    expect([
      refusalOf(() => arn({ StreamARN })),
      refusalOf(() => arn({ StreamARN }, { region: 'us-east-1' })),
      refusalOf(() => arn({ StreamARN }, FRANKFURT)),
      refusalOf(() => arn({ StreamName }, { region: 'us-east-1' })),
    ]).toEqual(['accepted', 'accepted', 'ResourceNotFoundException', 'ResourceNotFoundException']);
  });

  test('records of another account are read only with the ARN of the stream', () => {
    create(FOREIGN);
    const StreamARN = arnOf('us-east-1', OTHER);
    const from = { StreamARN, ShardId, ShardIteratorType: 'LATEST' } as const;
    const { ShardIterator } = kinesis.call('GetShardIterator', from);
    expect([
      refusalOf(() => kinesis.call('GetRecords', { ShardIterator, StreamARN })),
      refusalOf(() => kinesis.call('GetRecords', { ShardIterator })),
    ]).toEqual(['accepted', 'AccessDeniedException']);
  });

  test('a page of ListShards goes on in the account where the listing began', () => {
    kinesis.call('CreateStream', { StreamName, ShardCount: 3 }, FOREIGN);
    const StreamARN = arnOf('us-east-1', OTHER);
    const { NextToken = '' } = kinesis.call('ListShards', { StreamARN, MaxResults: 1 });
    expect(kinesis.call('ListShards', { NextToken }).Shards).toHaveLength(2);
    expect(refusalOf(() => kinesis.call('ListShards', { NextToken }, FRANKFURT))).toBe(
      'ResourceNotFoundException',
    );
  });

  test('a listing names the streams of the caller alone, by pages', () => {
    for (const name of ['a', 'b', 'c']) {
      create({}, name);
    }
    create(FRANKFURT, 'd');
    create(FOREIGN, 'e');
    const first = kinesis.call('ListStreams', { Limit: 2 });
    const { NextToken } = first;
    expect([first.StreamNames, first.HasMoreStreams]).toEqual([['a', 'b'], true]);
    const second = kinesis.call('ListStreams', { Limit: 2, NextToken });
    expect([second.StreamNames, second.HasMoreStreams, second.NextToken]).toEqual([['c'], false, undefined]);
    expect(kinesis.call('ListStreams', { ExclusiveStartStreamName: 'a' }).StreamNames).toEqual(['b', 'c']);
    expect([names(FRANKFURT), names(FOREIGN), names({ region: 'us-west-2' })]).toEqual([['d'], ['e'], []]);
  });

  test('a consumer is registered where its stream is, and subscribed to by its ARN', () => {
    create(FOREIGN);
    const StreamARN = arnOf('us-east-1', OTHER);
    const { ConsumerARN } = kinesis.call('RegisterStreamConsumer', {
      StreamARN,
      ConsumerName: 'app',
    }).Consumer;
    expect(ConsumerARN).toMatch(new RegExp(`^${StreamARN}/consumer/app:\\d+$`));
    const input = { ConsumerARN, ShardId, StartingPosition: { Type: 'LATEST' } } as const;
    expect(refusalOf(() => kinesis.subscribe(input, FRANKFURT))).toBe('ResourceNotFoundException');
    expect(refusalOf(() => kinesis.subscribe(input))).toBe('accepted');
  });

  test('limits that are switched hold in every account and region', () => {
    create(FRANKFURT);
    create(FOREIGN);
    kinesis.limitWrites({ recordsPerSecond: 1, bytesPerSecond: 1_000 });
    for (const StreamARN of [arnOf('eu-central-1', '000000000000'), arnOf('us-east-1', OTHER)]) {
      const put = () => kinesis.call('PutRecord', { StreamARN, Data: '', PartitionKey: 'k' });
      expect([refusalOf(put), refusalOf(put)]).toEqual([
        'accepted',
        'ProvisionedThroughputExceededException',
      ]);
    }
  });
});
