import type { KinesisApi } from '../../../src/aws/kinesis-api';
import { silentLogger } from '../../../src/util/logger';
import { FAILOVER, LeaseLab, STREAM, TABLE, type TestWorker } from '../../support/lease-lab';

const [ZERO, ONE, TWO, THREE] = [0, 1, 2, 3].map((n) => `shardId-00000000000${n}`) as [
  string,
  string,
  string,
  string,
];

const row = (shardId: string, checkpoint: string, ...parents: string[]) => ({
  leaseKey: { S: shardId },
  leaseCounter: { N: '0' },
  checkpoint: { S: checkpoint },
  checkpointSubSequenceNumber: { N: '0' },
  ownerSwitchesSinceCheckpoint: { N: '0' },
  ...(parents.length > 0 && { parentShardId: { SS: parents } }),
});

/** A stream split twice, and a worker on a table that another program left with `rows`. */
async function start(rows: readonly ReturnType<typeof row>[], kinesis?: (lab: LeaseLab) => KinesisApi) {
  const lab = new LeaseLab(1);
  lab.split(ZERO);
  lab.split(ONE);
  await lab.dynamo.createTable({
    TableName: TABLE,
    AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  for (const one of rows) {
    await lab.put(one);
  }
  let listings = 0;
  const api = kinesis?.(lab) ?? lab.kinesis;
  const worker = lab.worker('w1', {
    scanInterval: 1000,
    kinesis: {
      ...api,
      listShards: (...args) => {
        listings++;
        return api.listShards(...args);
      },
    },
  });
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  return { lab, worker, listings: () => listings };
}

function waitFor(worker: TestWorker, shardId: string): { done: boolean } {
  const { lease, signal } = worker.held(shardId);
  const state = { done: false };
  void worker.coordinator.awaitParents(lease, signal).then(() => {
    state.done = true;
  });
  return state;
}

test('a parent that has no row and may hold unread records gets one first, and is waited for', async () => {
  // 0 → (1 → (3, 4), 2); somebody deleted the row of 1.
  const { lab, worker } = await start([
    row(ZERO, 'SHARD_END'),
    row(TWO, '99999999999999999999999999999999999999999999999999999999', ZERO),
    row(THREE, 'TRIM_HORIZON', ONE),
    row('shardId-000000000004', 'TRIM_HORIZON', ONE),
  ]);
  const { lease } = worker.held(THREE);
  expect(worker.coordinator.parentsFinished(lease)).toBe('unknown');
  const waiting = waitFor(worker, THREE);
  await lab.clock.advance(2000);
  expect(lab.row(ONE)).toMatchObject({ checkpoint: 'TRIM_HORIZON', parentShardId: [ZERO], leaseOwner: 'w1' });
  expect(worker.coordinator.parentsFinished(lease)).toBe(false);
  await lab.clock.advance(FAILOVER);
  expect(waiting.done).toBe(false);
  await lab.clock.run(worker.held(ONE).finish([THREE, 'shardId-000000000004']));
  await lab.clock.advance(0);
  expect(waiting.done).toBe(true);
  await lab.clock.run(worker.stop());
});

test('a chain of parents without rows starts at its oldest shard', async () => {
  const { lab, worker } = await start([row(THREE, 'TRIM_HORIZON', ONE), row(TWO, '5'.repeat(57), ZERO)]);
  // Bootstrap has mended the open shard 4; the row of 0 leads to 1, which comes when 0 has ended.
  const waiting = waitFor(worker, THREE);
  await lab.clock.advance(5000);
  expect(lab.row(ZERO)).toMatchObject({ checkpoint: 'TRIM_HORIZON' });
  expect(lab.row(ONE)).toBeUndefined();
  expect(worker.coordinator.parentsFinished(worker.held(THREE).lease)).toBe(false);
  expect(waiting.done).toBe(false);
  await lab.clock.run(worker.stop());
});

test('a parent that Kinesis no longer names has ended', async () => {
  const withoutZero = (lab: LeaseLab): KinesisApi => ({
    ...lab.kinesis,
    listShards: async (stream, { filter: _, ...query }) => {
      const { shards } = await lab.kinesis.listShards(stream, query);
      return { shards: shards.filter(({ shardId }) => shardId !== ZERO), nextToken: undefined };
    },
  });
  const { lab, worker } = await start(
    [row(ONE, 'TRIM_HORIZON', ZERO), row(TWO, 'TRIM_HORIZON', ZERO)],
    withoutZero,
  );
  const waiting = waitFor(worker, ONE);
  await lab.clock.advance(0);
  expect(waiting.done).toBe(true);
  expect(lab.row(ZERO)).toBeUndefined();
  await lab.clock.run(worker.stop());
});

test('a parent that vanishes while what is above it is read is not waited for for ever', async () => {
  const gone = new Set<string>();
  const vanishing = (lab: LeaseLab): KinesisApi => ({
    ...lab.kinesis,
    listShards: async (stream, { filter, ...query }) => {
      // What is left is all that there is at the trim horizon.
      const asked = gone.size > 0 || filter === undefined ? query : { ...query, filter };
      const { shards, nextToken } = await lab.kinesis.listShards(stream, asked);
      return { shards: shards.filter(({ shardId }) => !gone.has(shardId)), nextToken };
    },
  });
  const rows = [row(THREE, 'TRIM_HORIZON', ONE), row(TWO, '5'.repeat(57), ZERO)];
  const { lab, worker, listings } = await start(rows, vanishing);
  const waiting = waitFor(worker, THREE);
  await lab.clock.advance(5000);
  const before = listings();
  await lab.clock.advance(5000);
  expect(waiting.done).toBe(false);
  expect(listings()).toBe(before);
  gone.add(ZERO).add(ONE);
  await lab.clock.run(worker.held(ZERO).finish([TWO]));
  await lab.clock.advance(2000);
  expect(lab.row(ONE)).toBeUndefined();
  expect(waiting.done).toBe(true);
  await lab.clock.run(worker.stop());
});

test('a parent that had closed before the start has ended; one listing answers for all shards', async () => {
  const lab = new LeaseLab(4);
  await lab.clock.advance(10_000);
  const timestamp = lab.clock.now() + 5000;
  for (const shardId of lab.shardIds()) {
    lab.split(shardId);
  }
  await lab.clock.advance(10_000);
  const asked: unknown[] = [];
  const worker = lab.worker('w1', {
    initialPosition: { type: 'AT_TIMESTAMP', timestamp },
    kinesis: {
      ...lab.kinesis,
      listShards: (stream, query) => {
        asked.push(query);
        return lab.kinesis.listShards(stream, query);
      },
    },
  });
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  expect(worker.shards).toHaveLength(8);
  asked.length = 0;
  const waits = worker.shards.map((shardId) => waitFor(worker, shardId));
  await lab.clock.advance(0);
  expect(waits.map(({ done }) => done)).toEqual(new Array(8).fill(true));
  expect(asked).toHaveLength(2);
  expect(lab.rows()).toHaveLength(9);
  await lab.clock.run(worker.stop());
});

test('a shard that has begun began after its parents: no listing is needed when their rows are gone', async () => {
  const begun = '9'.repeat(56);
  const { lab, worker, listings } = await start([
    row(TWO, begun, ZERO),
    row(THREE, begun, ONE),
    row('shardId-000000000004', begun, ONE),
  ]);
  const before = listings();
  expect(worker.coordinator.parentsFinished(worker.held(TWO).lease)).toBe(true);
  expect(listings()).toBe(before);
  await lab.clock.run(worker.stop());
});

test('a parent whose row was there and is gone has ended: only finished rows are deleted', async () => {
  const { lab, worker, listings } = await start([
    row(ZERO, 'SHARD_END'),
    row(ONE, 'TRIM_HORIZON', ZERO),
    row(TWO, 'TRIM_HORIZON', ZERO),
  ]);
  const before = listings();
  await lab.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: ZERO } } });
  await lab.clock.advance(1100);
  expect(worker.coordinator.leases().map(({ shardId }) => shardId)).not.toContain(ZERO);
  expect(worker.coordinator.parentsFinished(worker.held(ONE).lease)).toBe(true);
  expect(listings()).toBe(before);
  await lab.clock.run(worker.stop());
});

test('a parent that waits for an ancestor is waited for, though LATEST was frozen after all of them had closed', async () => {
  // 0 → (2, 3), then 2 + 1 → 4; a KCL worker has finished 1 and created 4, and 0 is half read: 2 has no row yet.
  const lab = new LeaseLab(2);
  const [first] = lab.kinesis.model.call('ListShards', { StreamName: STREAM }).Shards;
  const half = first?.SequenceNumberRange.StartingSequenceNumber ?? '';
  lab.split(ZERO);
  lab.merge(THREE, ONE);
  const FOUR = 'shardId-000000000004';
  await lab.dynamo.createTable({
    TableName: TABLE,
    AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  for (const one of [row(ZERO, half), row(ONE, 'SHARD_END'), row(FOUR, 'TRIM_HORIZON', THREE, ONE)]) {
    await lab.put(one);
  }
  await lab.clock.advance(60_000);
  const worker = lab.worker('w1', { initialPosition: { type: 'LATEST' } });
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  const waiting = waitFor(worker, FOUR);
  await lab.clock.advance(2000);
  expect(waiting.done).toBe(false);
  expect(lab.rows().map(({ leaseKey }) => leaseKey)).toEqual([ZERO, ONE, FOUR]);
  await lab.clock.run(worker.stop());
});

test('a shard at LATEST was a start: parents without a row lie before it, and nothing is listed for them', async () => {
  const { lab, worker, listings } = await start([row(TWO, 'LATEST', ZERO), row(THREE, 'LATEST', ONE)]);
  const before = listings();
  expect(worker.coordinator.parentsFinished(worker.held(THREE).lease)).toBe(true);
  expect(listings()).toBe(before);
  await lab.clock.run(worker.stop());
});

describe('with shardIds', () => {
  const warnings: unknown[] = [];
  const options = {
    shardIds: [THREE, 'shardId-000000000004'],
    logger: {
      ...silentLogger,
      warn: (fields: object, message: string) => warnings.push({ ...fields, message }),
    },
  };

  test('a parent that is not named is not waited for, and the log says so once', async () => {
    const lab = new LeaseLab(1);
    lab.split(ZERO);
    const first = lab.worker('w0', { maxLeases: 0 });
    await lab.clock.run(first.start());
    await lab.put(row(ONE, 'TRIM_HORIZON', ZERO));
    lab.split(ONE);
    await lab.put(row(THREE, 'TRIM_HORIZON', ONE));
    await lab.put(row('shardId-000000000004', 'TRIM_HORIZON', ONE));
    const worker = lab.worker('w1', options);
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    const waits = options.shardIds.map((shardId) => waitFor(worker, shardId));
    await lab.clock.advance(0);
    expect(waits).toEqual([{ done: true }, { done: true }]);
    expect(warnings).toMatchObject([{ parent: ONE, message: expect.stringContaining('not waited for') }]);
    await lab.clock.run(worker.stop());
    await lab.clock.run(first.stop());
  });

  test('a parent that is named is waited for', async () => {
    const lab = new LeaseLab(1);
    await lab.clock.run(lab.worker('w0', { maxLeases: 0 }).start());
    lab.split(ZERO);
    await lab.put(row(ONE, 'TRIM_HORIZON', ZERO));
    const worker = lab.worker('w1', { shardIds: [ZERO, ONE] });
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    const waiting = waitFor(worker, ONE);
    await lab.clock.advance(FAILOVER);
    expect(waiting.done).toBe(false);
    await lab.clock.run(worker.held(ZERO).finish([ONE, TWO]));
    await lab.clock.advance(0);
    expect(waiting.done).toBe(true);
    await lab.clock.run(worker.stop());
  });
});

test('a parent whose row is gone because the table was set back has not ended', async () => {
  // 0 → (1 → (3, 4), 2); all begins anew at 0, and the row of 3 is made again by somebody who came before 1.
  const FOUR = 'shardId-000000000004';
  const { lab, worker } = await start([
    row(ZERO, 'SHARD_END'),
    row(ONE, 'SHARD_END', ZERO),
    row(TWO, '9'.repeat(56), ZERO),
    row(THREE, '9'.repeat(56), ONE),
    row(FOUR, '9'.repeat(56), ONE),
  ]);
  await lab.put(row(ZERO, 'TRIM_HORIZON'));
  for (const shardId of [ONE, TWO, THREE, FOUR]) {
    await lab.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: shardId } } });
  }
  await lab.clock.advance(2 * FAILOVER);
  for (const shardId of [TWO, THREE, FOUR]) {
    worker.end(shardId);
  }
  await lab.put(row(THREE, 'TRIM_HORIZON', ONE));
  await lab.clock.advance(FAILOVER);
  expect(worker.held(THREE).lease.checkpoint.sequenceNumber).toBe('TRIM_HORIZON');
  const waiting = waitFor(worker, THREE);
  await lab.clock.advance(FAILOVER);
  expect(lab.row(ZERO)).toMatchObject({ checkpoint: 'TRIM_HORIZON' });
  expect(waiting.done).toBe(false);
  await lab.clock.run(worker.stop());
});
