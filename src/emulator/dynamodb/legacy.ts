import { type AttributeValue, compareScalars, readValue, setMembers, typeOf } from './attribute-value';
import type { Comparator, Condition, Operand } from './expressions/condition';
import type { Change, Source, Update } from './expressions/update';
import { invalidParameter, validation } from './failure';
import { asFields, type Fields, flag, list, member, oneOf, structure } from './fields';

/**
 * The parameters from before expressions (`Expected`, `ConditionalOperator`, `AttributeUpdates`), translated to
 * what expressions are parsed to: the Java KCL still writes its lease table with them.
 * Source: Developer Guide, "Legacy conditional parameters".
 */
const COMPARISONS: { readonly [operator: string]: Comparator } = {
  EQ: '=',
  NE: '<>',
  LE: '<=',
  LT: '<',
  GE: '>=',
  GT: '>',
};
/** Fewest and most values of each operator. */
const VALUES: { readonly [operator: string]: readonly [number, number] } = {
  NULL: [0, 0],
  NOT_NULL: [0, 0],
  EQ: [1, 1],
  NE: [1, 1],
  LE: [1, 1],
  LT: [1, 1],
  GE: [1, 1],
  GT: [1, 1],
  CONTAINS: [1, 1],
  NOT_CONTAINS: [1, 1],
  BEGINS_WITH: [1, 1],
  IN: [1, Number.POSITIVE_INFINITY],
  BETWEEN: [2, 2],
};

/** The condition of `Expected`, or undefined without it. */
export function readExpected(input: Fields): Condition | undefined {
  const expected = structure(input, 'Expected');
  const kind = oneOf(input, 'ConditionalOperator', ['AND', 'OR']) === 'OR' ? 'or' : 'and';
  const count = expected === undefined ? 0 : Object.keys(expected).length;
  if (member(input, 'ConditionalOperator') !== undefined && count < 2) {
    throw validation(
      count === 0
        ? 'ConditionalOperator cannot be used without Filter or Expected'
        : 'ConditionalOperator can only be used when Filter or Expected has two or more elements',
    );
  }
  if (expected === undefined) {
    return undefined;
  }
  const terms = Object.keys(expected).map((name) => expectation(name, asFields(expected[name])));
  return { kind, terms };
}

function expectation(name: string, fields: Fields): Condition {
  const operator = oneOf(fields, 'ComparisonOperator', Object.keys(VALUES));
  const value = member(fields, 'Value') === undefined ? undefined : readValue(fields.Value);
  const values = list(fields, 'AttributeValueList')?.map((entry) => readValue(entry));
  const exists = flag(fields, 'Exists');
  const refuse = (detail: string): Error => invalidParameter(`${detail} for Attribute: ${name}`);
  if (value !== undefined && values !== undefined) {
    throw refuse('Value and AttributeValueList cannot be used together');
  }
  if (operator !== undefined) {
    if (exists !== undefined) {
      throw refuse('Exists and ComparisonOperator cannot be used together');
    }
    return comparison(name, operator, values ?? (value === undefined ? [] : [value]));
  }
  if (values !== undefined) {
    throw refuse('AttributeValueList can only be used with a ComparisonOperator');
  }
  if (exists === false) {
    if (value !== undefined) {
      throw refuse('Value cannot be used when Exists is false');
    }
    return absent(name);
  }
  if (value === undefined) {
    throw refuse(`Value must be provided when Exists is ${exists ?? 'null'}`);
  }
  return comparison(name, 'EQ', [value]);
}

const absent = (name: string): Condition => ({ kind: 'not', term: { kind: 'exists', path: [name] } });

function comparison(name: string, operator: string, values: readonly AttributeValue[]): Condition {
  const [fewest, most] = VALUES[operator] ?? [0, 0];
  if (values.length < fewest || values.length > most) {
    throw invalidParameter(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  }
  if (new Set(values.map(typeOf)).size > 1) {
    throw invalidParameter('AttributeValues inside AttributeValueList must be of same type');
  }
  const unfit =
    operator === 'EQ' || operator === 'NE' ? undefined : values.find((value) => !fits(operator, value));
  if (unfit !== undefined) {
    throw invalidParameter(
      `ComparisonOperator ${operator} is not valid for ${typeOf(unfit)} AttributeValue type`,
    );
  }
  const operand: Operand = { kind: 'path', path: [name] };
  const operands = values.map((value): Operand => ({ kind: 'value', value }));
  const [first, second] = operands;
  const exists: Condition = { kind: 'exists', path: [name] };
  if (first === undefined) {
    return operator === 'NULL' ? absent(name) : exists;
  }
  if (operator === 'IN') {
    return { kind: 'in', operand, choices: operands };
  }
  if (operator === 'BETWEEN' && second !== undefined) {
    checkBounds(values);
    return { kind: 'between', operand, low: first, high: second };
  }
  if (operator === 'CONTAINS' || operator === 'BEGINS_WITH') {
    return { kind: operator === 'CONTAINS' ? 'contains' : 'begins_with', operand, part: first };
  }
  if (operator === 'NOT_CONTAINS') {
    // False for an absent attribute, unlike NOT contains(…) of an expression.
    return {
      kind: 'and',
      terms: [exists, { kind: 'not', term: { kind: 'contains', operand, part: first } }],
    };
  }
  return { kind: 'compare', comparator: COMPARISONS[operator] ?? '=', left: operand, right: first };
}

/** Operators other than EQ and NE take only scalars that have an order, and a prefix is no number. */
function fits(operator: string, value: AttributeValue): boolean {
  return compareScalars(value, value) !== undefined && !(operator === 'BEGINS_WITH' && 'N' in value);
}

function checkBounds([low, high]: readonly AttributeValue[]): void {
  if (low !== undefined && high !== undefined && (compareScalars(low, high) ?? 0) > 0) {
    throw validation(
      'The BETWEEN condition was provided a range where the lower bound is greater than the upper bound',
    );
  }
}

const LEGACY_MISMATCH = 'Type mismatch for attribute to update';

/** The changes of `AttributeUpdates`, or undefined without it. */
export function readAttributeUpdates(input: Fields): Update | undefined {
  const updates = structure(input, 'AttributeUpdates');
  if (updates === undefined) {
    return undefined;
  }
  const changes = Object.keys(updates).map((name) => attributeUpdate(name, asFields(updates[name])));
  return { changes, mismatch: LEGACY_MISMATCH };
}

function attributeUpdate(name: string, fields: Fields): Change {
  const action = oneOf(fields, 'Action', ['PUT', 'ADD', 'DELETE']) ?? 'PUT';
  const value = member(fields, 'Value') === undefined ? undefined : readValue(fields.Value);
  if (value === undefined) {
    if (action !== 'DELETE') {
      throw invalidParameter('Only DELETE action is allowed when no attribute value is specified');
    }
    return { kind: 'REMOVE', path: [name] };
  }
  if (action === 'PUT') {
    return { kind: 'SET', path: [name], source: { kind: 'value', value } };
  }
  if (action === 'ADD' && 'L' in value) {
    const left: Source = {
      kind: 'if_not_exists',
      path: [name],
      otherwise: { kind: 'value', value: { L: [] } },
    };
    return {
      kind: 'SET',
      path: [name],
      source: { kind: 'list_append', left, right: { kind: 'value', value } },
    };
  }
  if (setMembers(value) === undefined && !(action === 'ADD' && 'N' in value)) {
    throw invalidParameter(
      action === 'ADD'
        ? `ADD action is not supported for the type ${typeOf(value)}`
        : `DELETE action with value is not supported for the type ${typeOf(value)}`,
    );
  }
  return { kind: action, path: [name], value };
}
