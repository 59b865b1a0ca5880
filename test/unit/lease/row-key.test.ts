import fc from 'fast-check';
import { isNamesake, leaseKey, streamIdOf } from '../../../src/lease/row-key';

const description = (arn: string, name: string, createdAt: number) => ({
  arn,
  name,
  createdAt,
  status: 'ACTIVE' as const,
  retentionHours: 24,
  openShardCount: 1,
  maxRecordBytes: 1,
  serviceTime: undefined,
});

test('a stream has the name that the KCL gives it in rows: account, name, second of its creation', () => {
  const arn = 'arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders.eu-1_x';
  expect(streamIdOf(description(arn, 'orders.eu-1_x', 1_767_225_600_999))).toBe(
    '123456789012:orders.eu-1_x:1767225600',
  );
});

test('a row of one stream is named by its shard alone, one of several by stream and shard', () => {
  expect(leaseKey(undefined, 'shardId-000000000001')).toBe('shardId-000000000001');
  expect(leaseKey('123456789012:orders:7', 'shardId-000000000001')).toBe(
    '123456789012:orders:7:shardId-000000000001',
  );
});

test('a namesake differs in nothing but its creation', () => {
  const account = fc.constantFrom('111111111111', '222222222222');
  const name = fc.constantFrom('orders', 'orders-1', 'refunds');
  const created = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(fc.tuple(account, name, created), fc.tuple(account, name, created), (a, b) => {
      const expected = a[0] === b[0] && a[1] === b[1] && a[2] !== b[2];
      expect(isNamesake(a.join(':'), b.join(':'))).toBe(expected);
    }),
    { numRuns: 200 },
  );
});
