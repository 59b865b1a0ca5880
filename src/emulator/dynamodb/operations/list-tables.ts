import { allowOnly, integer, resourceName } from '../fields';
import type { Operation } from './operation';

/** Most names in one answer. Source: API reference of ListTables. */
const MAX_NAMES = 100;

export const listTables: Operation = (account, input) => {
  allowOnly(input, ['ExclusiveStartTableName', 'Limit']);
  const startAfter = resourceName(input, 'ExclusiveStartTableName');
  const limit = Math.min(integer(input, 'Limit', 1) ?? MAX_NAMES, MAX_NAMES);
  const names = account.names().filter((name) => startAfter === undefined || name > startAfter);
  const page = names.slice(0, limit);
  return {
    TableNames: page,
    ...(names.length > page.length && { LastEvaluatedTableName: page.at(-1) }),
  };
};
