import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  PutItemCommand,
  paginateScan,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import { createTable, LEASE_TABLE, leaseTable, outcome, type Row, SERVICES, useService } from './services';

const n = (N: string): AttributeValue => ({ N });
const s = (S: string): AttributeValue => ({ S });
const INDEX = 'LeaseOwnerToLeaseKeyIndex';
const ROWS: readonly Row[] = Array.from({ length: 30 }, (_, shard) => ({
  leaseKey: s(`shardId-${String(shard).padStart(12, '0')}`),
  leaseCounter: n(String(shard)),
  // Every third row has no owner, and so no place in the index.
  ...(shard % 3 > 0 && { leaseOwner: s(`worker-${shard % 3}`) }),
}));
const keysOf = (rows: readonly Row[] | undefined): (string | undefined)[] =>
  (rows ?? []).map((row) => row.leaseKey?.S);
const ALL_KEYS = keysOf(ROWS);
const keysOwnedBy = (owner: number): (string | undefined)[] =>
  ALL_KEYS.filter((_, shard) => shard % 3 === owner);

const indexedTable = {
  ...leaseTable,
  AttributeDefinitions: [
    ...(leaseTable.AttributeDefinitions ?? []),
    { AttributeName: 'leaseOwner', AttributeType: 'S' as const },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: INDEX,
      KeySchema: [
        { AttributeName: 'leaseOwner', KeyType: 'HASH' as const },
        { AttributeName: 'leaseKey', KeyType: 'RANGE' as const },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' as const },
    },
  ],
};

const EVENTS = 'events';
const eventsTable = {
  TableName: EVENTS,
  AttributeDefinitions: [
    { AttributeName: 'stream', AttributeType: 'S' as const },
    { AttributeName: 'at', AttributeType: 'N' as const },
  ],
  KeySchema: [
    { AttributeName: 'stream', KeyType: 'HASH' as const },
    { AttributeName: 'at', KeyType: 'RANGE' as const },
  ],
  ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
};

describe.each(SERVICES)('reads of %s', (name) => {
  const client = useService(name, async (started) => {
    await createTable(started, indexedTable);
    await createTable(started, eventsTable);
    for (const Item of ROWS) {
      await started.send(new PutItemCommand({ TableName: LEASE_TABLE, Item }));
    }
    for (const at of ['-5', '0', '2.5', '10', '100']) {
      await started.send(
        new PutItemCommand({ TableName: EVENTS, Item: { stream: s('a'), at: n(at), sign: n(at) } }),
      );
      await started.send(new PutItemCommand({ TableName: EVENTS, Item: { stream: s('b'), at: n(at) } }));
    }
  });

  async function scanPages(input: Partial<ScanCommandInput>): Promise<Row[][]> {
    const pages: Row[][] = [];
    for await (const page of paginateScan({ client: client() }, { TableName: LEASE_TABLE, ...input })) {
      pages.push(page.Items ?? []);
    }
    return pages;
  }
  const query = (input: Partial<QueryCommandInput>): Promise<object> =>
    outcome(client().send(new QueryCommand({ TableName: EVENTS, ...input })));

  test.each([1, 7, 10, 30, 100])('pages of %i rows give every row once', async (Limit) => {
    const pages = await scanPages({ Limit, ConsistentRead: true });
    expect(pages.every((page) => page.length <= Limit)).toBe(true);
    expect(keysOf(pages.flat()).sort()).toEqual(ALL_KEYS);
  });

  test('the limit counts rows before the filter, and a page may be empty', async () => {
    const pages = await scanPages({
      Limit: 10,
      FilterExpression: 'leaseCounter >= :v',
      ExpressionAttributeValues: { ':v': n('29') },
    });
    expect(pages.length).toBeGreaterThanOrEqual(3);
    expect(keysOf(pages.flat())).toEqual(ALL_KEYS.slice(29));
  });

  test('a scan goes on behind a row that is gone by then', async () => {
    const first = await client().send(new ScanCommand({ TableName: LEASE_TABLE, Limit: 12 }));
    const last = first.Items?.at(-1);
    const Key = first.LastEvaluatedKey;
    if (last === undefined || Key === undefined) {
      throw new Error('the first page is not full');
    }
    await client().send(new DeleteItemCommand({ TableName: LEASE_TABLE, Key }));
    const second = await client().send(new ScanCommand({ TableName: LEASE_TABLE, ExclusiveStartKey: Key }));
    await client().send(new PutItemCommand({ TableName: LEASE_TABLE, Item: last }));
    expect([...keysOf(first.Items), ...keysOf(second.Items)].sort()).toEqual(ALL_KEYS);
  });

  test.each([1, 2, 5])('%i segments together give every row once', async (TotalSegments) => {
    const segments = await Promise.all(
      Array.from({ length: TotalSegments }, (_, Segment) => scanPages({ Segment, TotalSegments, Limit: 4 })),
    );
    expect(keysOf(segments.flat(2)).sort()).toEqual(ALL_KEYS);
  });

  test('a page ends after 1 MB, and the pages together are whole', async () => {
    const TableName = 'large';
    await createTable(client(), { ...leaseTable, TableName });
    const filling = 'x'.repeat(300 * 1024);
    const keys = Array.from({ length: 8 }, (_, row) => `row-${row}`);
    for (const key of keys) {
      await client().send(new PutItemCommand({ TableName, Item: { leaseKey: s(key), filling: s(filling) } }));
    }
    const pages = await scanPages({ TableName });
    expect(pages.map((page) => page.length).slice(0, 2)).toEqual([4, 4]);
    expect(keysOf(pages.flat()).sort()).toEqual(keys);
  });

  test('COUNT counts without items', async () => {
    const scan = new ScanCommand({
      TableName: LEASE_TABLE,
      Select: 'COUNT',
      FilterExpression: 'attribute_exists(leaseOwner)',
    });
    expect(await outcome(client().send(scan))).toEqual({ Count: 20, ScannedCount: 30 });
  });

  test('an index holds the rows that have its key, in the order of its range, with the projected attributes', async () => {
    const found = await client().send(
      new QueryCommand({
        TableName: LEASE_TABLE,
        IndexName: INDEX,
        KeyConditionExpression: 'leaseOwner = :v',
        ExpressionAttributeValues: { ':v': s('worker-2') },
      }),
    );
    expect(keysOf(found.Items)).toEqual(keysOwnedBy(2));
    expect(Object.keys(found.Items?.[0] ?? {}).sort()).toEqual(['leaseKey', 'leaseOwner']);
    expect((await scanPages({ IndexName: INDEX, Limit: 3 })).flat()).toHaveLength(20);
  });

  test('an index is paged by its own and the table’s key', async () => {
    const pages: (string | undefined)[] = [];
    let ExclusiveStartKey: Row | undefined;
    do {
      const page = await client().send(
        new QueryCommand({
          TableName: LEASE_TABLE,
          IndexName: INDEX,
          Limit: 4,
          KeyConditionExpression: 'leaseOwner = :v AND leaseKey > :k',
          ExpressionAttributeValues: { ':v': s('worker-1'), ':k': s('shardId-000000000004') },
          ...(ExclusiveStartKey && { ExclusiveStartKey }),
        }),
      );
      pages.push(...keysOf(page.Items));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    expect(pages).toEqual(keysOwnedBy(1).filter((key) => (key ?? '') > 'shardId-000000000004'));
  });

  test.each<[condition: string, values: Row, at: string[]]>([
    ['stream = :s', {}, ['-5', '0', '2.5', '10', '100']],
    ['stream = :s AND at > :a', { ':a': n('2.5') }, ['10', '100']],
    ['stream = :s AND at <= :a', { ':a': n('0') }, ['-5', '0']],
    ['at BETWEEN :a AND :b AND stream = :s', { ':a': n('-1'), ':b': n('10') }, ['0', '2.5', '10']],
    ['(stream = :s) AND (at = :a)', { ':a': n('10.0') }, ['10']],
  ])('query %s with %j follows the order of the range key', async (condition, values, at) => {
    // `stream` and `at` are reserved words: only placeholders may name them.
    const input = {
      KeyConditionExpression: condition.replace(/\bstream\b/, '#s').replace(/\bat\b/, '#a'),
      ExpressionAttributeNames: { '#s': 'stream', ...(condition.includes('at ') && { '#a': 'at' }) },
      ExpressionAttributeValues: { ':s': s('b'), ...values },
    };
    const rows = at.map((value) => ({ stream: s('b'), at: n(value) }));
    expect(await query(input)).toEqual({ Items: rows, Count: rows.length, ScannedCount: rows.length });
    expect(await query({ ...input, ScanIndexForward: false })).toMatchObject({ Items: rows.toReversed() });
  });

  test('a filter takes rows out of a query after they were counted', async () => {
    const found = await query({
      KeyConditionExpression: '#s = :s',
      FilterExpression: 'sign < :v',
      ProjectionExpression: 'sign',
      ExpressionAttributeNames: { '#s': 'stream' },
      ExpressionAttributeValues: { ':s': s('a'), ':v': n('1') },
    });
    expect(found).toEqual({ Items: [{ sign: n('-5') }, { sign: n('0') }], Count: 2, ScannedCount: 5 });
  });

  test('a table that is there cannot be made again', async () => {
    expect(await outcome(client().send(new CreateTableCommand(eventsTable)))).toMatchObject({
      error: 'ResourceInUseException',
    });
  });
});
