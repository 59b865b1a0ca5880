import { allowOnly, required, text } from '../fields';
import type { Operation } from './operation';

/** Every tag in one page: a table has 50 at most. */
export const listTagsOfResource: Operation = (account, input) => {
  allowOnly(input, ['ResourceArn']);
  const table = account.tableOf(required('ResourceArn', text(input, 'ResourceArn')));
  return { Tags: [...table.tags].map(([Key, Value]) => ({ Key, Value })) };
};
