import type { CreateTableCommandInput, TableDescription } from '@aws-sdk/client-dynamodb';
import type { DynamoApi } from '../aws/dynamo-api';
import { ConnectorError } from '../errors';
import { throwIfAborted } from '../util/abort';
import { type Clock, sleep } from '../util/clock';

/** Milliseconds between two looks at a table that is being created, and looks until that is given up. */
const CREATION_POLL_MS = 250;
const CREATION_POLLS = 480;

export interface TableOpening {
  readonly dynamo: DynamoApi;
  readonly tableName: string;
  readonly clock: Clock;
}

/**
 * Creates the lease table unless it exists, and waits until it can be used.
 * @throws ConnectorError LEASE_TABLE_WRONG_SHAPE, LEASE_TABLE_NOT_READY (still not ACTIVE after two minutes)
 */
export async function openLeaseTable(
  { dynamo, tableName, clock }: TableOpening,
  signal: AbortSignal,
): Promise<void> {
  let table = await dynamo.describeTable(tableName, { signal });
  if (table === undefined) {
    table = await createTable(dynamo, tableName, signal);
  }
  for (let poll = 0; !isUsable(table); poll++) {
    throwIfAborted(signal);
    if (poll >= CREATION_POLLS) {
      throw new ConnectorError('LEASE_TABLE_NOT_READY', `lease table ${tableName} is not ready`, {
        expected: 'ACTIVE',
        found: table?.TableStatus ?? 'no such table',
      });
    }
    await sleep(clock, CREATION_POLL_MS, signal);
    table = await dynamo.describeTable(tableName, { signal });
  }
  if (table === undefined || !isLeaseTable(table)) {
    throw new ConnectorError('LEASE_TABLE_WRONG_SHAPE', `table ${tableName} is no lease table`, {
      expected: 'one key, leaseKey (S)',
      found: describeKeys(table),
    });
  }
}

export function isLeaseTable(table: TableDescription): boolean {
  const keys = table.KeySchema ?? [];
  const type = table.AttributeDefinitions?.find((one) => one.AttributeName === 'leaseKey')?.AttributeType;
  return keys.length === 1 && keys[0]?.AttributeName === 'leaseKey' && type === 'S';
}

/** On-demand, single key, no index: as the KCL 2.x creates it. */
export function createTableInput(tableName: string): CreateTableCommandInput {
  return {
    TableName: tableName,
    AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  };
}

async function createTable(
  dynamo: DynamoApi,
  tableName: string,
  signal: AbortSignal,
): Promise<TableDescription | undefined> {
  try {
    await dynamo.createTable(createTableInput(tableName), { signal });
  } catch (error) {
    // Another worker may have been faster, or the answer lost: what counts is whether the table is there.
    const table = await dynamo.describeTable(tableName, { signal });
    if (table === undefined) {
      throw error;
    }
    return table;
  }
  return dynamo.describeTable(tableName, { signal });
}

/** UPDATING: in use while an index or its capacity changes. */
function isUsable(table: TableDescription | undefined): boolean {
  return table?.TableStatus === 'ACTIVE' || table?.TableStatus === 'UPDATING';
}

function describeKeys(table: TableDescription | undefined): string {
  const types = new Map(table?.AttributeDefinitions?.map((one) => [one.AttributeName, one.AttributeType]));
  const keys = table?.KeySchema?.map((key) => `${key.AttributeName} (${types.get(key.AttributeName)})`) ?? [];
  return keys.length === 0 ? 'no key' : keys.join(', ');
}
