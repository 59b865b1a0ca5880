import { type Condition, operandsOf, pathsOf } from '../expressions/condition';
import { holds } from '../expressions/evaluation';
import { invalidParameter, validation } from '../failure';
import { allowOnly, flag, required, resourceName, tableName } from '../fields';
import type { KeySchema } from '../key-schema';
import { RequestExpressions } from '../request-expressions';
import { readPage, readStartKey } from '../view';
import type { Operation } from './operation';
import { checkFilter, READ_PARAMETERS, readReadParameters } from './read-parameters';

export const query: Operation = (account, input) => {
  allowOnly(input, [...READ_PARAMETERS, 'KeyConditionExpression', 'ScanIndexForward']);
  const name = tableName(input);
  const indexName = resourceName(input, 'IndexName');
  const expressions = new RequestExpressions(input, [
    'KeyConditionExpression',
    'FilterExpression',
    'ProjectionExpression',
  ]);
  const condition = required('KeyConditionExpression', expressions.condition('KeyConditionExpression'));
  const parameters = readReadParameters(input, expressions);
  const backward = flag(input, 'ScanIndexForward') === false;
  expressions.finish();

  const view = account.active(name).view(indexName, account.now());
  checkKeyCondition(condition, view.schema);
  checkFilter(
    parameters.filter,
    [view.schema.hash, view.schema.range].flatMap((key) => key?.name ?? []),
  );
  return readPage(view, {
    ...parameters,
    within: ({ item }) => holds(condition, item),
    startAfter: readStartKey(input, view),
    backward,
  });
};

/**
 * A key condition is an equality on the hash key, and at most one condition on the range key.
 * Source: API reference of Query, KeyConditionExpression.
 */
function checkKeyCondition(condition: Condition, { hash, range }: KeySchema): void {
  const terms = new Map<string, Condition>();
  for (const term of condition.kind === 'and' ? condition.terms : [condition]) {
    const name = keyNameOf(term);
    if (terms.has(name)) {
      throw validation('KeyConditionExpressions must only contain one condition per key');
    }
    terms.set(name, term);
  }
  if (!terms.has(hash.name)) {
    throw validation(`Query condition missed key schema element: ${hash.name}`);
  }
  for (const [name, term] of terms) {
    const key = [hash, range].find((attribute) => attribute?.name === name);
    const isEquality = term.kind === 'compare' && term.comparator === '=';
    if (key === undefined || (key === hash && !isEquality)) {
      throw validation('Query key condition not supported');
    }
    if (operandsOf(term).some((operand) => operand.kind === 'value' && !(key.type in operand.value))) {
      throw invalidParameter('Condition parameter type does not match schema type');
    }
  }
}

/** The one attribute that a term of a key condition is about. */
function keyNameOf(term: Condition): string {
  const comparison = term.kind === 'compare' && term.comparator !== '<>';
  if (!comparison && term.kind !== 'between' && term.kind !== 'begins_with') {
    const operator = term.kind === 'compare' ? term.comparator : term.kind.toUpperCase();
    throw validation(`Invalid operator used in KeyConditionExpression: ${operator}`);
  }
  const [path, ...others] = pathsOf(term);
  if (path === undefined || others.length > 0) {
    const fault =
      path === undefined ? 'No key attribute specified' : 'Multiple attribute names used in one condition';
    throw validation(`Invalid condition in KeyConditionExpression: ${fault}`);
  }
  const [name, ...nested] = path;
  if (nested.length > 0) {
    throw validation('KeyConditionExpressions cannot have conditions on nested attributes');
  }
  return name;
}
