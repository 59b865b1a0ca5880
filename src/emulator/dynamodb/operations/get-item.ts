import { project } from '../expressions/path';
import { allowOnly, flag, member, required, tableName } from '../fields';
import { readKey } from '../key-schema';
import { PLACEHOLDERS, RequestExpressions } from '../request-expressions';
import type { Operation } from './operation';

/** Every read is consistent here, asked for or not. */
export const getItem: Operation = (account, input) => {
  allowOnly(input, ['TableName', 'Key', 'ConsistentRead', 'ProjectionExpression', ...PLACEHOLDERS]);
  const name = tableName(input);
  flag(input, 'ConsistentRead');
  const expressions = new RequestExpressions(input, ['ProjectionExpression']);
  const rawKey = required('Key', member(input, 'Key'));
  const projection = expressions.projection();
  expressions.finish();

  const { rows, definition } = account.active(name);
  const item = rows.get(readKey(rawKey, definition.schema));
  if (item === undefined) {
    return {};
  }
  return { Item: projection === undefined ? item : project(item, projection) };
};
