import { allowOnly, tableName } from '../fields';
import { describeTable } from '../table-description';
import type { Operation } from './operation';

export const deleteTable: Operation = (account, input) => {
  allowOnly(input, ['TableName']);
  const table = account.delete(tableName(input));
  return { TableDescription: describeTable(account, table) };
};
