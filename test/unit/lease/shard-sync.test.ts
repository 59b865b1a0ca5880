import type { KinesisApi, ShardFilter } from '../../../src/aws/kinesis-api';
import type { InitialPosition } from '../../../src/config/types';
import { LeaseLab, type Row, STREAM, TABLE } from '../../support/lease-lab';
import { KCL_EXAMPLE } from '../../support/shards';

const NOON = Date.UTC(2026, 0, 1, 12);
const ARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`;
const ZERO = 'shardId-000000000000';

const keys = (rows: readonly Row[]): unknown[] => rows.map((row) => row.leaseKey);
const lease = (shardId: string, fields: { readonly [name: string]: object } = {}) => ({
  leaseKey: { S: shardId },
  leaseCounter: { N: '4' },
  checkpoint: { S: 'TRIM_HORIZON' },
  checkpointSubSequenceNumber: { N: '0' },
  ownerSwitchesSinceCheckpoint: { N: '0' },
  ...fields,
});

async function started(lab: LeaseLab, initialPosition: InitialPosition, kinesis: KinesisApi = lab.kinesis) {
  const worker = lab.worker('w1', { initialPosition, kinesis });
  await lab.clock.run(worker.start());
  await lab.clock.run(worker.stop());
  return worker;
}

async function withTable(lab: LeaseLab, ...rows: Parameters<LeaseLab['put']>[0][]): Promise<LeaseLab> {
  await lab.dynamo.createTable({
    TableName: TABLE,
    AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  for (const row of rows) {
    await lab.put(row);
  }
  return lab;
}

/** A Kinesis that lists the shards of the example of the KCL; `asked` keeps the filters. */
function exampleStream(lab: LeaseLab, open: { readonly [filter: string]: readonly string[] }) {
  const asked: (ShardFilter | undefined)[] = [];
  const kinesis: KinesisApi = {
    ...lab.kinesis,
    listShards: async (_stream, { filter }) => {
      asked.push(filter);
      const ids = filter === undefined ? undefined : open[filter.type];
      return {
        shards: KCL_EXAMPLE.filter(({ shardId }) => ids === undefined || ids.includes(shardId)),
        nextToken: undefined,
      };
    },
  };
  return { kinesis, asked };
}

describe('an empty table gets', () => {
  test('TRIM_HORIZON: the oldest shards, without an instant', async () => {
    const lab = new LeaseLab(2);
    lab.split(ZERO);
    await started(lab, { type: 'TRIM_HORIZON' });
    expect(keys(lab.rows())).toEqual([ZERO, 'shardId-000000000001']);
    expect(lab.row(ZERO)).toMatchObject({ checkpoint: 'TRIM_HORIZON', streamArn: ARN, startingHashKey: '0' });
    expect(lab.row(ZERO)).not.toHaveProperty('startAt');
  });

  test('LATEST: the open shards, each with the one instant that the service named before it listed them', async () => {
    const lab = new LeaseLab(2);
    await lab.clock.advance(3_600_000);
    lab.split(ZERO);
    await lab.clock.advance(60_000);
    await started(lab, { type: 'LATEST' });
    const [anchor, ...rows] = lab.rows();
    expect(anchor).toMatchObject({ leaseKey: ZERO, checkpoint: 'SHARD_END', startAt: NOON + 3_660_000 });
    expect(keys(rows)).toEqual(['shardId-000000000001', 'shardId-000000000002', 'shardId-000000000003']);
    for (const row of rows) {
      expect(row).toMatchObject({ checkpoint: 'LATEST', startAt: NOON + 3_660_000 });
    }
    expect(rows[1]?.parentShardId).toEqual([ZERO]);
  });

  test('LATEST: the parent too, when the stream is split between the freezing and the listing', async () => {
    const lab = new LeaseLab(1);
    await lab.clock.advance(5000);
    const kinesis: KinesisApi = {
      ...lab.kinesis,
      describeStream: async (...args) => {
        const description = await lab.kinesis.describeStream(...args);
        await lab.clock.advance(1500);
        lab.split(ZERO);
        return description;
      },
    };
    await lab.clock.run(lab.worker('w1', { initialPosition: { type: 'LATEST' }, kinesis }).start());
    expect(keys(lab.rows())).toEqual([ZERO]);
    expect(lab.row(ZERO)).toMatchObject({ checkpoint: 'LATEST', startAt: NOON + 5000 });
  });

  test('AT_TIMESTAMP: the shards that were open then, with that instant', async () => {
    const lab = new LeaseLab(1);
    await lab.clock.advance(60_000);
    const between = lab.clock.now();
    await lab.clock.advance(60_000);
    lab.split(ZERO);
    await started(lab, { type: 'AT_TIMESTAMP', timestamp: between });
    expect(lab.rows()).toMatchObject([{ leaseKey: ZERO, checkpoint: 'AT_TIMESTAMP', startAt: between }]);
  });

  test('AT_TIMESTAMP before the stream was created: what the trim horizon would give', async () => {
    const lab = new LeaseLab(1);
    lab.split(ZERO);
    await started(lab, { type: 'AT_TIMESTAMP', timestamp: NOON - 86_400_000 });
    expect(keys(lab.rows())).toEqual([ZERO]);
  });

  test('every page of the listing: 2,500 shards', async () => {
    const lab = new LeaseLab(2500);
    const worker = lab.worker('w1', { maxLeases: 1 });
    await lab.clock.run(worker.start());
    expect(lab.rows()).toHaveLength(2500);
    await lab.clock.run(worker.stop());
  });
});

test('a start position in the future is refused, the current second is not', async () => {
  const lab = new LeaseLab(1);
  const now = lab.clock.now();
  await started(lab, { type: 'AT_TIMESTAMP', timestamp: now });
  const future = started(new LeaseLab(1), { type: 'AT_TIMESTAMP', timestamp: now + 60_000 });
  await expect(future).rejects.toMatchObject({ code: 'START_POSITION_IN_FUTURE', treatment: 'config' });
});

test('a listing that leaves hash keys out is asked for three times, then refused', async () => {
  const lab = new LeaseLab(2);
  let asked = 0;
  const kinesis: KinesisApi = {
    ...lab.kinesis,
    listShards: async (...args) => {
      asked++;
      return { shards: (await lab.kinesis.listShards(...args)).shards.slice(1), nextToken: undefined };
    },
  };
  await expect(started(lab, { type: 'LATEST' }, kinesis)).rejects.toMatchObject({
    code: 'KINESIS_HASH_RANGE_INCOMPLETE',
  });
  expect(asked).toBe(3);
  expect(lab.rows()).toEqual([]);
});

describe('the example of the KCL, leases 4, 5 and 7 there already', () => {
  const table = (lab: LeaseLab) => withTable(lab, lease('4'), lease('5'), lease('7'));

  test('TRIM_HORIZON: 0 and 1 are missing', async () => {
    const lab = await table(new LeaseLab());
    const { kinesis, asked } = exampleStream(lab, { AT_TRIM_HORIZON: ['0', '1', '2', '3', '4', '5'] });
    await started(lab, { type: 'TRIM_HORIZON' }, kinesis);
    expect(keys(lab.rows())).toEqual(['0', '1', '4', '5', '7']);
    expect(lab.row('0')).toMatchObject({ checkpoint: 'TRIM_HORIZON' });
    expect(asked[0]).toBeUndefined();
  });

  test('AT_TIMESTAMP at 200: 6 is missing; 0 and 1 had closed before', async () => {
    const lab = await table(new LeaseLab());
    await lab.clock.advance(60_000);
    const { kinesis } = exampleStream(lab, { AT_TIMESTAMP: ['4', '5', '6', '7'] });
    const timestamp = lab.clock.now() - 10_000;
    await started(lab, { type: 'AT_TIMESTAMP', timestamp }, kinesis);
    expect(keys(lab.rows())).toEqual(['4', '5', '6', '7']);
    expect(lab.row('6')).toMatchObject({
      checkpoint: 'AT_TIMESTAMP',
      startAt: timestamp,
      parentShardId: ['0', '1'],
    });
  });

  test('LATEST: the instant that stands in the table is used, not a new one', async () => {
    const lab = await table(new LeaseLab());
    await lab.put(lease('7', { startAt: { N: String(NOON + 30_000) } }));
    await lab.put(lease('5', { startAt: { N: String(NOON + 20_000) } }));
    await lab.clock.advance(600_000);
    const { kinesis, asked } = exampleStream(lab, { AT_TIMESTAMP: ['4', '5', '6', '7'] });
    await started(lab, { type: 'LATEST' }, kinesis);
    expect(asked).toContainEqual({ type: 'AT_TIMESTAMP', timestamp: NOON + 20_000 });
    expect(lab.row('6')).toMatchObject({ checkpoint: 'LATEST', startAt: NOON + 20_000 });
  });
});

describe('a table in use', () => {
  test('that lacks nothing costs one listing and no write', async () => {
    const lab = new LeaseLab(2);
    await started(lab, { type: 'TRIM_HORIZON' });
    const asked: unknown[] = [];
    const kinesis: KinesisApi = {
      ...lab.kinesis,
      listShards: (stream, query) => {
        asked.push(query);
        return lab.kinesis.listShards(stream, query);
      },
    };
    const worker = lab.worker('w2', { kinesis, maxLeases: 0 });
    await lab.clock.run(worker.start());
    await lab.clock.run(worker.stop());
    expect(asked).toEqual([{}]);
    expect(worker.dynamo.writes).toBe(0);
  });

  test('whose bootstrap was cut short is completed from the same instant', async () => {
    const lab = new LeaseLab(4);
    await lab.clock.advance(60_000);
    await started(lab, { type: 'LATEST' });
    const { startAt } = lab.rows()[0] ?? {};
    await lab.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: 'shardId-000000000002' } } });
    await lab.clock.advance(60_000);
    await started(lab, { type: 'LATEST' });
    expect(lab.row('shardId-000000000002')).toMatchObject({ checkpoint: 'LATEST', startAt });
  });

  test('gets a child that is missing below a finished parent from its beginning', async () => {
    const lab = await withTable(new LeaseLab(1), lease(ZERO, { checkpoint: { S: 'SHARD_END' } }));
    lab.split(ZERO);
    await started(lab, { type: 'LATEST' });
    expect(lab.rows().slice(1)).toMatchObject([
      { leaseKey: 'shardId-000000000001', checkpoint: 'TRIM_HORIZON', parentShardId: [ZERO] },
      { leaseKey: 'shardId-000000000002', checkpoint: 'TRIM_HORIZON', parentShardId: [ZERO] },
    ]);
  });

  test('gets no row below unread shards, however long ago they closed, when a row elsewhere is missing', async () => {
    // 0 → (2 → (4, 5), 3): a KCL worker stopped in 0 before the first split; somebody deleted the row of 1.
    const lab = await withTable(new LeaseLab(2));
    const [first] = lab.kinesis.model.call('ListShards', { StreamName: STREAM }).Shards;
    const half = first?.SequenceNumberRange.StartingSequenceNumber ?? '';
    await lab.put(lease(ZERO, { checkpoint: { S: half } }));
    lab.split(ZERO);
    lab.split('shardId-000000000002');
    await lab.clock.advance(60_000);
    await started(lab, { type: 'LATEST' });
    expect(keys(lab.rows())).toEqual([ZERO, 'shardId-000000000001']);
  });

  test('survives a reshard between two pages of the listing', async () => {
    const lab = new LeaseLab(2);
    await started(lab, { type: 'TRIM_HORIZON' });
    let pages = 0;
    const kinesis: KinesisApi = {
      ...lab.kinesis,
      listShards: async (stream, query) => {
        const { shards } = await lab.kinesis.listShards(stream, {});
        pages++;
        if (pages === 1) {
          lab.split(ZERO);
          return { shards: shards.slice(0, 1), nextToken: 'second' };
        }
        return query.nextToken === undefined
          ? { shards, nextToken: undefined }
          : { shards: shards.slice(1), nextToken: undefined };
      },
    };
    await started(lab, { type: 'TRIM_HORIZON' }, kinesis);
    expect(pages).toBe(3);
    expect(keys(lab.rows())).toEqual([ZERO, 'shardId-000000000001']);
  });

  test('that names no instant: what may descend from an unread shard that is gone is read from its beginning', async () => {
    const lab = await withTable(new LeaseLab(1), lease('shardId-000000000888', { checkpoint: { S: '5' } }));
    await started(lab, { type: 'LATEST' });
    expect(lab.row(ZERO)).toMatchObject({ checkpoint: 'TRIM_HORIZON' });
  });

  test.each([
    ['its rows name another stream', { streamArn: { S: `${ARN}-other` } }, 'LEASE_TABLE_OTHER_STREAM'],
    [
      'its rows are of a multi-stream application',
      { streamName: { S: '1:x:2' } },
      'LEASE_TABLE_OTHER_STREAM',
    ],
    [
      'a hash range fits no shard',
      { startingHashKey: { S: '7' }, endingHashKey: { S: '9' } },
      'LEASE_TABLE_OTHER_STREAM',
    ],
    ['a checkpoint is older than its shard', { checkpoint: { S: '12' } }, 'KINESIS_STREAM_RECREATED'],
    ['an open shard has ended', { checkpoint: { S: 'SHARD_END' } }, 'KINESIS_STREAM_RECREATED'],
  ])('is refused when %s', async (_, fields, code) => {
    const lab = await withTable(new LeaseLab(1), lease(ZERO, fields));
    await expect(started(lab, { type: 'LATEST' })).rejects.toMatchObject({ code, treatment: 'fatal' });
  });
});

describe('rows of a KCL worker that began with another start position', () => {
  const MINUTE = 60_000;

  /** The instant at which a source over rows that say `checkpoint` starts. */
  async function instantOf(checkpoint: string, initialPosition: InitialPosition): Promise<unknown> {
    const lab = await withTable(new LeaseLab(1), lease(ZERO, { checkpoint: { S: checkpoint } }));
    await lab.clock.advance(MINUTE);
    const worker = lab.worker('w1', { initialPosition });
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    const { startAt } = worker.held(ZERO).lease;
    expect([lab.row(ZERO)?.checkpoint, lab.row(ZERO)?.startAt]).toEqual([checkpoint, startAt]);
    await lab.clock.run(worker.stop());
    return startAt;
  }

  test('at LATEST are read from when this one began, whatever its own position is', async () => {
    expect(await instantOf('LATEST', { type: 'TRIM_HORIZON' })).toBe(NOON + MINUTE);
    expect(await instantOf('LATEST', { type: 'LATEST' })).toBe(NOON + MINUTE);
  });

  test('at AT_TIMESTAMP get the instant that is configured, and otherwise none', async () => {
    const timestamp = NOON + 30_000;
    expect(await instantOf('AT_TIMESTAMP', { type: 'AT_TIMESTAMP', timestamp })).toBe(timestamp);
    expect(await instantOf('AT_TIMESTAMP', { type: 'LATEST' })).toBeUndefined();
    expect(await instantOf('AT_TIMESTAMP', { type: 'TRIM_HORIZON' })).toBeUndefined();
  });
});

test('a table with another key is refused', async () => {
  const lab = new LeaseLab(1);
  await lab.dynamo.createTable({
    TableName: TABLE,
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  await expect(started(lab, { type: 'LATEST' })).rejects.toMatchObject({
    code: 'LEASE_TABLE_WRONG_SHAPE',
    found: 'id (S)',
  });
});

test('a stream that is still being created is waited for, one that is being deleted is not', async () => {
  const lab = new LeaseLab(1);
  const as = (...states: ('CREATING' | 'DELETING' | 'ACTIVE')[]): KinesisApi => ({
    ...lab.kinesis,
    describeStream: async (...args) => {
      const status = (states.length > 1 ? states.shift() : states[0]) ?? 'ACTIVE';
      return { ...(await lab.kinesis.describeStream(...args)), status };
    },
  });
  await started(lab, { type: 'TRIM_HORIZON' }, as('CREATING', 'CREATING', 'ACTIVE'));
  expect(lab.rows()).toHaveLength(1);
  await expect(started(lab, { type: 'TRIM_HORIZON' }, as('DELETING'))).rejects.toMatchObject({
    code: 'KINESIS_STREAM_NOT_READY',
    found: 'DELETING',
  });
});
