import { allowOnly, tableName } from '../fields';
import { describeTable as describe } from '../table-description';
import type { Operation } from './operation';

export const describeTable: Operation = (account, input) => {
  allowOnly(input, ['TableName']);
  return { Table: describe(account, account.table(tableName(input))) };
};
