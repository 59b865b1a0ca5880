import { draft, type Item } from '../attribute-value';
import type { Condition } from '../expressions/condition';
import { holds } from '../expressions/evaluation';
import { conditionFailed, validation } from '../failure';
import { type Fields, oneOf } from '../fields';
import { readExpected } from '../legacy';
import { PLACEHOLDERS, type RequestExpressions } from '../request-expressions';

/** Parameters of every write of an item. */
export const WRITE_PARAMETERS = [
  'TableName',
  'ReturnValues',
  'ReturnValuesOnConditionCheckFailure',
  'ConditionExpression',
  'Expected',
  'ConditionalOperator',
  ...PLACEHOLDERS,
] as const;

/** Parameters that exclude expressions, and the other way round. */
export const LEGACY_WRITE_PARAMETERS = ['Expected', 'ConditionalOperator'] as const;

const RETURN_VALUES = ['NONE', 'ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW'] as const;
export type ReturnValues = (typeof RETURN_VALUES)[number];

export function readReturnValues(input: Fields): ReturnValues {
  return oneOf(input, 'ReturnValues', RETURN_VALUES) ?? 'NONE';
}

/** For the writes that replace or delete a whole item. */
export function readReturnsOld(input: Fields): boolean {
  const returns = readReturnValues(input);
  if (returns !== 'NONE' && returns !== 'ALL_OLD') {
    throw validation('ReturnValues can only be ALL_OLD or NONE');
  }
  return returns === 'ALL_OLD';
}

export type Precondition = (old: Item | undefined) => void;

/** Reads the condition of a write; the function returned throws ConditionalCheckFailedException when it is not met. */
export function readPrecondition(input: Fields, expressions: RequestExpressions): Precondition {
  const condition: Condition | undefined =
    expressions.condition('ConditionExpression') ?? readExpected(input);
  const returnsItem = oneOf(input, 'ReturnValuesOnConditionCheckFailure', ['NONE', 'ALL_OLD']) === 'ALL_OLD';
  return (old) => {
    if (condition !== undefined && !holds(condition, old ?? draft())) {
      throw conditionFailed(returnsItem ? old : undefined);
    }
  };
}

/** The answer of a write; without attributes the member is left out. */
export function answer(attributes: Item | undefined): object {
  return attributes === undefined || Object.keys(attributes).length === 0 ? {} : { Attributes: attributes };
}
