import { readItem } from '../attribute-value';
import { allowOnly, member, required, tableName } from '../fields';
import { RequestExpressions } from '../request-expressions';
import {
  answer,
  LEGACY_WRITE_PARAMETERS,
  readPrecondition,
  readReturnsOld,
  WRITE_PARAMETERS,
} from './conditional-write';
import type { Operation } from './operation';

export const putItem: Operation = (account, input) => {
  allowOnly(input, [...WRITE_PARAMETERS, 'Item']);
  const name = tableName(input);
  const expressions = new RequestExpressions(input, ['ConditionExpression'], LEGACY_WRITE_PARAMETERS);
  const item = readItem(required('Item', member(input, 'Item')));
  const returnsOld = readReturnsOld(input);
  const check = readPrecondition(input, expressions);
  expressions.finish();

  const table = account.active(name);
  table.checkKeys(item);
  table.checkSize(item, 'Item size has exceeded the maximum allowed size');
  const old = table.rows.get(item);
  check(old);
  table.rows.put(item);
  return answer(returnsOld ? old : undefined);
};
