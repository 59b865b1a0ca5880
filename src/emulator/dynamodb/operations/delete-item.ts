import { allowOnly, member, required, tableName } from '../fields';
import { readKey } from '../key-schema';
import { RequestExpressions } from '../request-expressions';
import {
  answer,
  LEGACY_WRITE_PARAMETERS,
  readPrecondition,
  readReturnsOld,
  WRITE_PARAMETERS,
} from './conditional-write';
import type { Operation } from './operation';

export const deleteItem: Operation = (account, input) => {
  allowOnly(input, [...WRITE_PARAMETERS, 'Key']);
  const name = tableName(input);
  const expressions = new RequestExpressions(input, ['ConditionExpression'], LEGACY_WRITE_PARAMETERS);
  const rawKey = required('Key', member(input, 'Key'));
  const returnsOld = readReturnsOld(input);
  const check = readPrecondition(input, expressions);
  expressions.finish();

  const { rows, definition } = account.active(name);
  const key = readKey(rawKey, definition.schema);
  const old = rows.get(key);
  check(old);
  rows.delete(key);
  return answer(returnsOld ? old : undefined);
};
