import { NO_METRICS } from '../../../src/io';
import { LeaseLab, type Row, STREAM, TABLE, type TestWorker } from '../../support/lease-lab';

const [ZERO, ONE] = ['shardId-000000000000', 'shardId-000000000001'] as const;
const INTERVAL = 120_000;
const LONG = 31 * 10_000;

const row = (shardId: string, fields: { readonly [name: string]: object } = {}) => ({
  leaseKey: { S: shardId },
  leaseCounter: { N: '4' },
  checkpoint: { S: 'TRIM_HORIZON' },
  checkpointSubSequenceNumber: { N: '0' },
  ownerSwitchesSinceCheckpoint: { N: '0' },
  ...fields,
});

const keys = (rows: readonly Row[]): unknown[] => rows.map(({ leaseKey }) => leaseKey);
const remove = (lab: LeaseLab, shardId: string) =>
  lab.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: shardId } } });

async function running(
  lab: LeaseLab,
  name = 'w1',
  options: Parameters<LeaseLab['worker']>[1] = {},
): Promise<TestWorker> {
  const worker = lab.worker(name, { maxLeases: 0, scanInterval: 1000, ...options });
  await lab.clock.run(worker.start());
  return worker;
}

test('a row that vanished is created again after three audits, not after two', async () => {
  const lab = new LeaseLab(4);
  const workers = [await running(lab, 'w1'), await running(lab, 'w2')];
  await remove(lab, ONE);
  await lab.clock.advance(INTERVAL * 1.5);
  expect(lab.row(ONE)).toBeUndefined();
  await lab.clock.advance(INTERVAL * 2);
  expect(lab.row(ONE)).toMatchObject({ checkpoint: 'TRIM_HORIZON' });
  for (const worker of workers) {
    await lab.clock.run(worker.stop());
  }
});

test('a table that lost every row is filled at once, from the instant that stood in it', async () => {
  const lab = new LeaseLab(3);
  const worker = await running(lab, 'w1', { initialPosition: { type: 'LATEST' } });
  const before = lab.rows();
  await lab.clock.advance(3_600_000);
  for (const shardId of lab.shardIds()) {
    await remove(lab, shardId);
  }
  await lab.clock.advance(5000);
  expect(lab.rows().map(({ leaseKey, startAt }) => [leaseKey, startAt])).toEqual(
    before.map(({ leaseKey, startAt }) => [leaseKey, startAt]),
  );
  await lab.clock.run(worker.stop());
});

test('reshards, shards that nobody may read, and rows cleaned up are no holes: nothing is written for them', async () => {
  const lab = new LeaseLab(2);
  const recorded: string[] = [];
  const worker = await running(lab, 'w1', {
    maxLeases: 10,
    shardIds: [ZERO],
    metrics: {
      ...NO_METRICS,
      instrument: (name) => ({
        record: (value) => void (name === 'audit_partial_leases' && value > 0 && recorded.push(name)),
      }),
    },
  });
  await lab.clock.advance(2000);
  lab.split(ZERO);
  const held = worker.held(ZERO);
  const [left, right] = lab.shardIds().slice(2);
  const children = lab.kinesis.model
    .call('ListShards', { StreamName: 'orders' })
    .Shards.slice(2)
    .map(({ ShardId, HashKeyRange }) => ({
      shardId: ShardId,
      parentShards: [ZERO],
      startingHashKey: HashKeyRange.StartingHashKey,
      endingHashKey: HashKeyRange.EndingHashKey,
    }));
  await lab.clock.run(worker.coordinator.createChildren(held, children));
  await lab.clock.run(held.finish([left ?? '', right ?? '']));
  worker.end(ZERO);
  const writes = worker.dynamo.writes;
  await lab.clock.advance(10 * INTERVAL);
  expect(recorded).toEqual([]);
  expect(worker.dynamo.writes).toBe(writes);
  expect(keys(lab.rows())).toEqual([ZERO, ONE, left, right]);
  await lab.clock.run(worker.stop());
});

test('ranges that a row of an old KCL worker lacks are filled in, its counter left alone', async () => {
  const lab = new LeaseLab(2);
  const first = await running(lab);
  await lab.clock.run(first.stop());
  await lab.put(row(ONE, { leaseOwner: { S: 'java' } }));
  let listings = 0;
  const worker = await running(lab, 'w2', {
    kinesis: {
      ...lab.kinesis,
      listShards: (...args) => {
        listings++;
        return lab.kinesis.listShards(...args);
      },
    },
  });
  const before = listings;
  await lab.clock.advance(4 * INTERVAL);
  expect(lab.row(ONE)).toMatchObject({
    leaseOwner: 'java',
    leaseCounter: 4,
    startingHashKey: String(1n << 127n),
    endingHashKey: String((1n << 128n) - 1n),
  });
  expect(listings - before).toBe(1);
  await lab.clock.run(worker.stop());
});

test('finished rows of shards that Kinesis no longer names are deleted after a while, unfinished ones are not', async () => {
  const lab = new LeaseLab(1);
  const first = await running(lab);
  await lab.clock.run(first.stop());
  await lab.put(row('shardId-000000000777', { checkpoint: { S: 'SHARD_END' } }));
  await lab.put(row('shardId-000000000888', { checkpoint: { S: '5' } }));
  const workers = [await running(lab, 'w2'), await running(lab, 'w3')];
  await lab.clock.advance(LONG - 20_000);
  expect(lab.rows()).toHaveLength(3);
  await lab.clock.advance(2 * INTERVAL);
  expect(keys(lab.rows())).toEqual([ZERO, 'shardId-000000000888']);
  for (const worker of workers) {
    expect(worker.fatal).toEqual([]);
    await lab.clock.run(worker.stop());
  }
});

test('stopping ends an audit that waits for an answer', async () => {
  const lab = new LeaseLab(2);
  let asked = 0;
  const worker = await running(lab, 'w1', {
    kinesis: {
      ...lab.kinesis,
      describeStream: (stream, options) => {
        if (lab.rows().length !== 1) {
          return lab.kinesis.describeStream(stream, options);
        }
        asked++;
        return new Promise((_, reject) =>
          options?.signal?.addEventListener('abort', () => reject(options.signal?.reason)),
        );
      },
    },
  });
  await remove(lab, ONE);
  await lab.clock.advance(4 * INTERVAL);
  expect(asked).toBe(1);
  await lab.clock.run(worker.stop());
  expect(worker.fatal).toEqual([]);
  expect(lab.clock.pending).toBe(0);
});

test('a stream that was made anew under its name ends the worker at the next audit, though nothing reads it', async () => {
  const lab = new LeaseLab(2);
  const worker = await running(lab);
  await lab.clock.advance(5000);
  lab.kinesis.model.call('DeleteStream', { StreamName: STREAM });
  lab.kinesis.model.call('CreateStream', { StreamName: STREAM, ShardCount: 2 });
  await lab.clock.advance(INTERVAL * 1.2);
  expect(worker.fatal).toEqual([expect.objectContaining({ code: 'KINESIS_STREAM_RECREATED' })]);
  await lab.clock.run(worker.stop());
});
