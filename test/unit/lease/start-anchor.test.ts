import type { DynamoApi } from '../../../src/aws/dynamo-api';
import { ANCHOR } from '../../../src/lease/start-anchor';
import { randomInt, seededRandom } from '../../../src/util/random';
import { LeaseLab, type Row, STREAM, TABLE } from '../../support/lease-lab';
import { drained } from '../../support/manual-clock';
import { SimulatedProcess, type Weather } from '../../support/simulated-process';

const FAILOVER = 3000;
const WORKERS = 4;

const kclRow = (shardId: string, checkpoint: string) => ({
  leaseKey: { S: shardId },
  leaseCounter: { N: '0' },
  checkpoint: { S: checkpoint },
  checkpointSubSequenceNumber: { N: '0' },
  ownerSwitchesSinceCheckpoint: { N: '0' },
});

/** Splits a random open shard, or merges two neighbours. */
function reshard(lab: LeaseLab, random: ReturnType<typeof seededRandom>): void {
  const { Shards } = lab.kinesis.model.call('ListShards', {
    StreamName: STREAM,
    ShardFilter: { Type: 'AT_LATEST' },
  });
  const open = [...Shards].sort((a, b) =>
    BigInt(a.HashKeyRange.StartingHashKey) < BigInt(b.HashKeyRange.StartingHashKey) ? -1 : 1,
  );
  const [shard, next] = open.slice(randomInt(random, open.length));
  if (shard !== undefined && next !== undefined && random.next() < open.length / 6) {
    lab.merge(shard.ShardId, next.ShardId);
  } else if (shard !== undefined) {
    lab.split(shard.ShardId);
  }
}

/** Shards that were open at the instant, as the service says. */
function openAt(lab: LeaseLab, instant: number): string[] {
  const listed = lab.kinesis.model.call('ListShards', {
    StreamName: STREAM,
    ShardFilter: { Type: 'AT_TIMESTAMP', Timestamp: instant / 1000 },
  });
  return listed.Shards.map(({ ShardId }) => ShardId).sort();
}

function descends(lab: LeaseLab, shardId: string, from: ReadonlySet<unknown>): boolean {
  const { Shards } = lab.kinesis.model.call('ListShards', { StreamName: STREAM });
  const { ParentShardId, AdjacentParentShardId } = Shards.find((shard) => shard.ShardId === shardId) ?? {};
  return (
    from.has(shardId) ||
    [ParentShardId, AdjacentParentShardId].some((id) => id !== undefined && descends(lab, id, from))
  );
}

const readable = (rows: readonly Row[]): unknown[] =>
  rows.filter(({ anchor }) => anchor === undefined).map(({ leaseKey }) => leaseKey);

/**
 * Workers that start within seconds of each other while the stream is resharded: slow, paused, killed at any call,
 * their writes lost or late. None of them reads anything.
 */
async function startedTogether(
  seed: number,
  prepare: (lab: LeaseLab) => Promise<void> = async () => undefined,
) {
  const random = seededRandom(seed);
  const lab = new LeaseLab(1 + randomInt(random, 3));
  await lab.clock.advance(60_000 + randomInt(random, 1000));
  for (let n = randomInt(random, 4); n > 0; n--) {
    reshard(lab, random);
    await lab.clock.advance(1700);
  }
  await prepare(lab);
  const weather: Weather = { lostWrites: 0.3, lostReads: 0.1, throttles: 0.1, slow: 0.5, latencyMs: 300 };
  /** Every instant that ever stood in the table. */
  const instants = new Set<unknown>();
  const watched: DynamoApi = {
    ...lab.dynamo,
    putItem: async (input) => {
      await lab.dynamo.putItem(input);
      instants.add(input.Item?.startAt?.N);
    },
  };
  const start = (name: string) => {
    const process = new SimulatedProcess(lab.clock, random, weather, { settled: drained });
    const worker = lab.worker(name, {
      clock: process,
      random,
      kinesis: process.kinesis(lab.kinesis),
      dynamo: process.dynamo(watched),
      initialPosition: { type: 'LATEST' },
      failoverTime: FAILOVER,
      maxLeases: 0,
    });
    const state = { process, worker, done: false };
    worker.start().then(
      () => {
        state.done = true;
      },
      (error: Error) => worker.fatal.push(error),
    );
    return state;
  };
  const workers = Array.from({ length: WORKERS }, (_, n) => start(`w${n}`));
  for (let step = 0; step < 12; step++) {
    await lab.clock.advance(randomInt(random, 1500));
    if (random.next() < 0.4) {
      reshard(lab, random);
    }
    const { process } = workers[randomInt(random, WORKERS)] as (typeof workers)[number];
    const fate = random.next();
    if (fate < 0.15) {
      process.kill();
    } else if (fate < 0.4) {
      process.pause();
      await lab.clock.advance(randomInt(random, 3 * FAILOVER));
      await process.resume();
    }
  }
  Object.assign(weather, { lostWrites: 0, lostReads: 0, throttles: 0, slow: 0 });
  const last = start('last');
  for (let n = 0; n < 60 && !last.done; n++) {
    await lab.clock.advance(500);
  }
  await lab.clock.advance(5000);
  const all = [...workers, last];
  for (const { process } of all) {
    process.kill();
  }
  return { lab, instants, done: last.done, failures: all.flatMap(({ worker }) => worker.fatal) };
}

test('whatever happens while workers start, one instant stands, with a row for just what was open then', async () => {
  for (let seed = 1; seed <= 80; seed++) {
    const { lab, instants, done, failures } = await startedTogether(seed);
    const rows = lab.rows();
    const startAt = Number(rows[0]?.startAt);
    expect({ seed, done, failures, instants: [...instants] }).toEqual({
      seed,
      done: true,
      failures: [],
      instants: [String(startAt)],
    });
    expect({ seed, rows: readable(rows) }).toEqual({ seed, rows: openAt(lab, startAt) });
    for (const row of rows) {
      expect(row.checkpoint).toBe(row.anchor === undefined ? 'LATEST' : 'SHARD_END');
    }
  }
}, 60_000);

test('over a KCL fleet that waits at LATEST, half its rows missing, one instant stands and nothing open then is left out', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { lab, done } = await startedTogether(seed, async (fresh) => {
      await fresh.dynamo.createTable({
        TableName: TABLE,
        AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      });
      // The first start of that fleet was cut short.
      const open = openAt(fresh, fresh.clock.now());
      for (const shardId of open.slice(0, Math.ceil(open.length / 2))) {
        await fresh.put(kclRow(shardId, 'LATEST'));
      }
    });
    const instants = lab.rows().flatMap(({ startAt }) => startAt ?? []);
    expect({ seed, done, instants: new Set(instants).size }).toEqual({ seed, done: true, instants: 1 });
    const read = new Set(readable(lab.rows()));
    const unread = openAt(lab, Number(instants[0])).filter((shardId) => !descends(lab, shardId, read));
    expect({ seed, unread }).toEqual({ seed, unread: [] });
  }
}, 60_000);

describe('the anchor', () => {
  const latest = { initialPosition: { type: 'LATEST' }, failoverTime: FAILOVER, scanInterval: 1000 } as const;
  const resharded = async (): Promise<LeaseLab> => {
    const lab = new LeaseLab(1);
    await lab.clock.advance(1000);
    lab.split(ANCHOR);
    await lab.clock.advance(60_000);
    return lab;
  };

  test('is the row of its shard when that was open, and read like any other', async () => {
    const lab = new LeaseLab(2);
    await lab.clock.advance(60_000);
    const worker = lab.worker('w1', latest);
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    expect(lab.rows()).toHaveLength(2);
    expect(worker.shards).toContain(ANCHOR);
    await lab.clock.run(worker.stop());
  });

  test('of a shard that had closed is read by nobody and holds no child up', async () => {
    const lab = await resharded();
    const worker = lab.worker('w1', latest);
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    expect(worker.shards).toEqual(['shardId-000000000001', 'shardId-000000000002']);
    for (const shardId of worker.shards) {
      expect(worker.coordinator.parentsFinished(worker.held(shardId).lease)).toBe(true);
    }
    await lab.clock.run(worker.stop());
  });

  test('makes nothing below it start at the beginning when it is all that a start has left', async () => {
    const lab = await resharded();
    const dying = lab.worker('w1', latest);
    dying.dynamo.next(undefined, 'hanging', 'hanging');
    dying.start().catch(() => undefined);
    await lab.clock.advance(1000);
    const [anchor, ...others] = lab.rows();
    expect([anchor?.leaseKey, anchor?.checkpoint, others]).toEqual([ANCHOR, 'SHARD_END', []]);
    await lab.clock.advance(3_600_000);
    lab.split('shardId-000000000001');
    const worker = lab.worker('w2', { ...latest, maxLeases: 0 });
    await lab.clock.run(worker.start());
    expect(lab.rows().slice(1)).toMatchObject([
      { leaseKey: 'shardId-000000000001', checkpoint: 'LATEST', startAt: anchor?.startAt },
      { leaseKey: 'shardId-000000000002', checkpoint: 'LATEST', startAt: anchor?.startAt },
    ]);
    await lab.clock.run(worker.stop());
  });

  test('is deleted when others hold its instant and no creation can be under way any more', async () => {
    const lab = await resharded();
    const worker = lab.worker('w1', latest);
    await lab.clock.run(worker.start());
    await lab.clock.advance(29 * FAILOVER);
    expect(lab.row(ANCHOR)).toBeDefined();
    await lab.clock.advance(2 * FAILOVER);
    expect(lab.rows().map(({ leaseKey }) => leaseKey)).toEqual([
      'shardId-000000000001',
      'shardId-000000000002',
    ]);
    await lab.clock.run(worker.stop());
  });

  test('is put only by a worker that has looked shortly before: a pause makes it look again', async () => {
    const lab = await resharded();
    const seen: string[] = [];
    const worker = lab.worker('w1', {
      ...latest,
      dynamo: {
        ...lab.dynamo,
        scan: async (input) => {
          const page = await lab.dynamo.scan(input);
          if (seen.push('scan') === 1) {
            await lab.clock.advance(11 * FAILOVER);
          }
          return page;
        },
        putItem: (input) => {
          seen.push('put');
          return lab.dynamo.putItem(input);
        },
      },
      maxLeases: 0,
    });
    await lab.clock.run(worker.start());
    expect(seen.slice(0, 5)).toEqual(['scan', 'scan', 'put', 'put', 'put']);
    await lab.clock.run(worker.stop());
  });
});
