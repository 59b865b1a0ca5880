import type { DynamoApi } from '../../../src/aws/dynamo-api';
import type { ChildShard } from '../../../src/stream/shard';
import { deferred } from '../../../src/util/deferred';
import { FAILOVER, LeaseLab, STREAM, TABLE, type TestWorker } from '../../support/lease-lab';
import { ONE, StreamsLab, TWO, ZERO } from '../../support/streams-lab';

/** Gives every lease up that another worker asks for. */
function obliging(lab: StreamsLab, name: string, streams: readonly string[]): TestWorker {
  return lab.reader(name, streams, {
    onAcquired: (held) =>
      new Promise((resolve) => {
        const giveUp = (): void => void held.evict().then(resolve, resolve);
        held.asked.addEventListener('abort', giveUp, { once: true });
        held.signal.addEventListener('abort', () => resolve(), { once: true });
      }),
  });
}

const holding = ({ coordinator }: TestWorker): string[] =>
  coordinator
    .held()
    .filter((held) => held.isValid())
    .map(({ name }) => name)
    .sort();

const FIRST_HALF = { startingHashKey: '0', endingHashKey: (2n ** 127n - 1n).toString() };
const SECOND_HALF = { startingHashKey: (2n ** 127n).toString(), endingHashKey: (2n ** 128n - 1n).toString() };
const CHILDREN: readonly ChildShard[] = [
  { shardId: ONE, parentShards: [ZERO], ...FIRST_HALF },
  { shardId: TWO, parentShards: [ZERO], ...SECOND_HALF },
];

/** Splits the only shard of the stream, and ends it as its consumer would. */
async function split(lab: StreamsLab, worker: TestWorker, stream: string): Promise<void> {
  lab.kinesis.model.call('SplitShard', {
    StreamName: stream,
    ShardToSplit: ZERO,
    NewStartingHashKey: SECOND_HALF.startingHashKey,
  });
  const parent = worker.held(`${stream}/${ZERO}`);
  await lab.clock.run(worker.coordinator.createChildren(parent, CHILDREN));
  await lab.clock.run(parent.finish(CHILDREN.map(({ shardId }) => shardId)));
  worker.end(`${stream}/${ZERO}`);
}

describe('the rows of several streams', () => {
  test('are those of a multi-stream KCL: keyed by stream and shard, parents and children by plain shard ids', async () => {
    const lab = new StreamsLab({ [STREAM]: 1, refunds: 1 });
    const worker = lab.reader('w1', [STREAM, 'refunds']);
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    await split(lab, worker, STREAM);
    const [parent, child] = lab.rowsOf(STREAM);
    const id = lab.idOf(STREAM);
    expect(id).toMatch(/^000000000000:orders:\d{10}$/);
    expect(parent).toMatchObject({
      leaseKey: `${id}:${ZERO}`,
      streamName: id,
      shardId: ZERO,
      leaseCounter: 2,
      checkpoint: 'SHARD_END',
      checkpointSubSequenceNumber: 0,
      ownerSwitchesSinceCheckpoint: 0,
      childShardIds: [ONE, TWO],
    });
    expect(child).toMatchObject({
      leaseKey: `${id}:${ONE}`,
      streamName: id,
      shardId: ONE,
      checkpoint: 'TRIM_HORIZON',
      parentShardId: [ZERO],
      ...{ startingHashKey: FIRST_HALF.startingHashKey, endingHashKey: FIRST_HALF.endingHashKey },
    });
    expect(lab.rowsOf('refunds')).toMatchObject([{ shardId: ZERO, leaseOwner: 'w1' }]);
    await lab.clock.run(worker.stop());
  });

  test('are named by stream and shard to people, and by the shard alone where there is one stream', async () => {
    const lab = new StreamsLab({ [STREAM]: 1, refunds: 2 });
    const several = lab.reader('w1', [STREAM, 'refunds']);
    await lab.clock.run(several.start());
    await lab.clock.advance(10);
    expect(several.shards).toEqual([`orders/${ZERO}`, `refunds/${ZERO}`, `refunds/${ONE}`]);
    const lost = several.held(`refunds/${ONE}`);
    lost.abandon('the test says so');
    expect(String(lost.signal.reason)).toContain(`refunds/${ONE}`);
    several.end(`refunds/${ONE}`);
    const one = lab.worker('w2', { tableName: 'another' });
    await lab.clock.run(one.start());
    await lab.clock.advance(10);
    expect(one.shards).toEqual([ZERO]);
    await lab.clock.run(Promise.all([several.stop(), one.stop()]));
  });

  test('do not mix: the end of a shard in one stream starts nothing in another with shards of the same ids', async () => {
    const lab = new StreamsLab({ [STREAM]: 1, refunds: 1 });
    const worker = lab.reader('w1', [STREAM, 'refunds']);
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    await split(lab, worker, STREAM);
    await lab.clock.advance(2000);
    expect(worker.shards).toEqual([`orders/${ONE}`, `orders/${TWO}`, `refunds/${ZERO}`]);
    lab.kinesis.model.call('SplitShard', {
      StreamName: 'refunds',
      ShardToSplit: ZERO,
      NewStartingHashKey: SECOND_HALF.startingHashKey,
    });
    const parent = worker.held(`refunds/${ZERO}`);
    await lab.clock.run(worker.coordinator.createChildren(parent, CHILDREN));
    await lab.clock.advance(2000);
    const ended = (name: string) => worker.coordinator.parentsFinished(worker.held(name).lease);
    expect([ended(`orders/${ONE}`), ended(`refunds/${ONE}`)]).toEqual([true, false]);
    await lab.clock.run(worker.stop());
  });

  test('go stream by stream, 30 failover times after their shards have ended and their children begun', async () => {
    const lab = new StreamsLab({ [STREAM]: 1, refunds: 1 });
    const worker = lab.reader('w1', [STREAM, 'refunds']);
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    await split(lab, worker, STREAM);
    await split(lab, worker, 'refunds');
    await lab.clock.advance(2000);
    for (const child of [ONE, TWO]) {
      worker.held(`${STREAM}/${child}`).confirm({ sequenceNumber: '9'.repeat(56), subSequenceNumber: 0 });
    }
    await lab.clock.advance(31 * FAILOVER);
    expect(lab.rowsOf(STREAM).map(({ shardId }) => shardId)).toEqual([ONE, TWO]);
    expect(lab.rowsOf('refunds').map(({ shardId }) => shardId)).toEqual([ZERO, ONE, TWO]);
    await lab.clock.run(worker.stop());
  });
});

test('workers share the leases of all streams evenly, and hand over whatever stream a lease is of', async () => {
  const streams = [STREAM, 'refunds', 'payments'];
  const lab = new StreamsLab({ [STREAM]: 1, refunds: 4, payments: 7 });
  const first = obliging(lab, 'w1', streams);
  await lab.clock.run(first.start());
  await lab.clock.advance(1000);
  expect(holding(first)).toHaveLength(12);
  const second = obliging(lab, 'w2', streams);
  await lab.clock.run(second.start());
  await lab.clock.advance(15_000);
  expect([holding(first).length, holding(second).length]).toEqual([6, 6]);
  expect(new Set([...holding(first), ...holding(second)]).size).toBe(12);
  // Nothing was stolen: every lease was given up by the one who had it.
  expect(lab.rows().every(({ ownerSwitchesSinceCheckpoint }) => ownerSwitchesSinceCheckpoint === 0)).toBe(
    true,
  );
  await lab.clock.run(Promise.all([first.coordinator.stop(), second.coordinator.stop()]));
});

describe('a table of the other kind is refused, and the message says what to do', () => {
  test('rows of one stream, by a reader of several', async () => {
    const lab = new LeaseLab(1);
    const one = lab.worker('w1');
    await lab.clock.run(one.start());
    await lab.clock.run(one.stop());
    const before = lab.rows();
    const several = lab.worker('w2', { layout: 'SEVERAL_STREAMS' });
    await expect(lab.clock.run(several.start())).rejects.toMatchObject({
      code: 'LEASE_TABLE_SINGLE_STREAM',
      treatment: 'fatal',
      found: expect.stringContaining(`row ${ZERO} of arn:aws:kinesis`),
      hint: expect.stringContaining('as one name'),
    });
    expect(lab.rows()).toEqual(before);
  });

  test('rows of several streams, by a reader of one', async () => {
    const lab = new StreamsLab({ [STREAM]: 1 });
    const several = lab.reader('w1', [STREAM]);
    await lab.clock.run(several.start());
    await lab.clock.run(several.stop());
    const before = lab.rows();
    await expect(lab.clock.run(lab.worker('w2').start())).rejects.toMatchObject({
      code: 'LEASE_TABLE_MULTI_STREAM',
      treatment: 'fatal',
      hint: expect.stringContaining('as a list'),
    });
    expect(lab.rows()).toEqual(before);
  });
});

describe('a stream made anew under its name', () => {
  async function remade(): Promise<StreamsLab> {
    const lab = new StreamsLab({ [STREAM]: 1, refunds: 1 });
    const worker = lab.reader('w1', [STREAM, 'refunds']);
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    await lab.clock.run(worker.stop());
    lab.delete('refunds');
    await lab.clock.advance(5000);
    lab.create('refunds', 1);
    return lab;
  }

  test('is refused where it is named: what was read of the one before says nothing of it', async () => {
    const lab = await remade();
    const worker = lab.reader('w2', [STREAM, 'refunds']);
    await expect(lab.clock.run(worker.start())).rejects.toMatchObject({
      code: 'KINESIS_STREAM_RECREATED',
      treatment: 'fatal',
      message: 'stream refunds is not the one that was read',
      expected: expect.stringContaining(lab.idOf('refunds')),
    });
    await lab.clock.run(worker.coordinator.stop());
  });

  test('is another stream where a pattern has found it, and the rows of the one before are left alone', async () => {
    const lab = await remade();
    const before = lab.rows().filter(({ streamName }) => String(streamName).includes(':refunds:'));
    const streams = [lab.stream(STREAM), lab.stream('refunds', { found: true })];
    const worker = lab.reader('w2', [], { streams });
    await lab.clock.run(worker.start());
    await lab.clock.advance(5000);
    expect(worker.shards).toEqual([`orders/${ZERO}`, `refunds/${ZERO}`]);
    expect(worker.held(`refunds/${ZERO}`).lease.stream).toBe(lab.idOf('refunds'));
    expect(lab.rows()).toEqual(expect.arrayContaining(before));
    await lab.clock.run(worker.stop());
  });
});

test('rows of a stream that is not read any more are left alone, whatever becomes of the others', async () => {
  const lab = new StreamsLab({ [STREAM]: 1, refunds: 2 });
  const both = lab.reader('w1', [STREAM, 'refunds']);
  await lab.clock.run(both.start());
  await lab.clock.advance(10);
  await lab.clock.run(both.stop());
  const left = lab.rowsOf('refunds');
  const told: unknown[] = [];
  const stream = lab.stream(STREAM);
  const one = lab.reader('w2', [], {
    streams: [stream],
    logger: { ...stream.logger, info: (fields) => void told.push(fields) },
  });
  await lab.clock.run(one.start());
  await lab.clock.advance(40 * FAILOVER);
  expect(one.shards).toEqual([`orders/${ZERO}`]);
  expect(lab.rowsOf('refunds')).toEqual(left);
  expect(told).toContainEqual({ rows: { [lab.idOf('refunds')]: 2 } });
  await lab.clock.run(one.stop());
});

describe('a stream that joins', () => {
  test('while others are read is read from its beginning, though the others started at LATEST', async () => {
    const lab = new StreamsLab({ [STREAM]: 1 });
    const worker = lab.reader('w1', [STREAM], { initialPosition: { type: 'LATEST' } });
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    lab.create('refunds', 2);
    await lab.clock.advance(60_000);
    await lab.clock.run(worker.coordinator.join(lab.stream('refunds', { found: true })));
    await lab.clock.advance(2000);
    expect(worker.shards).toEqual([`orders/${ZERO}`, `refunds/${ZERO}`, `refunds/${ONE}`]);
    expect(lab.rowsOf(STREAM)).toMatchObject([{ checkpoint: 'LATEST' }]);
    expect(lab.rowsOf('refunds').map(({ checkpoint }) => checkpoint)).toEqual([
      'TRIM_HORIZON',
      'TRIM_HORIZON',
    ]);
    await lab.clock.run(worker.stop());
  });

  test('after a stop in which it was created is read from its beginning; one that was there before, from now on', async () => {
    const lab = new StreamsLab({ [STREAM]: 1, old: 1 });
    await lab.clock.advance(60_000);
    const latest = { initialPosition: { type: 'LATEST' } } as const;
    const before = lab.reader('w1', [STREAM], latest);
    await lab.clock.run(before.start());
    await lab.clock.run(before.stop());
    await lab.clock.advance(60_000);
    lab.create('new', 1);
    await lab.clock.advance(60_000);
    const worker = lab.reader('w2', [STREAM, 'old', 'new'], latest);
    const began = Math.floor(lab.clock.now() / 1000) * 1000;
    await lab.clock.run(worker.start());
    expect(lab.rowsOf('new')).toMatchObject([{ checkpoint: 'TRIM_HORIZON' }]);
    expect(lab.rowsOf('old')).toMatchObject([{ checkpoint: 'LATEST', startAt: began }]);
    await lab.clock.run(worker.stop());
  });

  test('is found by two workers at the same time with one outcome', async () => {
    const lab = new StreamsLab({ [STREAM]: 1 });
    const names = ['w1', 'w2'];
    const workers = names.map((name) => lab.reader(name, [STREAM], { initialPosition: { type: 'LATEST' } }));
    await lab.clock.run(Promise.all(workers.map((worker) => worker.start())));
    lab.create('refunds', 5);
    await lab.clock.run(
      Promise.all(workers.map(({ coordinator }) => coordinator.join(lab.stream('refunds', { found: true })))),
    );
    await lab.clock.advance(5000);
    const held = workers.flatMap((worker) => worker.shards);
    expect(held.filter((name) => name.startsWith('refunds/')).sort()).toHaveLength(5);
    expect(new Set(held).size).toBe(6);
    await lab.clock.run(Promise.all(workers.map((worker) => worker.stop())));
  });

  test('is not read before its rows are complete, though another worker has made some', async () => {
    const lab = new StreamsLab({ [STREAM]: 1, refunds: 2 });
    const before = lab.reader('w1', ['refunds']);
    await lab.clock.run(before.start());
    await lab.clock.run(before.stop());
    const hangs = deferred<void>();
    const refunds = lab.stream('refunds', {
      kinesis: {
        ...lab.kinesis,
        listShards: async (...args) => {
          await hangs.promise;
          return lab.kinesis.listShards(...args);
        },
      },
    });
    const worker = lab.reader('w2', [STREAM]);
    await lab.clock.run(worker.start());
    const joined = worker.coordinator.join(refunds);
    await lab.clock.advance(30_000);
    expect(worker.shards).toEqual([`orders/${ZERO}`]);
    hangs.resolve();
    await lab.clock.run(joined);
    await lab.clock.advance(2000);
    expect(worker.shards).toEqual([`orders/${ZERO}`, `refunds/${ZERO}`, `refunds/${ONE}`]);
    await lab.clock.run(worker.stop());
  });

  test('starts where another worker has just begun to put it, and not half here and half there', async () => {
    const lab = new StreamsLab({ [STREAM]: 1 });
    let meets = true;
    const dynamo: DynamoApi = {
      ...lab.dynamo,
      putItem: async (input) => {
        if (meets && String(input.Item?.leaseKey?.S).includes(':refunds:')) {
          meets = false;
          // The first row of a worker that has started later, and to which the stream was there before.
          const row = { checkpoint: { S: 'LATEST' }, startAt: { N: '1767268800000' } };
          await lab.put({ ...input.Item, ...row, leaseKey: { S: `${lab.idOf('refunds')}:${ZERO}` } });
        }
        return lab.dynamo.putItem(input);
      },
    };
    const worker = lab.reader('w1', [STREAM], { initialPosition: { type: 'LATEST' }, dynamo });
    await lab.clock.run(worker.start());
    lab.create('refunds', 3);
    await lab.clock.run(worker.coordinator.join(lab.stream('refunds', { found: true })));
    expect(lab.rowsOf('refunds').map(({ checkpoint, startAt }) => [checkpoint, startAt])).toEqual(
      Array(3).fill(['LATEST', 1_767_268_800_000]),
    );
    await lab.clock.run(worker.stop());
  });

  test('and cannot be read ends with its error, and the others are read on', async () => {
    const lab = new StreamsLab({ [STREAM]: 1 });
    const worker = lab.reader('w1', [STREAM]);
    await lab.clock.run(worker.start());
    await expect(lab.clock.run(worker.coordinator.join(lab.stream('nowhere')))).rejects.toMatchObject({
      code: 'KINESIS_STREAM_NOT_FOUND',
    });
    await expect(lab.clock.run(worker.coordinator.join(lab.stream(STREAM)))).rejects.toMatchObject({
      code: 'KINESIS_STREAM_TWICE',
    });
    await lab.clock.advance(5000);
    expect([worker.shards, worker.fatal]).toEqual([[`orders/${ZERO}`], []]);
    await lab.clock.run(worker.stop());
  });
});

test('a stream that has vanished is finished by whoever takes its rows, and forgotten when they are deleted', async () => {
  const lab = new StreamsLab({ [STREAM]: 1, refunds: 1 });
  // Its first shard has closed before: the row of that one only holds the instant at which LATEST was frozen.
  lab.kinesis.model.call('SplitShard', {
    StreamName: 'refunds',
    ShardToSplit: ZERO,
    NewStartingHashKey: SECOND_HALF.startingHashKey,
  });
  await lab.clock.advance(5000);
  let gone = false;
  const refunds = lab.stream('refunds', {
    found: true,
    isGone: () => gone,
    kinesis: {
      ...lab.kinesis,
      listShards: (...args) =>
        gone ? Promise.resolve({ shards: [], nextToken: undefined }) : lab.kinesis.listShards(...args),
    },
  });
  const worker = lab.reader('w1', [], {
    streams: [lab.stream(STREAM), refunds],
    maxLeases: 2,
    initialPosition: { type: 'LATEST' },
  });
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  gone = true;
  for (let left = 2; left > 0; left--) {
    const name = worker.shards.find((shard) => shard.startsWith('refunds/')) ?? '';
    const held = worker.held(name);
    await lab.clock.run(worker.coordinator.createChildren(held, []));
    await lab.clock.run(held.finish([]));
    worker.end(name);
    await lab.clock.advance(2000);
  }
  expect(lab.rowsOf('refunds').map(({ checkpoint }) => checkpoint)).toEqual(Array(3).fill('SHARD_END'));
  await lab.clock.advance(60 * FAILOVER);
  expect(lab.rowsOf('refunds')).toEqual([]);
  expect([worker.shards, worker.fatal]).toEqual([[`orders/${ZERO}`], []]);
  // Nothing of it is remembered: it may join as if it had never been there.
  await lab.clock.run(worker.coordinator.join(lab.stream('refunds')));
  await lab.clock.run(worker.stop());
});

test('a KCL worker that holds leases of one stream is balanced against like any other', async () => {
  const lab = new StreamsLab({ [STREAM]: 2, refunds: 2 });
  const first = lab.reader('w1', [STREAM, 'refunds']);
  await lab.clock.run(first.start());
  await lab.clock.advance(10);
  await lab.clock.run(first.stop());
  // What a KCL worker leaves in a row it has taken: its name and a counter that moves.
  const renew = async (): Promise<void> => {
    for (const { leaseKey } of lab.rowsOf('refunds')) {
      await lab.dynamo.updateItem({
        TableName: TABLE,
        Key: { leaseKey: { S: String(leaseKey) } },
        UpdateExpression: 'SET leaseOwner = :java ADD leaseCounter :one',
        ExpressionAttributeValues: { ':java': { S: 'java' }, ':one': { N: '1' } },
      });
    }
  };
  await renew();
  const worker = lab.reader('w2', [STREAM, 'refunds']);
  await lab.clock.run(worker.start());
  for (let s = 0; s < 20; s++) {
    await renew();
    await lab.clock.advance(1000);
  }
  expect(worker.shards).toEqual([`orders/${ZERO}`, `orders/${ONE}`]);
  await lab.clock.run(worker.stop());
});
