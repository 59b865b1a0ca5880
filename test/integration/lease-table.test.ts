import { once, setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { DynamoApi, Item } from '../../src/aws/dynamo-api';
import { createDynamoApi } from '../../src/aws/dynamo-client';
import { createKinesisApi } from '../../src/aws/kinesis-client';
import { type Emulator, startEmulator } from '../../src/emulator';
import { NO_METRICS } from '../../src/io';
import { Fleet3x } from '../../src/lease/fleet-3x';
import type { HeldLease } from '../../src/lease/held-lease';
import type { Lease } from '../../src/lease/lease';
import { LeaseCoordinator } from '../../src/lease/lease-coordinator';
import { LeaseTable } from '../../src/lease/lease-table';
import type { NewLease } from '../../src/lease/serializer';
import { openLeaseTable } from '../../src/lease/table-opening';
import { systemClock } from '../../src/util/clock';
import { type Deferred, deferred } from '../../src/util/deferred';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { awsSettings } from '../support/aws-settings';
import { decodeAsJava } from '../support/java-lease';
import { kclTables, restore, rowsOf } from '../support/kcl-tables';
import { DEFAULT_TABLE, LEASE_DEFAULTS, unwatched } from '../support/lease-defaults';
import { leasedStream } from '../support/leased-stream';

const SHARD = 'shardId-000000000000';
const never = new AbortController().signal;
setMaxListeners(0, never);
const deps = { clock: systemClock, random: systemRandom, logger: silentLogger, metrics: NO_METRICS };
const retry = { clock: systemClock, random: systemRandom, bounds: { initialMs: 50, maxMs: 500 } };
const opening = { retry, logger: silentLogger, settings: DEFAULT_TABLE };

const newLease: NewLease = {
  shardId: SHARD,
  checkpoint: { sequenceNumber: 'LATEST', subSequenceNumber: 0 },
  parentShardIds: ['shardId-parent-b', 'shardId-parent-a'],
  hashRange: { startingHashKey: '0', endingHashKey: '340282366920938463463374607431768211455' },
  startAt: 1_767_225_600_123,
  streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders',
};

async function startDynalite() {
  const dynalite = require('dynalite') as (options: object) => Server;
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const SERVICES = {
  'the emulator': async () => {
    const emulator = await startEmulator();
    return { endpoint: emulator.dynamodbEndpoint, close: () => emulator.close() };
  },
  dynalite: startDynalite,
};

describe.each(Object.entries(SERVICES))('a lease table in %s', (_, start) => {
  let dynamo: DynamoApi & { close(): void };
  let close: () => Promise<void>;
  let tables = 0;
  let table: LeaseTable;

  beforeAll(async () => {
    const service = await start();
    close = service.close;
    dynamo = createDynamoApi(awsSettings(service.endpoint), deps);
  });

  afterAll(async () => {
    dynamo.close();
    await close();
  });

  beforeEach(async () => {
    const tableName = `app-${tables++}`;
    table = new LeaseTable(tableName, dynamo);
    await openLeaseTable({ dynamo, tableName, ...opening }, never);
  });

  const get = async (): Promise<Lease> => {
    const lease = await table.get(SHARD, never);
    if (lease === undefined) {
      throw new Error('no row');
    }
    return lease;
  };
  const refused = { code: 'LEASE_TABLE_CONDITION' };

  test('is created once, though several workers want it, and has the shape of the KCL', async () => {
    const name = `shared-${tables++}`;
    await Promise.all([1, 2, 3].map(() => openLeaseTable({ dynamo, tableName: name, ...opening }, never)));
    const golden = JSON.parse(
      readFileSync(join(__dirname, '../fixtures/kcl-tables/kcl-2.6.0-fresh.json'), 'utf8'),
    ).kp26;
    const description = await dynamo.describeTable(name);
    expect(description?.KeySchema).toEqual(golden.KeySchema);
    expect(description?.AttributeDefinitions).toEqual(golden.AttributeDefinitions);
    expect(description?.BillingModeSummary?.BillingMode).toBe(golden.Billing);
  });

  test('is created provisioned where that is asked for, and stays so', async () => {
    const tableName = `provisioned-${tables++}`;
    const billing = { mode: 'PROVISIONED', readCapacity: 5, writeCapacity: 7 } as const;
    await openLeaseTable({ dynamo, tableName, ...opening, settings: { ...DEFAULT_TABLE, billing } }, never);
    await openLeaseTable({ dynamo, tableName, ...opening }, never);
    const table = await dynamo.describeTable(tableName);
    expect(table?.ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 5, WriteCapacityUnits: 7 });
    expect(table?.BillingModeSummary?.BillingMode ?? 'PROVISIONED').toBe('PROVISIONED');
  });

  test.each([
    ['another key', ['id']],
    ['a range key', ['leaseKey', 'shard']],
  ])('with %s is refused', async (_, names) => {
    const tableName = `shape-${tables++}`;
    await dynamo.createTable({
      TableName: tableName,
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
      KeySchema: names.map((AttributeName, n) => ({ AttributeName, KeyType: n === 0 ? 'HASH' : 'RANGE' })),
      BillingMode: 'PAY_PER_REQUEST',
    });
    const opened = openLeaseTable({ dynamo, tableName, ...opening }, never);
    await expect(opened).rejects.toMatchObject({ code: 'LEASE_TABLE_WRONG_SHAPE' });
  });

  test.each(['kcl-2.6.0-children', 'kcl-3.4.2-3x-children', 'java-connector-4.0.8-stopped'])(
    'as %s is taken over row by row, and every row stays one that Java reads',
    async (title) => {
      const stored = kclTables(title);
      const tableName = `${title}-${tables++}`;
      const binary = {
        pendingCheckpointState: { B: new Uint8Array([1, 255]) },
        checkpointOwner: { S: 'w9' },
      };
      const Items = stored.leases.Items.map((item) => ({ ...item, ...binary }));
      await restore(dynamo, { tables: new Map([[tableName, { ...stored.leases, Items }]]) });
      const golden = new LeaseTable(tableName, dynamo);
      const checkpoint = { sequenceNumber: '9'.repeat(56), subSequenceNumber: 3 };
      for (const seen of await golden.scan(never)) {
        const { shardId, counter } = await golden.take(seen, 'ours', undefined, never);
        decodeAsJava((await rowsOf(dynamo, tableName)).get(shardId) ?? {});
        const renewed = await golden.write(shardId, { owner: 'ours', counter }, {}, never);
        const last = { checkpoint, release: true };
        await golden.write(shardId, { owner: 'ours', counter: renewed.counter }, last, never);
      }
      for (const item of (await rowsOf(dynamo, tableName)).values()) {
        expect(decodeAsJava(item)).toMatchObject({ leaseOwner: null, pendingCheckpointState: null });
        expect(item).not.toHaveProperty('checkpointOwner');
        expect(item).toMatchObject({ checkpoint: { S: checkpoint.sequenceNumber } });
      }
    },
  );

  test('beside which a fleet in 3X mode reports is refused, by the time of the service', async () => {
    const stored = kclTables('kcl-3.4.2-3x-running');
    const reports = `${stored.application}-WorkerMetricStats`;
    const report = Number(stored.tables.get(reports)?.Items[0]?.lut?.N) * 1000;
    await restore(dynamo, stored);
    const fleetAt = (reportedAt: number) => {
      // The clock of this machine may be wrong: it would take the report for one of this minute, or of long ago.
      const clock = { ...systemClock, now: () => reportedAt + 1000 };
      const { application } = stored;
      const check = { dynamo, applicationName: application, leaseTable: application, logger: silentLogger };
      return new Fleet3x({ ...check, retry: { ...retry, clock } });
    };
    await fleetAt(report).refuseLive(never);
    await dynamo.updateItem({
      TableName: reports,
      Key: { wid: { S: 'w1' } },
      UpdateExpression: 'SET lut = :now',
      ExpressionAttributeValues: { ':now': { N: String(Math.floor(systemClock.now() / 1000)) } },
    });
    await expect(fleetAt(0).refuseLive(never)).rejects.toMatchObject({ code: 'LEASE_TABLE_LIVE_3X_FLEET' });
  });

  test('keeps a row as it was created, and does not create it twice', async () => {
    expect(await table.create(newLease, never)).toEqual(await get());
    const again = { ...newLease, checkpoint: { sequenceNumber: '7', subSequenceNumber: 1 } };
    expect(await table.create(again, never)).toBeUndefined();
    expect(await get()).toMatchObject({
      owner: undefined,
      counter: 0,
      checkpoint: newLease.checkpoint,
      startAt: newLease.startAt,
      streamArn: newLease.streamArn,
      hashRange: newLease.hashRange,
    });
    expect([...(await get()).parentShardIds].sort()).toEqual(['shardId-parent-a', 'shardId-parent-b']);
  });

  test('lets one of twenty workers take a lease', async () => {
    await table.create(newLease, never);
    const seen = await get();
    const takes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => table.take(seen, `w${n}`, undefined, never)),
    );
    const won = takes.flatMap((take) => (take.status === 'fulfilled' ? [take.value] : []));
    const lost = takes.flatMap((take) => (take.status === 'rejected' ? [take.reason] : []));
    expect(won).toEqual([await get()]);
    expect(won[0]).toMatchObject({ counter: 1, ours: true, ownerSwitchesSinceCheckpoint: 0 });
    expect(lost).toMatchObject(new Array(19).fill(refused));
  });

  test('takes only the row as seen: owner and counter', async () => {
    await table.create(newLease, never);
    const free = await get();
    const first = await table.take(free, 'a', undefined, never);
    await expect(table.take(free, 'b', undefined, never)).rejects.toMatchObject(refused);
    await expect(table.take({ ...first, owner: 'x' }, 'b', undefined, never)).rejects.toMatchObject(refused);
    await expect(table.take({ ...first, owner: undefined }, 'b', undefined, never)).rejects.toMatchObject(
      refused,
    );
    await expect(table.take({ ...first, counter: 2 }, 'b', undefined, never)).rejects.toMatchObject(refused);
    expect(await table.take(first, 'b', undefined, never)).toMatchObject({
      owner: 'b',
      counter: 2,
      ownerSwitchesSinceCheckpoint: 1,
    });
    await expect(
      table.take({ ...free, shardId: 'no such row' }, 'b', undefined, never),
    ).rejects.toMatchObject(refused);
    expect(await table.get('no such row', never)).toBeUndefined();
  });

  test('freezes the start of a row that names none, and never that of a row that does', async () => {
    await table.create({ ...newLease, startAt: undefined }, never);
    expect(await table.take(await get(), 'a', 5, never)).toMatchObject({ startAt: 5 });
    expect(await table.take(await get(), 'a', 9, never)).toMatchObject({ startAt: 5 });
    const numeric = { ...newLease, shardId: 'n', startAt: undefined };
    await table.create({ ...numeric, checkpoint: { sequenceNumber: '77', subSequenceNumber: 0 } }, never);
    const row = await table.get('n', never);
    expect(row && (await table.take(row, 'a', 5, never)).startAt).toBeUndefined();
  });

  test.each([
    ['a renewal', {}],
    ['a checkpoint', { checkpoint: { sequenceNumber: '12', subSequenceNumber: 3 }, caughtUpAt: 99 }],
    ['an eviction', { release: true }],
    [
      'an end of shard',
      {
        checkpoint: { sequenceNumber: 'SHARD_END', subSequenceNumber: 0 },
        childShardIds: ['x'],
        release: true,
      },
    ],
  ])('takes %s of its owner with its counter, and of nobody else', async (_kind, change) => {
    await table.create(newLease, never);
    const { counter } = await table.take(await get(), 'a', undefined, never);
    for (const holder of [
      { owner: 'b', counter },
      { owner: 'a', counter: counter - 1 },
      { owner: 'a', counter: counter + 1 },
    ]) {
      await expect(table.write(SHARD, holder, change, never)).rejects.toMatchObject(refused);
    }
    const written = await table.write(SHARD, { owner: 'a', counter }, change, never);
    expect(written).toEqual(await get());
    expect(written).toMatchObject({
      counter: counter + 1,
      owner: 'release' in change ? undefined : 'a',
      checkpoint: 'checkpoint' in change ? change.checkpoint : newLease.checkpoint,
      childShardIds: 'childShardIds' in change ? change.childShardIds : [],
      caughtUpAt: 'caughtUpAt' in change ? change.caughtUpAt : undefined,
    });
  });

  test('erases what a take and a checkpoint must erase, and nothing it does not know', async () => {
    const item: Item = {
      leaseKey: { S: SHARD },
      leaseOwner: { S: 'java' },
      leaseCounter: { N: '41' },
      checkpoint: { S: '5' },
      checkpointSubSequenceNumber: { N: '0' },
      ownerSwitchesSinceCheckpoint: { N: '2' },
      checkpointOwner: { S: 'java-2' },
      throughputKBps: { N: '50.874790' },
      entityType: { S: 'LEASE' },
      pendingCheckpoint: { S: '6' },
      pendingCheckpointSubSequenceNumber: { N: '1' },
      pendingCheckpointState: { B: new Uint8Array([1, 255]) },
      unknown: { M: { deep: { L: [{ NULL: true }] } } },
    };
    await dynamo.putItem({ TableName: table.name, Item: item });
    await table.take(await get(), 'a', undefined, never);
    const raw = () => dynamo.getItem({ TableName: table.name, Key: { leaseKey: { S: SHARD } } });
    const { checkpointOwner, ...kept } = item;
    expect(checkpointOwner).toBeDefined();
    expect(await raw()).toMatchObject({
      ...kept,
      leaseOwner: { S: 'a' },
      leaseCounter: { N: '42' },
      ownerSwitchesSinceCheckpoint: { N: '3' },
      throughputKBps: { N: expect.stringMatching(/^50\.87479/) },
    });
    expect(await raw()).not.toHaveProperty('checkpointOwner');
    const change = { checkpoint: { sequenceNumber: '8', subSequenceNumber: 0 } };
    await table.write(SHARD, { owner: 'a', counter: 42 }, change, never);
    expect(await raw()).toEqual({
      leaseKey: { S: SHARD },
      leaseOwner: { S: 'a' },
      kind: { S: 'a' },
      leaseCounter: { N: '43' },
      checkpoint: { S: '8' },
      checkpointSubSequenceNumber: { N: '0' },
      ownerSwitchesSinceCheckpoint: { N: '0' },
      throughputKBps: { N: expect.stringMatching(/^50\.87479/) },
      entityType: item.entityType,
      unknown: item.unknown,
    });
  });

  test('deletes a row only when its shard was read to the end', async () => {
    await table.create(newLease, never);
    expect(await table.deleteFinished(SHARD, never)).toBe(false);
    expect(await get()).toBeDefined();
    const { counter } = await table.take(await get(), 'a', undefined, never);
    const end = { checkpoint: { sequenceNumber: 'SHARD_END', subSequenceNumber: 0 } };
    await table.write(SHARD, { owner: 'a', counter }, end, never);
    expect(await table.deleteFinished(SHARD, never)).toBe(true);
    expect(await table.deleteFinished(SHARD, never)).toBe(false);
  });

  test('is scanned to its last page, rows that are no leases left out', async () => {
    // Rows of 20 KB, so that a page of 1 MB holds about fifty.
    const padding = { S: 'x'.repeat(20_000) };
    for (let n = 0; n < 120; n++) {
      const item = { leaseKey: { S: `s${n}` }, leaseCounter: { N: '1' }, checkpoint: { S: '9' }, padding };
      await dynamo.putItem({ TableName: table.name, Item: item });
    }
    await dynamo.putItem({
      TableName: table.name,
      Item: { leaseKey: { S: 'Leader' }, entityType: { S: 'LEADER' } },
    });
    const leases = await table.scan(never);
    expect(new Set(leases.map(({ shardId }) => shardId)).size).toBe(120);
  });

  test('refuses rows of another stream once it knows its own', async () => {
    await table.create(newLease, never);
    table.belongsTo(newLease.streamArn);
    expect(await table.scan(never)).toHaveLength(1);
    table.belongsTo(`${newLease.streamArn}-2`);
    await expect(table.scan(never)).rejects.toMatchObject({ code: 'LEASE_TABLE_OTHER_STREAM' });
  });
});

describe('two workers over HTTP, one after the other', () => {
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startEmulator();
    emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 3 });
  });
  afterAll(() => emulator.close());

  function worker(name: string, expected: number) {
    const settings = awsSettings(emulator.kinesisEndpoint);
    const kinesis = createKinesisApi(settings, deps);
    const dynamo = createDynamoApi(settings, deps);
    const held: HeldLease[] = [];
    const ended: Deferred<void>[] = [];
    const complete = deferred<void>();
    const coordinator = new LeaseCoordinator({
      ...LEASE_DEFAULTS,
      ...deps,
      applicationName: 'orders-app',
      watch: unwatched(deps.clock),
      dynamo,
      tableName: 'orders-app',
      layout: 'ONE_STREAM',
      label: 'orders',
      worker: name,
      initialPosition: { type: 'LATEST' },
      failoverTime: 10_000,
      checkpointInterval: 50,
      maxLeases: 100,
      backoff: { initialMs: 50, maxMs: 500 },
      onAcquired: (lease) => {
        const end = deferred<void>();
        held.push(lease);
        ended.push(end);
        if (held.length === expected) {
          complete.resolve();
        }
        return end.promise;
      },
      onFatal: (error) => complete.reject(error),
    });
    return {
      start: () => coordinator.start([leasedStream(kinesis, 'orders')]),
      held,
      complete: complete.promise,
      stop: async () => {
        await coordinator.stopTaking();
        await Promise.all(
          held.map((lease) => lease.evict({ sequenceNumber: '9'.repeat(56), subSequenceNumber: 2 })),
        );
        for (const end of ended) {
          end.resolve();
        }
        await coordinator.stop();
        kinesis.close();
        dynamo.close();
      },
    };
  }

  test('the second holds every shard as soon as it is up, where the first one stopped', async () => {
    const first = worker('w1', 3);
    await first.start();
    await first.complete;
    await first.stop();

    const second = worker('w2', 3);
    const started = systemClock.monotonic();
    await second.start();
    await second.complete;
    expect(systemClock.monotonic() - started).toBeLessThan(2000);
    for (const { lease } of second.held) {
      expect(lease.checkpoint).toEqual({ sequenceNumber: '9'.repeat(56), subSequenceNumber: 2 });
    }
    await second.stop();
  });
});
