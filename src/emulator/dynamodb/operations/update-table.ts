import { ServiceError } from '../../service-model';
import type { Account } from '../account';
import {
  allowOnly,
  asFields,
  type Fields,
  flag,
  list,
  member,
  required,
  resourceName,
  structure,
  tableName,
} from '../fields';
import type { KeyAttribute } from '../key-schema';
import type { Table } from '../table';
import {
  checkAllUsed,
  checkIndexNames,
  readAttributes,
  readBilling,
  readIndex,
  readThroughput,
  type TableDefinition,
  usedAttributes,
} from '../table-definition';
import { describeTable } from '../table-description';
import type { Operation } from './operation';

/** Billing and throughput, deletion protection, or one index created or deleted. */
export const updateTable: Operation = (account, input) => {
  allowOnly(input, [
    'TableName',
    'AttributeDefinitions',
    'BillingMode',
    'ProvisionedThroughput',
    'GlobalSecondaryIndexUpdates',
    'DeletionProtectionEnabled',
  ]);
  const table = account.settled(tableName(input));
  const { deletionProtection } = table.definition;
  const given = {
    ...table.definition,
    deletionProtection: flag(input, 'DeletionProtectionEnabled') ?? deletionProtection,
  };
  const billed = withBilling(given, input);
  const { definition, indexes } = withIndexes(account, table, billed, input);
  table.definition = definition;
  table.indexes = indexes;
  return { TableDescription: describeTable(account, table) };
};

function withBilling(definition: TableDefinition, input: Fields): TableDefinition {
  const given = readBilling(input);
  if (given === undefined && member(input, 'ProvisionedThroughput') === undefined) {
    return definition;
  }
  const billing = given ?? definition.billing;
  return { ...definition, billing, throughput: readThroughput(input, billing) };
}

type Indexed = Pick<Table, 'definition' | 'indexes'>;

function withIndexes(account: Account, table: Table, definition: TableDefinition, input: Fields): Indexed {
  const [first, ...others] = list(input, 'GlobalSecondaryIndexUpdates') ?? [];
  if (first === undefined) {
    return { definition, indexes: table.indexes };
  }
  const update = asFields(first);
  allowOnly(update, ['Create', 'Delete']);
  const deletion = structure(update, 'Delete');
  const creation = structure(update, 'Create');
  if (others.length > 0 || (deletion !== undefined && creation !== undefined)) {
    throw new ServiceError(
      'LimitExceededException',
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    );
  }
  if (deletion !== undefined) {
    return withoutIndex(table, definition, deletion);
  }
  return withIndex(
    table,
    definition,
    required('Create', creation),
    readAttributes(input),
    account.indexReadyAt(),
  );
}

function withoutIndex(table: Table, definition: TableDefinition, deletion: Fields): Indexed {
  const name = required('IndexName', resourceName(deletion, 'IndexName'));
  const indexes = table.indexes.filter((index) => index.name !== name);
  if (indexes.length === table.indexes.length) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Requested resource not found: Index: ${name} not found`,
    );
  }
  const used = usedAttributes([definition.schema, ...indexes.map(({ schema }) => schema)]);
  const attributes = definition.attributes.filter((attribute) => used.has(attribute.name));
  return { definition: { ...definition, attributes }, indexes };
}

function withIndex(
  table: Table,
  definition: TableDefinition,
  creation: Fields,
  given: readonly KeyAttribute[],
  readyAt: number,
): Indexed {
  const known = definition.attributes.filter(({ name }) => !given.some((entry) => entry.name === name));
  const attributes = [...known, ...given];
  const index = { ...readIndex(creation, attributes, definition.billing), readyAt };
  const indexes = [...table.indexes, index];
  checkIndexNames(indexes);
  checkAllUsed(attributes, [definition.schema, ...indexes.map(({ schema }) => schema)]);
  return { definition: { ...definition, attributes }, indexes };
}
