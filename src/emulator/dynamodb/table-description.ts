import type { Account } from './account';
import { itemSize } from './item-size';
import { hasKey, type KeyAttribute, type KeySchema } from './key-schema';
import type { Index, Table } from './table';
import type { Throughput } from './table-definition';

/** A table as DescribeTable tells it. Counts are exact, where DynamoDB refreshes them every six hours. */
export function describeTable(account: Account, table: Table, status?: 'CREATING'): object {
  const { name, schema, attributes, billing, throughput, deletionProtection } = table.definition;
  const now = account.now();
  const arn = account.arn(name);
  const items = table.rows.ordered().map((row) => row.item);
  return {
    TableName: name,
    TableArn: arn,
    TableId: table.id,
    TableStatus: status ?? statusOf(table, now),
    CreationDateTime: table.createdAt / 1000,
    AttributeDefinitions: attributes.map(({ name: AttributeName, type: AttributeType }) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: describeKeySchema(schema),
    ProvisionedThroughput: describeThroughput(throughput),
    ...(billing === 'PAY_PER_REQUEST' && {
      BillingModeSummary: {
        BillingMode: billing,
        LastUpdateToPayPerRequestDateTime: table.createdAt / 1000,
      },
    }),
    ItemCount: items.length,
    TableSizeBytes: items.reduce((bytes, item) => bytes + itemSize(item), 0),
    DeletionProtectionEnabled: deletionProtection,
    ...(table.indexes.length > 0 && {
      GlobalSecondaryIndexes: table.indexes.map((index) =>
        describeIndex(index, arn, table, status === 'CREATING' || now < index.readyAt),
      ),
    }),
  };
}

function statusOf(table: Table, now: number): string {
  if (table.goneAt !== undefined) {
    return 'DELETING';
  }
  if (now < table.readyAt) {
    return 'CREATING';
  }
  return table.indexes.some((index) => now < index.readyAt) ? 'UPDATING' : 'ACTIVE';
}

function describeIndex(index: Index, tableArn: string, table: Table, building: boolean): object {
  const items = table.rows.ordered().filter(({ item }) => hasKey(item, index.schema));
  return {
    IndexName: index.name,
    IndexArn: `${tableArn}/index/${index.name}`,
    IndexStatus: building ? 'CREATING' : 'ACTIVE',
    KeySchema: describeKeySchema(index.schema),
    Projection: {
      ProjectionType: index.projection,
      ...(index.nonKeyAttributes !== undefined && { NonKeyAttributes: index.nonKeyAttributes }),
    },
    ProvisionedThroughput: describeThroughput(index.throughput),
    ItemCount: items.length,
    IndexSizeBytes: items.reduce((bytes, { item }) => bytes + itemSize(item), 0),
  };
}

function describeKeySchema({ hash, range }: KeySchema): object[] {
  const element = ({ name }: KeyAttribute, KeyType: string): object => ({ AttributeName: name, KeyType });
  return [element(hash, 'HASH'), ...(range === undefined ? [] : [element(range, 'RANGE')])];
}

function describeThroughput({ read, write }: Throughput): object {
  return { ReadCapacityUnits: read, WriteCapacityUnits: write, NumberOfDecreasesToday: 0 };
}
