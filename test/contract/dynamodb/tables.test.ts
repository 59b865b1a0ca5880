import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AttributeDefinition,
  type AttributeValue,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeTableCommand,
  type GlobalSecondaryIndexDescription,
  type KeySchemaElement,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TagResourceCommand,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import { createTable, leaseTable, type Row, SERVICES, useService } from './services';

/** A table as a real KCL left it; binary values in base64. */
interface GoldenTable {
  readonly AttributeDefinitions: AttributeDefinition[];
  readonly KeySchema: KeySchemaElement[];
  readonly Billing: 'PAY_PER_REQUEST';
  readonly GSI: GlobalSecondaryIndexDescription[];
  readonly Items: Row[];
}

const FOLDER = join(__dirname, '../../fixtures/kcl-tables');
const GOLDEN = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) => {
    const tables = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as { [table: string]: GoldenTable };
    return Object.entries(tables).map(
      ([table, golden]) => [file.replace('.json', ''), table, golden] as const,
    );
  });

const byText = (rows: readonly Row[]): Row[] =>
  [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const sortedKeys = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
const canonical = (rows: readonly Row[] | undefined): Row[] => byText((rows ?? []).map(sortedKeys));

describe.each(SERVICES)('tables of %s', (name) => {
  const client = useService(name);

  test('the golden tables are there', () => {
    expect(GOLDEN.length).toBeGreaterThan(20);
  });

  test.each(GOLDEN)('%s: %s is read back as the KCL wrote it', async (file, table, golden) => {
    const TableName = `${file}-${table}`;
    const indexes = golden.GSI.map(({ IndexName, KeySchema, Projection }) => ({
      IndexName,
      KeySchema,
      Projection,
    }));
    const input: CreateTableCommandInput = {
      TableName,
      AttributeDefinitions: golden.AttributeDefinitions,
      KeySchema: golden.KeySchema,
      BillingMode: golden.Billing,
      ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes }),
    };
    await createTable(client(), input);
    for (const Item of golden.Items) {
      await client().send(new PutItemCommand({ TableName, Item }));
    }

    const { Items } = await client().send(new ScanCommand({ TableName, ConsistentRead: true }));
    expect(canonical(Items)).toEqual(canonical(golden.Items));
    const { Table } = await client().send(new DescribeTableCommand({ TableName }));
    expect(Table).toMatchObject({
      TableName,
      TableStatus: 'ACTIVE',
      KeySchema: golden.KeySchema,
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    });
    expect(Table?.GlobalSecondaryIndexes?.map(({ IndexStatus }) => IndexStatus) ?? []).toEqual(
      golden.GSI.map(() => 'ACTIVE'),
    );
    for (const { IndexName } of indexes) {
      const owners = new Set(golden.Items.flatMap((row) => row.leaseOwner?.S ?? []));
      for (const owner of owners) {
        const owned: AttributeValue = { S: owner };
        const found = await client().send(
          new QueryCommand({
            TableName,
            IndexName,
            KeyConditionExpression: 'leaseOwner = :v',
            ExpressionAttributeValues: { ':v': owned },
          }),
        );
        const rows = golden.Items.filter((row) => row.leaseOwner?.S === owner);
        expect(canonical(found.Items)).toEqual(
          canonical(rows.map((row) => ({ leaseKey: row.leaseKey as AttributeValue, leaseOwner: owned }))),
        );
      }
    }
  });

  test('names are listed in order and in pages', async () => {
    for (const TableName of ['page-c', 'page-a', 'page-b']) {
      await createTable(client(), { ...leaseTable, TableName });
    }
    const first = await client().send(new ListTablesCommand({ Limit: 2, ExclusiveStartTableName: 'page' }));
    expect(first.TableNames).toEqual(['page-a', 'page-b']);
    const second = await client().send(
      new ListTablesCommand({ ExclusiveStartTableName: first.LastEvaluatedTableName }),
    );
    expect(second.TableNames?.[0]).toBe('page-c');
  });

  test('a table takes tags, one of the same key in the place of the other', async () => {
    const TableName = 'tagged';
    await createTable(client(), { ...leaseTable, TableName });
    const { Table } = await client().send(new DescribeTableCommand({ TableName }));
    const arn = { ResourceArn: Table?.TableArn ?? '' };
    const tag = (Key: string, Value: string) =>
      client().send(new TagResourceCommand({ ...arn, Tags: [{ Key, Value }] }));
    await tag('stage', 'test');
    await tag('team', 'streams');
    await tag('team', 'orders');
    const listed = await client().send(new ListTagsOfResourceCommand(arn));
    expect(listed.Tags).toHaveLength(2);
    expect(listed.Tags).toEqual(
      expect.arrayContaining([
        { Key: 'stage', Value: 'test' },
        { Key: 'team', Value: 'orders' },
      ]),
    );
  });

  test('a table made again after it was deleted is empty', async () => {
    const TableName = 'made-again';
    const input = { ...leaseTable, TableName };
    await createTable(client(), input);
    await client().send(new PutItemCommand({ TableName, Item: { leaseKey: { S: 'old' } } }));
    await client().send(new DeleteTableCommand({ TableName }));
    await waitUntilTableNotExists(
      { client: client(), maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.05 },
      { TableName },
    );
    await createTable(client(), input);
    expect((await client().send(new ScanCommand({ TableName }))).Items).toEqual([]);
  });
});
