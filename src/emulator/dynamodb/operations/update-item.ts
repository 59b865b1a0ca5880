import type { Item } from '../attribute-value';
import { type Path, project } from '../expressions/path';
import { applyUpdate } from '../expressions/update';
import { allowOnly, member, required, tableName } from '../fields';
import { readKey } from '../key-schema';
import { readAttributeUpdates } from '../legacy';
import { RequestExpressions } from '../request-expressions';
import {
  answer,
  LEGACY_WRITE_PARAMETERS,
  type ReturnValues,
  readPrecondition,
  readReturnValues,
  WRITE_PARAMETERS,
} from './conditional-write';
import type { Operation } from './operation';

/** Changes an item, or makes it from its key when there is none. */
export const updateItem: Operation = (account, input) => {
  allowOnly(input, [...WRITE_PARAMETERS, 'Key', 'UpdateExpression', 'AttributeUpdates']);
  const name = tableName(input);
  const expressions = new RequestExpressions(
    input,
    ['UpdateExpression', 'ConditionExpression'],
    ['AttributeUpdates', ...LEGACY_WRITE_PARAMETERS],
  );
  const rawKey = required('Key', member(input, 'Key'));
  const returns = readReturnValues(input);
  const update = expressions.update() ?? readAttributeUpdates(input);
  const check = readPrecondition(input, expressions);
  expressions.finish();

  const table = account.active(name);
  const key = readKey(rawKey, table.definition.schema);
  const paths = update?.changes.map(({ path }) => path) ?? [];
  for (const [attribute] of paths) {
    table.checkNotKey(attribute);
  }
  const old = table.rows.get(key);
  check(old);
  const item = update === undefined ? (old ?? key) : applyUpdate(update, old ?? key);
  table.checkKeys(item);
  table.checkSize(item, 'Item size to update has exceeded the maximum allowed size');
  table.rows.put(item);
  return answer(returned(returns, paths, old, item));
};

function returned(
  returns: ReturnValues,
  paths: readonly Path[],
  old: Item | undefined,
  item: Item,
): Item | undefined {
  switch (returns) {
    case 'NONE':
      return undefined;
    case 'ALL_OLD':
      return old;
    case 'UPDATED_OLD':
      return old && project(old, paths);
    case 'ALL_NEW':
      return item;
    case 'UPDATED_NEW':
      return project(item, paths);
  }
}
