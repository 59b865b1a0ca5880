import { allowOnly } from '../fields';
import { readTableDefinition } from '../table-definition';
import { describeTable } from '../table-description';
import { readTags } from '../tags';
import type { Operation } from './operation';

export const createTable: Operation = (account, input) => {
  allowOnly(input, [
    'TableName',
    'AttributeDefinitions',
    'KeySchema',
    'BillingMode',
    'ProvisionedThroughput',
    'GlobalSecondaryIndexes',
    'Tags',
    'DeletionProtectionEnabled',
  ]);
  const table = account.create(readTableDefinition(input), readTags(input));
  return { TableDescription: describeTable(account, table, 'CREATING') };
};
