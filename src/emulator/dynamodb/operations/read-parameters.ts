import { pathsOf } from '../expressions/condition';
import type { Path } from '../expressions/path';
import { validation } from '../failure';
import { type Fields, flag, integer, member, oneOf } from '../fields';
import type { RequestExpressions } from '../request-expressions';
import { PLACEHOLDERS } from '../request-expressions';
import type { PageRequest } from '../view';

/** Parameters that Scan and Query share. */
export const READ_PARAMETERS = [
  'TableName',
  'IndexName',
  'ConsistentRead',
  'ExclusiveStartKey',
  'FilterExpression',
  'Limit',
  'ProjectionExpression',
  'Select',
  ...PLACEHOLDERS,
] as const;

export type ReadParameters = Pick<PageRequest, 'limit' | 'filter' | 'projection' | 'countOnly'>;

export function readReadParameters(input: Fields, expressions: RequestExpressions): ReadParameters {
  if (flag(input, 'ConsistentRead') && member(input, 'IndexName') !== undefined) {
    throw validation('Consistent reads are not supported on global secondary indexes');
  }
  const projection = expressions.projection();
  const select = oneOf(input, 'Select', ['ALL_ATTRIBUTES', 'COUNT', 'SPECIFIC_ATTRIBUTES']);
  if (projection !== undefined && select !== undefined && select !== 'SPECIFIC_ATTRIBUTES') {
    throw validation(`Cannot specify the ProjectionExpression when choosing to get ${select}`);
  }
  return {
    limit: integer(input, 'Limit', 1),
    filter: expressions.condition('FilterExpression'),
    projection,
    countOnly: select === 'COUNT',
  };
}

/** Key attributes belong into the key condition: Query refuses them in its filter. */
export function checkFilter(filter: PageRequest['filter'], keyNames: readonly string[]): void {
  const heads = filter === undefined ? [] : pathsOf(filter).map(([head]: Path) => head);
  const key = keyNames.find((name) => heads.includes(name));
  if (key !== undefined) {
    throw validation(
      `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${key}`,
    );
  }
}
