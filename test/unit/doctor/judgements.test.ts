import type { Finding } from '../../../src/doctor/check';
import { identityWords } from '../../../src/doctor/credential-checks';
import { judgeClocks } from '../../../src/doctor/endpoint-checks';
import { judgeFleet } from '../../../src/doctor/fleet-check';
import { judgeLag } from '../../../src/doctor/lag-check';
import { foundAmong } from '../../../src/doctor/pulsar-reach';
import { judgeCapacity } from '../../../src/doctor/sink-checks';
import { judgeShards, judgeState } from '../../../src/doctor/stream-checks';
import { judgeSubscription } from '../../../src/doctor/subscription-checks';
import { judgeFailover, judgeOwners, judgeRows, judgeTable } from '../../../src/doctor/table-checks';
import { judgeDeduplication, judgeSize } from '../../../src/doctor/topic-checks';
import { duration } from '../../../src/doctor/words';
import { ConnectorError } from '../../../src/errors';
import { MAX_HASH_KEY } from '../../../src/stream/hash-key';
import { leaseOf } from '../../support/leases';

const verdicts = (...findings: Finding[]): string[] => findings.map(({ verdict }) => verdict);

test.each([
  ['ACTIVE', 'ok'],
  ['UPDATING', 'warning'],
  ['CREATING', 'warning'],
  ['DELETING', 'failed'],
] as const)('a stream that is %s is %s', (status, verdict) => {
  const description = { name: 'a', arn: 'a', createdAt: 0, retentionHours: 24, openShardCount: 1 };
  const found = judgeState({ ...description, status, maxRecordBytes: 1, serviceTime: undefined });
  expect(found.verdict).toBe(verdict);
  expect(found.found).toContain('1 open shard, keeps 24 h, not encrypted');
});

test('shards that leave hash keys out fail; closed ones are counted', () => {
  const half = (MAX_HASH_KEY / 2n).toString();
  const shard = (shardId: string, startingHashKey: string, endingHashKey: string, end?: string) => ({
    shardId,
    startingHashKey,
    endingHashKey,
    startingSequenceNumber: '1',
    ...(end === undefined ? {} : { endingSequenceNumber: end }),
  });
  const whole = shard('b', '0', MAX_HASH_KEY.toString());
  expect(judgeShards([whole, shard('a', '0', half, '9')], undefined).found).toContain('1 closed one');
  expect(() => judgeShards([shard('a', '0', half)], undefined)).toThrow(/leave hash keys out/);
  expect(judgeShards([whole], ['c'])).toMatchObject({ verdict: 'failed' });
  const many = Array.from({ length: 1000 }, () => whole);
  expect(judgeShards(many, ['c']).hint?.length).toBeLessThan(200);
});

test.each([
  [0, 'ok'],
  [4999, 'ok'],
  [-5000, 'warning'],
  [299_999, 'warning'],
  [-300_000, 'failed'],
] as const)('a clock that is %d ms off is %s', (clockAhead, verdict) => {
  const others = new Map([['near', { clockAhead: 1, signed: true }]]);
  expect(judgeClocks(new Map([...others, ['far', { clockAhead, signed: true }]])).verdict).toBe(verdict);
});

test('a cluster whose clock is wrong is no reason for AWS to refuse anything', () => {
  const found = judgeClocks(
    new Map([
      ['kinesis', { clockAhead: 1, signed: true }],
      ['pulsar admin', { clockAhead: 600_000, signed: false }],
    ]),
  );
  expect(found).toMatchObject({ verdict: 'warning', found: '600 s behind pulsar admin' });
});

test('the clock of a machine that is behind is said to be behind', () => {
  expect(judgeClocks(new Map([['kinesis', { clockAhead: 60_000, signed: true }]])).found).toBe(
    '60 s behind kinesis',
  );
  expect(judgeClocks(new Map([['kinesis', { clockAhead: undefined, signed: true }]])).verdict).toBe(
    'skipped',
  );
});

test('a dead worker costs failoverTime + 3 s up to 200 leases, and two scans more beyond (G6)', () => {
  expect(judgeFailover(200, 10_000).found).toContain('within 13 s');
  expect(judgeFailover(1000, 10_000).found).toContain('within 21 s: with 1000 rows');
  expect(judgeFailover(100_000, 10_000).found).toContain('within 51 s');
});

test('a table that is another one, or goes away, fails; one that is being made warns', () => {
  const settings = {
    create: true,
    billing: { mode: 'PAY_PER_REQUEST' },
    tags: {},
    pointInTimeRecovery: false,
    deletionProtection: false,
  } as const;
  const table = {
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' as const }],
    AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' as const }],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' as const },
  };
  expect(
    verdicts(
      judgeTable({ ...table, TableStatus: 'ACTIVE' }, settings),
      judgeTable({ ...table, TableStatus: 'CREATING' }, settings),
      judgeTable({ ...table, TableStatus: 'DELETING' }, settings),
      judgeTable({ ...table, KeySchema: [] }, settings),
    ),
  ).toEqual(['ok', 'warning', 'failed', 'failed']);
  const provisioned = { ...table, BillingModeSummary: undefined, TableStatus: 'ACTIVE' as const };
  expect(judgeTable(provisioned, settings).found).toContain('unlike leaseTableBillingMode PAY_PER_REQUEST');
});

test('rows are told by who holds them', () => {
  const rows = [
    leaseOf('a', { owner: 'me', ours: true }),
    leaseOf('b', { owner: 'java' }),
    leaseOf('c', { checkpoint: 'SHARD_END' }),
  ];
  expect(judgeRows(rows, 2).found).toBe(
    '3 leases, 1 read to the end, 2 held, 1 by KCL workers, 2 rows of a KCL 3.x beside them',
  );
  expect(
    judgeOwners(
      rows.slice(0, 2),
      new Map([
        ['a', 1],
        ['b', 0],
      ]),
      2000,
      4000,
    ).found,
  ).toBe('running: me with 1 lease; silent for 2 s: java');
  expect(judgeOwners(rows.slice(0, 1), new Map([['a', rows[0]?.counter ?? 0]]), 5000, 60_000).found).toBe(
    'silent for 5 s (they write every 20 s): me',
  );
});

test('a fleet in 3X mode fails while it reports, warns when it is silent, and when nobody may look', () => {
  const state = { table: 't', version: 'CLIENT_VERSION_3X', leader: undefined, at: 1_000_000 };
  expect(
    verdicts(
      judgeFleet([{ ...state, reports: new Map([['w', 990]]) }], []),
      judgeFleet([{ ...state, reports: new Map([['w', 100]]) }], []),
      judgeFleet([], ['t']),
      judgeFleet([], []),
    ),
  ).toEqual(['failed', 'warning', 'warning', 'ok']);
});

test('a checkpoint behind half of the retention is warned of', () => {
  const day = 24 * 3_600_000;
  expect(verdicts(judgeLag([0, day / 2], 2, day), judgeLag([0, day / 2 + 1], 2, day))).toEqual([
    'ok',
    'warning',
  ]);
  expect(judgeLag([60_000], 30, day).found).toContain('of 1 asked among 30 shards');
});

test('a subscription of another type fails only while somebody is connected', () => {
  const wanted = {
    subscriptionName: 's',
    subscriptionType: 'Failover',
    sourceSubscriptionPosition: 'latest',
  } as const;
  const found = { type: 'Shared', msgBacklog: 3 };
  expect(
    verdicts(
      judgeSubscription(undefined, wanted),
      judgeSubscription({ ...found, consumers: [] }, wanted),
      judgeSubscription({ ...found, consumers: [{}] }, wanted),
      judgeSubscription({ ...found, type: 'Failover', consumers: [{}] }, wanted),
    ),
  ).toEqual(['ok', 'ok', 'failed', 'ok']);
});

test('a topic that does not deduplicate fails, unless the source switches it on, or it is not there', () => {
  const off = new ConnectorError('PULSAR_DEDUPLICATION_OFF', 'off');
  expect(
    verdicts(
      judgeDeduplication(off, false, false),
      judgeDeduplication(off, true, false),
      judgeDeduplication(off, false, true),
    ),
  ).toEqual(['failed', 'ok', 'warning']);
});

test('records that fit into no message are warned of', () => {
  expect(
    verdicts(
      judgeSize(100, false, 200),
      judgeSize(100, true, 200),
      judgeSize(100, false, 100),
      judgeSize(undefined, false, 9),
    ),
  ).toEqual(['warning', 'ok', 'ok', 'ok']);
});

test('partitions are told from topics that are only called like them', () => {
  const topics = [
    'persistent://a/b/t-partition-0',
    'persistent://a/b/t-partition-1',
    'persistent://a/b/t-partition-x',
  ];
  expect(foundAmong(topics, 'persistent://a/b/t')).toEqual({ exists: true, partitions: 2 });
  expect(foundAmong(topics, 'persistent://a/b/t2')).toEqual({ exists: false, partitions: 0 });
});

test('the share of the limits that a sink may use is told', () => {
  expect(judgeCapacity(3, { rateLimit: 50, retainOrdering: false }).found).toBe(
    'up to 1500 records/s and 1.5 MiB/s to 3 open shards',
  );
});

test('an identity is told with what it is, and when it ends', () => {
  const caller = { arn: 'arn:aws:iam::1:role/r', account: '1', expiration: 7_200_000 };
  expect(identityWords(caller, { type: 'default' }, 0)).toBe(
    'arn:aws:iam::1:role/r of account 1, found by the default chain, renewed before it expires in 2 h',
  );
});

test.each([
  [999, '999 ms'],
  [2000, '2 s'],
  [119_999, '120 s'],
  [7_200_000, '2 h'],
  [172_800_000, '2 d'],
])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
