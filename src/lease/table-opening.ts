import type { TableDescription } from '@aws-sdk/client-dynamodb';
import type { DynamoApi } from '../aws/dynamo-api';
import { mayHeal, type RetryPolicy, retrying } from '../aws/retry';
import type { LeaseTableSettings } from '../config/types';
import { ConnectorError, explain, isConnectorError } from '../errors';
import { throwIfAborted } from '../util/abort';
import { sleep } from '../util/clock';
import type { Logger } from '../util/logger';
import {
  createTableInput,
  creationCommand,
  describeKeys,
  isLeaseTable,
  type TableFeatures,
  tableDifferences,
} from './table-definition';

/** Milliseconds between two looks at a table that is being created, and looks until that is given up. */
const CREATION_POLL_MS = 250;
const CREATION_POLLS = 480;
/** The same for its backups, which AWS sets up a while after the table is ACTIVE. */
const BACKUPS_POLL_MS = 1000;
const BACKUPS_POLLS = 60;

export interface TableOpening {
  readonly dynamo: DynamoApi;
  readonly tableName: string;
  readonly retry: RetryPolicy;
  readonly settings: LeaseTableSettings;
  readonly logger: Logger;
}

/**
 * Creates the lease table unless it exists, and waits until it can be used. A table that exists is never changed: where
 * it differs from the settings the log says so.
 * @throws ConnectorError LEASE_TABLE_NOT_FOUND (it is absent, and must not be created), LEASE_TABLE_WRONG_SHAPE,
 * LEASE_TABLE_DELETING, LEASE_TABLE_NOT_READY (still not ACTIVE after two minutes), and what cannot heal
 */
export async function openLeaseTable(opening: TableOpening, signal: AbortSignal): Promise<void> {
  const found = await describe(opening, signal);
  if (found === undefined) {
    await createTable(opening, signal);
  }
  const table = await usableTable(opening, found, signal);
  if (!isLeaseTable(table)) {
    throw new ConnectorError('LEASE_TABLE_WRONG_SHAPE', `table ${opening.tableName} is no lease table`, {
      expected: 'one key, leaseKey (S)',
      found: describeKeys(table),
    });
  }
  if (found === undefined) {
    await switchOnRecovery(opening, signal);
  } else if (found.TableStatus !== 'CREATING') {
    // Else whoever creates it is still about to switch on what belongs to it.
    await reportDifferences(opening, table, signal);
  }
}

function describe(
  { dynamo, tableName, retry }: TableOpening,
  signal: AbortSignal,
): Promise<TableDescription | undefined> {
  return retrying(retry, signal, () => dynamo.describeTable(tableName, { signal }));
}

async function createTable(opening: TableOpening, signal: AbortSignal): Promise<void> {
  const { dynamo, tableName, retry, settings } = opening;
  const command = `\`${creationCommand(tableName, settings)}\``;
  if (!settings.create) {
    throw new ConnectorError('LEASE_TABLE_NOT_FOUND', `there is no lease table ${tableName}`, {
      expected: `a table ${tableName}, because leaseTableCreate is false`,
      found: 'no such table',
      hint: `Create it with ${command}, or set leaseTableCreate to true.`,
    });
  }
  await retrying(retry, signal, async () => {
    try {
      await dynamo.createTable(createTableInput(tableName, settings), { signal });
    } catch (error) {
      // Another worker may have been faster, or the answer lost: what counts is whether the table is there.
      if ((await dynamo.describeTable(tableName, { signal })) !== undefined) {
        return;
      }
      if (isConnectorError(error, 'AWS_ACCESS_DENIED')) {
        const hint = `${error.hint.replace(/\.$/, '')}, or create the table with ${command}.`;
        throw new ConnectorError(error.code, error.message, { hint, cause: error.cause });
      }
      throw error;
    }
  });
}

async function usableTable(
  opening: TableOpening,
  found: TableDescription | undefined,
  signal: AbortSignal,
): Promise<TableDescription> {
  const { tableName, retry } = opening;
  let table = found ?? (await describe(opening, signal));
  for (let poll = 0; ; poll++) {
    throwIfAborted(signal);
    // UPDATING: in use while an index or its capacity changes.
    if (table?.TableStatus === 'ACTIVE' || table?.TableStatus === 'UPDATING') {
      return table;
    }
    if (table?.TableStatus === 'DELETING') {
      throw new ConnectorError('LEASE_TABLE_DELETING', `lease table ${tableName} is being deleted`, {
        expected: 'ACTIVE',
        found: table.TableStatus,
      });
    }
    if (poll >= CREATION_POLLS) {
      throw new ConnectorError('LEASE_TABLE_NOT_READY', `lease table ${tableName} is not ready`, {
        expected: 'ACTIVE',
        found: table?.TableStatus ?? 'no such table',
      });
    }
    await sleep(retry.clock, CREATION_POLL_MS, signal);
    table = await describe(opening, signal);
  }
}

/** A table without it serves as well: what stands in the way is reported, and the source goes on. */
async function switchOnRecovery(opening: TableOpening, signal: AbortSignal): Promise<void> {
  const { dynamo, tableName, retry, settings, logger } = opening;
  const input = {
    TableName: tableName,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  };
  for (let poll = 1; settings.pointInTimeRecovery; poll++) {
    try {
      await dynamo.updateContinuousBackups(input, { signal });
      return;
    } catch (error) {
      throwIfAborted(signal);
      if (!mayHeal(error) || poll >= BACKUPS_POLLS) {
        logger.warn(
          { table: tableName, error: explain(error) },
          'point-in-time recovery of the new lease table is not switched on; switch it on by hand',
        );
        return;
      }
    }
    await sleep(retry.clock, BACKUPS_POLL_MS, signal);
  }
}

async function reportDifferences(
  opening: TableOpening,
  table: TableDescription,
  signal: AbortSignal,
): Promise<void> {
  const { tableName, settings, logger } = opening;
  const differences = tableDifferences(table, await featuresOf(opening, table, signal), settings);
  if (differences.length > 0) {
    logger.info(
      { table: tableName, differences },
      'the lease table differs from its options; it stays as it is, since they are only for a table that is created',
    );
  }
}

/** Looks only at what is configured, and does without what it may not see, which is said. */
async function featuresOf(
  { dynamo, tableName, settings, logger }: TableOpening,
  { TableArn = '' }: TableDescription,
  signal: AbortSignal,
): Promise<TableFeatures> {
  const looked = async <T>(wanted: boolean, look: () => Promise<T>): Promise<T | undefined> => {
    try {
      return wanted ? await look() : undefined;
    } catch (error) {
      throwIfAborted(signal);
      logger.info(
        { table: tableName, error: explain(error) },
        'whether the lease table is as its options say cannot be seen in whole; it is used as it is',
      );
      return undefined;
    }
  };
  const tags = await looked(Object.keys(settings.tags).length > 0, () =>
    dynamo.listTags(TableArn, { signal }),
  );
  return {
    tags: tags && Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value ?? ''])),
    pointInTimeRecovery: await looked(settings.pointInTimeRecovery, () =>
      dynamo.hasPointInTimeRecovery(tableName, { signal }),
    ),
  };
}
