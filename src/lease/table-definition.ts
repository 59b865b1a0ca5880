import type { CreateTableCommandInput, TableDescription } from '@aws-sdk/client-dynamodb';
import type { LeaseTableSettings } from '../config/types';

/** What an existing table has of what is configured; undefined: could not be looked at. */
export interface TableFeatures {
  readonly tags?: { readonly [key: string]: string } | undefined;
  readonly pointInTimeRecovery?: boolean | undefined;
}

/** An option that says something else than the table that is there. */
export interface TableDifference {
  readonly option: string;
  readonly configured: string;
  readonly found: string;
}

/** One key, leaseKey (String), as every KCL has it; indexes do not matter. */
export function isLeaseTable(table: TableDescription): boolean {
  const keys = table.KeySchema ?? [];
  const type = table.AttributeDefinitions?.find((one) => one.AttributeName === 'leaseKey')?.AttributeType;
  return keys.length === 1 && keys[0]?.AttributeName === 'leaseKey' && type === 'S';
}

/** For people: `leaseKey (S), range (N)`. */
export function describeKeys({ KeySchema = [], AttributeDefinitions = [] }: TableDescription): string {
  const types = new Map(AttributeDefinitions.map((one) => [one.AttributeName, one.AttributeType]));
  const keys = KeySchema.map((key) => `${key.AttributeName} (${types.get(key.AttributeName)})`);
  return keys.length === 0 ? 'no key' : keys.join(', ');
}

/** Single key, no index: as the KCL 2.x creates it. Point-in-time recovery is switched on afterwards. */
export function createTableInput(
  tableName: string,
  { billing, tags, deletionProtection }: LeaseTableSettings,
): CreateTableCommandInput {
  const entries = Object.entries(tags);
  return {
    TableName: tableName,
    AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    BillingMode: billing.mode,
    ...(billing.mode === 'PROVISIONED' && {
      ProvisionedThroughput: {
        ReadCapacityUnits: billing.readCapacity,
        WriteCapacityUnits: billing.writeCapacity,
      },
    }),
    ...(entries.length > 0 && { Tags: entries.map(([Key, Value]) => ({ Key, Value })) }),
    ...(deletionProtection && { DeletionProtectionEnabled: true }),
  };
}

/**
 * The same as a command line of the AWS CLI, for people who may create tables where the connector may not. No tag
 * that AWS allows holds a quote.
 */
export function creationCommand(tableName: string, settings: LeaseTableSettings): string {
  const { billing, deletionProtection, pointInTimeRecovery, region } = settings;
  const { Tags = [] } = createTableInput(tableName, settings);
  const place = `${region === undefined ? '' : ` --region ${region}`} --table-name ${tableName}`;
  const create = [
    `aws dynamodb create-table${place}`,
    '--attribute-definitions AttributeName=leaseKey,AttributeType=S',
    '--key-schema AttributeName=leaseKey,KeyType=HASH',
    `--billing-mode ${billing.mode}`,
    billing.mode === 'PROVISIONED' &&
      `--provisioned-throughput ReadCapacityUnits=${billing.readCapacity},WriteCapacityUnits=${billing.writeCapacity}`,
    Tags.length > 0 && `--tags '${JSON.stringify(Tags)}'`,
    deletionProtection && '--deletion-protection-enabled',
  ];
  const commands = [create.filter((part) => part !== false).join(' ')];
  if (pointInTimeRecovery) {
    commands.push(
      `aws dynamodb wait table-exists${place}`,
      `aws dynamodb update-continuous-backups${place} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`,
    );
  }
  return commands.join(' && ');
}

/** Where an existing table is not what it would have been created as. Capacity is only an initial one: it may differ. */
export function tableDifferences(
  table: TableDescription,
  features: TableFeatures,
  { billing, tags, pointInTimeRecovery, deletionProtection }: LeaseTableSettings,
): TableDifference[] {
  const differences: TableDifference[] = [];
  const compare = (option: string, configured: string, found: string): void => {
    if (configured !== found) {
      differences.push({ option, configured, found });
    }
  };
  // Tables that were provisioned from the beginning have no summary.
  compare('leaseTableBillingMode', billing.mode, table.BillingModeSummary?.BillingMode ?? 'PROVISIONED');
  for (const [key, value] of features.tags === undefined ? [] : Object.entries(tags)) {
    compare(`leaseTableTags.${key}`, value, features.tags?.[key] ?? 'no such tag');
  }
  if (pointInTimeRecovery && features.pointInTimeRecovery !== undefined) {
    compare('leaseTablePitrEnabled', 'true', String(features.pointInTimeRecovery));
  }
  if (deletionProtection) {
    compare('leaseTableDeletionProtectionEnabled', 'true', String(table.DeletionProtectionEnabled ?? false));
  }
  return differences;
}
