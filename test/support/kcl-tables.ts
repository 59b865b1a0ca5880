import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GlobalSecondaryIndex, TableDescription } from '@aws-sdk/client-dynamodb';
import type { DynamoApi, Item } from '../../src/aws/dynamo-api';

const FOLDER = join(__dirname, '../fixtures/kcl-tables');

/** A table as a real KCL, or the Java connector, left it. */
export interface KclTable extends Required<Pick<TableDescription, 'KeySchema' | 'AttributeDefinitions'>> {
  readonly GSI: readonly GlobalSecondaryIndex[];
  readonly Items: readonly Item[];
}

/** What one application had at one moment. */
export interface KclTables {
  /** For example `kcl-2.6.0-split`. */
  readonly title: string;
  readonly application: string;
  /** By name; the lease table is called like the application. */
  readonly tables: ReadonlyMap<string, KclTable>;
  readonly leases: KclTable;
}

export const KCL_TABLES: readonly KclTables[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => {
    const stored = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as { [table: string]: KclTable };
    const tables = new Map(Object.entries(stored));
    const found = [...tables].find(([name]) => !name.includes('-'));
    if (found === undefined) {
      throw new Error(`no lease table in ${file}`);
    }
    const [application, leases] = found;
    return { title: file.replace('.json', ''), application, tables, leases };
  });

export function kclTables(title: string): KclTables {
  const found = KCL_TABLES.find((one) => one.title === title);
  if (found === undefined) {
    throw new Error(`no ${title}`);
  }
  return found;
}

/** The same application as KCL 3.5 keeps it: every row in the lease table, told apart by `entityType`. */
export function inOneTable(stored: KclTables): KclTables {
  const { application, tables, leases } = stored;
  const types: { readonly [key: string]: string } = {
    'Migration3.0': 'CLIENT_VERSION_MIGRATION',
    Leader: 'LEADER',
  };
  const others = [...tables].filter(([name]) => name !== application).flatMap(([, { Items }]) => Items);
  const foreign = others.map(({ key, wid, ...rest }) => ({
    ...rest,
    leaseKey: { S: (key ?? wid)?.S ?? '' },
    entityType: { S: types[key?.S ?? ''] ?? 'WORKER_METRIC_STATS' },
  }));
  const own = leases.Items.map((item) => ({ ...item, entityType: { S: 'LEASE' } }));
  const single = { ...leases, Items: [...own, ...foreign] };
  return { ...stored, tables: new Map([[application, single]]), leases: single };
}

/** Puts the tables into a DynamoDB as they were. */
export async function restore(dynamo: DynamoApi, { tables }: Pick<KclTables, 'tables'>): Promise<void> {
  for (const [TableName, { KeySchema, AttributeDefinitions, GSI, Items }] of tables) {
    await dynamo.createTable({
      TableName,
      KeySchema,
      AttributeDefinitions,
      BillingMode: 'PAY_PER_REQUEST',
      ...(GSI.length > 0 && {
        GlobalSecondaryIndexes: GSI.map(({ IndexName, KeySchema: key, Projection }) => ({
          IndexName,
          KeySchema: key,
          Projection,
        })),
      }),
    });
    while ((await dynamo.describeTable(TableName))?.TableStatus !== 'ACTIVE') {
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const Item of Items) {
      await dynamo.putItem({ TableName, Item });
    }
  }
}

/** Every row of a table, by the value of its key. */
export async function rowsOf(dynamo: DynamoApi, TableName: string): Promise<ReadonlyMap<string, Item>> {
  const { items } = await dynamo.scan({ TableName, ConsistentRead: true });
  return new Map(items.map((item) => [item.leaseKey?.S ?? '', item]));
}
