import type { DynamoApi, Item } from '../../../src/aws/dynamo-api';
import type { Lease } from '../../../src/lease/lease';
import { LeaseTable } from '../../../src/lease/lease-table';
import type { OwnerChange } from '../../../src/lease/owner-writes';
import { decodeLease } from '../../../src/lease/serializer';
import { createTableInput } from '../../../src/lease/table-definition';
import { SHARD_END } from '../../../src/stream/extended-sequence-number';
import { decodeAsJava } from '../../support/java-lease';
import { inOneTable, KCL_TABLES, kclTables, restore, rowsOf } from '../../support/kcl-tables';
import { DEFAULT_TABLE } from '../../support/lease-defaults';
import { ManualClock } from '../../support/manual-clock';
import { modelDynamo } from '../../support/model-dynamo';

const never = new AbortController().signal;
const ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
const WORKER = 'orders-0-host-1a2b3c4d';

const plain = (item: Item | undefined): { readonly [attribute: string]: unknown } =>
  Object.fromEntries(
    Object.entries(item ?? {}).map(([name, { N, S, SS, ...other }]) => {
      const value = N === undefined ? (S ?? SS?.toSorted()) : Number(N);
      return [name, value ?? other];
    }),
  );

describe.each(
  KCL_TABLES.flatMap((stored) => [
    { title: stored.title, stored },
    { title: `${stored.title}, in one table`, stored: inOneTable(stored) },
  ]),
)('$title', ({ stored }) => {
  const { application, leases } = stored;
  /** What KCL workers of some version may have left beside what these left. */
  const leftBehind: Item = {
    checkpointOwner: { S: 'w9' },
    pendingCheckpoint: { S: '49680420653693231537723719067622223999403650832784162834' },
    pendingCheckpointSubSequenceNumber: { N: '3' },
    // As it stands on the wire, which is what the model takes.
    pendingCheckpointState: { B: 'AP8=' as unknown as Uint8Array },
    isMarkedForLeaseSteal: { BOOL: true },
    future: { M: { deep: { L: [{ NULL: true }, { N: '1.5' }] } } },
  };
  const REMOVED_BY_TAKE = ['checkpointOwner'];
  const REMOVED_BY_CHECKPOINT = Object.keys(leftBehind).filter((name) => name.startsWith('pending'));
  const isLease = ({ entityType }: Item): boolean => (entityType?.S ?? 'LEASE') === 'LEASE';

  async function opened(): Promise<{ dynamo: DynamoApi; table: LeaseTable }> {
    const dynamo = modelDynamo(new ManualClock());
    const Items = leases.Items.map((item) => (isLease(item) ? { ...item, ...leftBehind } : item));
    await restore(dynamo, { tables: new Map([[application, { ...leases, Items }]]) });
    const table = new LeaseTable(application, dynamo);
    table.belongsTo(ARN);
    return { dynamo, table };
  }

  test('only its leases are read, each with what the KCL reads from it', async () => {
    const { table } = await opened();
    const rows = new Map(leases.Items.filter(isLease).map((item) => [item.leaseKey?.S, decodeAsJava(item)]));
    const read = await table.scan(never);
    expect(read).toHaveLength(rows.size);
    for (const lease of read) {
      const java = rows.get(lease.shardId);
      const { startingHashKey, endingHashKey } = lease.hashRange ?? {};
      expect({
        leaseKey: lease.shardId,
        leaseOwner: lease.owner ?? null,
        leaseCounter: BigInt(lease.counter),
        ownerSwitchesSinceCheckpoint: BigInt(lease.ownerSwitchesSinceCheckpoint),
        checkpoint: lease.checkpoint.sequenceNumber,
        subSequenceNumber: BigInt(lease.checkpoint.subSequenceNumber),
        parentShardIds: lease.parentShardIds,
        childShardIds: lease.childShardIds,
        hashKeyRange: [BigInt(startingHashKey ?? -1), BigInt(endingHashKey ?? -1)],
        pendingCheckpoint: null,
        pendingCheckpointState: null,
      }).toEqual(java);
    }
  });

  test('a take-over changes what it must, keeps the rest, and leaves rows that Java reads', async () => {
    const { dynamo, table } = await opened();
    const taken = new Map<string, Lease>();
    let before = await rowsOf(dynamo, application);
    const moved = { sequenceNumber: '9'.repeat(56), subSequenceNumber: 17 };

    /** Compares every row with what it was, `expected` laid over it. */
    async function changed(expected: (lease: Lease) => object, removed: readonly string[]): Promise<void> {
      const after = await rowsOf(dynamo, application);
      expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
      for (const [key, item] of after) {
        const lease = taken.get(key);
        const old = plain(before.get(key));
        if (lease === undefined) {
          expect(plain(item)).toEqual(old);
          continue;
        }
        const kept = Object.fromEntries(Object.entries(old).filter(([name]) => !removed.includes(name)));
        expect(plain(item)).toEqual({ ...kept, ...expected(lease) });
        expect(() => decodeAsJava(item)).not.toThrow();
      }
      before = after;
    }
    async function write(change: OwnerChange): Promise<void> {
      for (const [key, { counter }] of taken) {
        taken.set(key, await table.write(key, { owner: WORKER, counter }, change, never));
      }
    }

    for (const seen of await table.scan(never)) {
      taken.set(seen.shardId, await table.take(seen, WORKER, undefined, never));
    }
    const switches = new Map(
      [...before].map(([key, { leaseOwner, ownerSwitchesSinceCheckpoint: count }]) => [
        key,
        Number(count?.N) + (leaseOwner === undefined ? 0 : 1),
      ]),
    );
    await changed(
      ({ shardId, counter }) => ({
        leaseOwner: WORKER,
        kind: WORKER,
        leaseCounter: counter,
        ownerSwitchesSinceCheckpoint: switches.get(shardId),
      }),
      REMOVED_BY_TAKE,
    );
    await write({});
    await changed(({ counter }) => ({ leaseCounter: counter }), []);
    await write({ checkpoint: moved, caughtUpAt: 1_767_225_600_000 });
    await changed(
      ({ counter }) => ({
        leaseCounter: counter,
        checkpoint: moved.sequenceNumber,
        checkpointSubSequenceNumber: moved.subSequenceNumber,
        ownerSwitchesSinceCheckpoint: 0,
        caughtUpAt: 1_767_225_600_000,
      }),
      REMOVED_BY_CHECKPOINT,
    );
    await write({ release: true });
    await changed(({ counter }) => ({ leaseCounter: counter }), ['leaseOwner', 'kind']);
  });
});

/** Where a row of ours is not what KCL 2.6.0 writes at the same point of a shard's life, and why. */
const DIFFERENCES: readonly { readonly attribute: string; readonly when: string; readonly why: string }[] = [
  {
    attribute: 'streamArn',
    when: 'from the creation on',
    why: 'a table of another stream is refused by it; Java leaves attributes alone that it does not know',
  },
  {
    attribute: 'kind',
    when: 'while held',
    why: 'tells our workers, which hand leases over, from those of the KCL, which are stolen from',
  },
  {
    attribute: 'leaseOwner',
    when: 'of a finished shard',
    why: 'there is nothing left to own: SHARD_END gives the lease up, where the KCL goes on renewing it',
  },
];
const of = (...attributes: string[]): string[] => {
  const listed = DIFFERENCES.map(({ attribute }) => attribute);
  expect(listed).toEqual(expect.arrayContaining(attributes));
  return attributes;
};

describe('beside what KCL 2.6.0 wrote, our row', () => {
  const ZERO = 'shardId-000000000000';
  const CHILD = 'shardId-000000000003';

  const golden = (title: string, shardId: string): Item => {
    const found = kclTables(title).leases.Items.find(({ leaseKey }) => leaseKey?.S === shardId);
    if (found === undefined) {
      throw new Error(`no ${shardId} in ${title}`);
    }
    return found;
  };

  /** Names of the attributes that are not the same; types count, and so do values unless `but` names them. */
  function unlike(ours: Item | undefined, kcl: Item, but: readonly string[] = []): string[] {
    const names = new Set([...Object.keys(ours ?? {}), ...Object.keys(kcl)]);
    return [...names].sort().filter((name) => {
      const [a, b] = [ours?.[name], kcl[name]];
      const sameType = a !== undefined && b !== undefined && Object.keys(a)[0] === Object.keys(b)[0];
      return !sameType || (!but.includes(name) && plain({ a }).a?.toString() !== plain({ b }).b?.toString());
    });
  }

  class Shard {
    readonly #dynamo = modelDynamo(new ManualClock());
    readonly #table = new LeaseTable('app', this.#dynamo);
    readonly #kcl: Lease;
    #lease: Lease | undefined;

    /** A shard of ours like that of `row`. */
    constructor(row: Item) {
      const lease = decodeLease(row);
      if (lease === undefined) {
        throw new Error('no lease');
      }
      this.#kcl = lease;
    }

    async created(): Promise<this> {
      await this.#dynamo.createTable(createTableInput('app', DEFAULT_TABLE));
      const { shardId, parentShardIds, hashRange } = this.#kcl;
      const checkpoint = { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 };
      const row = { shardId, checkpoint, parentShardIds, hashRange, startAt: undefined, streamArn: ARN };
      this.#lease = await this.#table.create(row, never);
      return this;
    }

    async taken(): Promise<this> {
      this.#lease = await this.#table.take(this.#held(), 'w1', undefined, never);
      return this;
    }

    async written(change: OwnerChange): Promise<this> {
      const { shardId, counter } = this.#held();
      this.#lease = await this.#table.write(shardId, { owner: 'w1', counter }, change, never);
      return this;
    }

    async row(): Promise<Item | undefined> {
      const [row] = (await rowsOf(this.#dynamo, 'app')).values();
      decodeAsJava(row ?? {});
      return row;
    }

    #held(): Lease {
      if (this.#lease === undefined) {
        throw new Error('not created');
      }
      return this.#lease;
    }
  }

  test('after its creation differs only as listed', async () => {
    const kcl = golden('kcl-2.6.0-fresh', ZERO);
    const ours = await new Shard(kcl).created();
    expect(unlike(await ours.row(), kcl)).toEqual(of('streamArn'));
  });

  test('held, renewed and checkpointed differs only as listed', async () => {
    const kcl = golden('kcl-2.6.0-running', ZERO);
    const ours = await (await new Shard(kcl).created()).taken();
    const sequenceNumber = kcl.checkpoint?.S ?? '';
    while (Number((await ours.row())?.leaseCounter?.N) < Number(kcl.leaseCounter?.N) - 1) {
      await ours.written({});
    }
    await ours.written({ checkpoint: { sequenceNumber, subSequenceNumber: 0 } });
    expect(unlike(await ours.row(), kcl)).toEqual(of('kind', 'streamArn'));
  });

  test('of a shard that has ended differs only as listed', async () => {
    const kcl = golden('kcl-2.6.0-children', ZERO);
    const ours = await (await new Shard(kcl).created()).taken();
    const childShardIds = kcl.childShardIds?.SS ?? [];
    await ours.written({ checkpoint: SHARD_END, childShardIds, release: true });
    expect(unlike(await ours.row(), kcl, ['leaseCounter'])).toEqual(of('leaseOwner', 'streamArn'));
  });

  test.each([
    ['created', 'kcl-2.6.0-split', of('streamArn')],
    ['held', 'kcl-2.6.0-children', of('kind', 'streamArn')],
  ])('of a child that is %s differs only as listed', async (state, title, listed) => {
    const kcl = golden(title, CHILD);
    const ours = await new Shard(kcl).created();
    if (state === 'held') {
      await ours.taken();
    }
    expect(unlike(await ours.row(), kcl, ['leaseCounter'])).toEqual(listed);
  });
});

test('rows of an anchor, of a hand-over at each of its steps, and of a shard of one key are read by Java', async () => {
  const dynamo = modelDynamo(new ManualClock());
  await dynamo.createTable(createTableInput('app', DEFAULT_TABLE));
  const table = new LeaseTable('app', dynamo);
  const one = { startingHashKey: '5', endingHashKey: '5' };
  const anchor = {
    shardId: 'a',
    checkpoint: SHARD_END,
    hashRange: undefined,
    startAt: 1_767_225_600_123,
    anchor: true,
  };
  const row = {
    shardId: 's',
    checkpoint: { sequenceNumber: 'LATEST', subSequenceNumber: 0 },
    hashRange: one,
    startAt: undefined,
  };
  for (const created of [anchor, row]) {
    await table.create({ ...created, parentShardIds: [], streamArn: ARN }, never);
  }
  const readByJava = async (): Promise<void> => {
    for (const item of (await rowsOf(dynamo, 'app')).values()) {
      expect(decodeAsJava(item)).toMatchObject({ hashKeyRange: null, parentShardIds: [] });
    }
  };
  const seen = await table.get('s', never);
  const { counter } =
    seen === undefined ? { counter: 0 } : await table.take(seen, 'w1', 1_767_225_600_123, never);
  await readByJava();
  const held = await table.get('s', never);
  await table.ask({ ...(held as Lease), owner: 'w1' }, 'w2', 'id', never);
  await readByJava();
  const draining = await table.write('s', { owner: 'w1', counter }, { draining: 'id' }, never);
  await readByJava();
  const last = { checkpoint: { sequenceNumber: '7', subSequenceNumber: 2 }, release: true };
  const released = await table.write('s', { owner: 'w1', counter: draining.counter }, last, never);
  await readByJava();
  expect(released).toMatchObject({ owner: undefined, handoffTo: 'w2' });
  expect(await table.take(released, 'w2', undefined, never)).toMatchObject({
    owner: 'w2',
    handoffTo: undefined,
  });
  await readByJava();
});

describe('the strict reader of these tests refuses', () => {
  const row: Item = {
    leaseKey: { S: 's' },
    leaseCounter: { N: '1' },
    ownerSwitchesSinceCheckpoint: { N: '0' },
    checkpoint: { S: 'LATEST' },
    checkpointSubSequenceNumber: { N: '0' },
  };

  test.each<[string, Item]>([
    ['no counter', { leaseCounter: { S: '1' } }],
    ['a counter with an exponent', { leaseCounter: { N: '1E+2' } }],
    ['a fraction', { ownerSwitchesSinceCheckpoint: { N: '0.5' } }],
    ['an empty owner', { leaseOwner: { S: '' } }],
    ['a range of one key', { startingHashKey: { S: '5' }, endingHashKey: { S: '5' } }],
    ['half a range', { startingHashKey: { S: '5' } }],
    ['a state as text', { pendingCheckpointState: { S: 'x' } }],
    ['a checkpoint that is none', { checkpoint: { S: 'DONE' } }],
  ])('%s', (_, fields) => {
    expect(decodeAsJava(row).leaseOwner).toBeNull();
    expect(() => decodeAsJava({ ...row, ...fields })).toThrow();
  });
});
