import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TableDescription } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../../src/aws/dynamo-api';
import type { Lease } from '../../../src/lease/lease';
import { createInput, decodeLease } from '../../../src/lease/serializer';
import { isLeaseTable } from '../../../src/lease/table-definition';

const FIXTURES = join(__dirname, '../../fixtures/kcl-tables');

interface StoredTable extends Pick<TableDescription, 'KeySchema' | 'AttributeDefinitions'> {
  readonly Items: readonly Item[];
}

const tables = readdirSync(FIXTURES)
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) => {
    const stored = JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as { [table: string]: StoredTable };
    return Object.entries(stored).map(([name, table]) => [`${file}: ${name}`, name, table] as const);
  });

const leasesOf = (file: string): Map<string, Lease> => {
  const rows = tables.find(([title, name]) => title.startsWith(`${file}.json`) && !name.includes('-'))?.[2]
    .Items;
  const leases = (rows ?? []).flatMap((item) => decodeLease(item) ?? []);
  return new Map(leases.map((lease) => [lease.shardId, lease]));
};

test.each(tables)('every lease row of %s is read, and no other row is taken for one', (_, name, table) => {
  const isSideTable = /-(CoordinatorState|WorkerMetricStats)$/.test(name);
  expect(isLeaseTable(table as TableDescription)).toBe(!isSideTable);
  const leases = table.Items.flatMap((item) => decodeLease(item) ?? []);
  expect(leases).toHaveLength(isSideTable ? 0 : table.Items.length);
  for (const lease of leases) {
    expect(lease.hashRange).toMatchObject({ endingHashKey: expect.stringMatching(/^\d+$/) });
    expect(lease.ours).toBe(false);
  }
});

test('a table that KCL 2.6.0 left after a split says who came from whom and how far each was read', () => {
  const leases = leasesOf('kcl-2.6.0-split');
  expect(leases.get('shardId-000000000000')).toMatchObject({
    owner: 'w1',
    counter: 8,
    checkpoint: { sequenceNumber: 'SHARD_END', subSequenceNumber: 0 },
    childShardIds: ['shardId-000000000002', 'shardId-000000000003'],
  });
  expect(leases.get('shardId-000000000003')).toMatchObject({
    owner: undefined,
    counter: 0,
    checkpoint: { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 },
    parentShardIds: ['shardId-000000000000'],
  });
});

test('a table that the Java connector left still names its worker, and its numeric checkpoints', () => {
  const leases = [...leasesOf('java-connector-4.0.8-stopped').values()];
  expect(leases.length).toBeGreaterThan(0);
  for (const { owner, checkpoint } of leases) {
    expect(owner).toBe('0');
    expect(checkpoint.sequenceNumber).toMatch(/^\d{50,}$/);
  }
});

describe('a row', () => {
  const row: Item = {
    leaseKey: { S: 'shardId-000000000000' },
    leaseCounter: { N: '3' },
    checkpoint: { S: 'LATEST' },
  };

  test('needs no more than key, counter and checkpoint', () => {
    expect(decodeLease(row)).toEqual({
      key: 'shardId-000000000000',
      stream: undefined,
      shardId: 'shardId-000000000000',
      owner: undefined,
      counter: 3,
      checkpoint: { sequenceNumber: 'LATEST', subSequenceNumber: 0 },
      ownerSwitchesSinceCheckpoint: 0,
      parentShardIds: [],
      childShardIds: [],
      hashRange: undefined,
      ours: false,
      handoffTo: undefined,
      handoffId: undefined,
      draining: undefined,
      startAt: undefined,
      caughtUpAt: undefined,
      streamArn: undefined,
      anchor: false,
    });
  });

  test.each(['STREAM', 'LEADER', 'WORKER_METRIC_STATS', 'TABLE_MIGRATION'])(
    'of entity type %s is no lease',
    (type) => {
      expect(decodeLease({ ...row, entityType: { S: type } })).toBeUndefined();
      expect(decodeLease({ ...row, entityType: { S: 'LEASE' } })).toBeDefined();
    },
  );

  test.each(['leaseKey', 'leaseCounter', 'checkpoint'])('without %s is no lease', (attribute) => {
    const { [attribute]: _, ...rest } = row;
    expect(decodeLease(rest)).toBeUndefined();
  });

  test('is one of ours only while its owner is the worker that marked it', () => {
    const marked = { ...row, kind: { S: 'w1' } };
    expect(decodeLease({ ...marked, leaseOwner: { S: 'w1' } })?.ours).toBe(true);
    expect(decodeLease({ ...marked, leaseOwner: { S: 'java' } })?.ours).toBe(false);
    expect(decodeLease(marked)?.ours).toBe(false);
  });

  test('of a multi-stream application names its stream and its shard', () => {
    const several = { leaseKey: { S: '1:orders:7:s' }, streamName: { S: '1:orders:7' }, shardId: { S: 's' } };
    expect(decodeLease({ ...row, ...several })).toMatchObject({
      key: '1:orders:7:s',
      stream: '1:orders:7',
      shardId: 's',
    });
    expect(decodeLease(row)?.stream).toBeUndefined();
  });
});

describe('a new row', () => {
  const lease = {
    shardId: 's',
    checkpoint: { sequenceNumber: 'LATEST', subSequenceNumber: 0 },
    parentShardIds: [],
    hashRange: { startingHashKey: '0', endingHashKey: '5' },
    startAt: 1_767_225_600_000,
    streamArn: 'arn',
  };

  test('has exactly what KCL 2.6.0 writes, and two attributes of our own', () => {
    const kcl = tables.find(([title]) => title.startsWith('kcl-2.6.0-fresh'))?.[2].Items[0] ?? {};
    const ours = createInput('app', lease).Item ?? {};
    expect(Object.keys(ours).sort()).toEqual([...Object.keys(kcl), 'startAt', 'streamArn'].sort());
    for (const [attribute, value] of Object.entries(kcl)) {
      expect(Object.keys(ours[attribute] ?? {})).toEqual(Object.keys(value));
    }
  });

  test('that only holds an instant says so, and has no hash range', () => {
    const item = createInput('app', { ...lease, hashRange: undefined, anchor: true }).Item ?? {};
    expect(item).not.toHaveProperty('startingHashKey');
    expect(decodeLease(item)).toMatchObject({ anchor: true, startAt: lease.startAt });
  });

  test('has no hash range of one key, which Java cannot read, and no empty set', () => {
    const one = { startingHashKey: '5', endingHashKey: '5' };
    const item = createInput('app', { ...lease, hashRange: one }).Item ?? {};
    expect(item).not.toHaveProperty('startingHashKey');
    expect(item).not.toHaveProperty('endingHashKey');
    expect(item).not.toHaveProperty('parentShardId');
  });
});
