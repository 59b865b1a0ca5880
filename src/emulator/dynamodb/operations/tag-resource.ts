import { allowOnly, list, required, text } from '../fields';
import { readTags } from '../tags';
import type { Operation } from './operation';

/** Adds tags; one of a key that is there takes its place. */
export const tagResource: Operation = (account, input) => {
  allowOnly(input, ['ResourceArn', 'Tags']);
  required('Tags', list(input, 'Tags'));
  const table = account.tableOf(required('ResourceArn', text(input, 'ResourceArn')));
  table.tags = new Map([...table.tags, ...readTags(input)]);
  return {};
};
