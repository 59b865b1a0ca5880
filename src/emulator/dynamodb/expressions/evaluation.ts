import {
  type AttributeValue,
  compareScalars,
  equalValues,
  type Item,
  setMembers,
  typeOf,
} from '../attribute-value';
import type { Comparator, Condition, Operand } from './condition';
import { valueAt } from './path';

/** Whether an item meets a condition; an absent item is judged as an empty one. */
export function holds(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.terms.every((term) => holds(term, item));
    case 'or':
      return condition.terms.some((term) => holds(term, item));
    case 'not':
      return !holds(condition.term, item);
    case 'exists':
      return valueAt(item, condition.path) !== undefined;
    case 'compare':
      return compares(condition.comparator, resolve(condition.left, item), resolve(condition.right, item));
    case 'between': {
      const value = resolve(condition.operand, item);
      return (
        compares('>=', value, resolve(condition.low, item)) &&
        compares('<=', value, resolve(condition.high, item))
      );
    }
    case 'in': {
      const value = resolve(condition.operand, item);
      return condition.choices.some((choice) => compares('=', value, resolve(choice, item)));
    }
    case 'type': {
      const value = resolve(condition.operand, item);
      return value !== undefined && typeOf(value) === condition.type;
    }
    case 'begins_with':
      return beginsWith(resolve(condition.operand, item), resolve(condition.part, item));
    case 'contains':
      return contains(resolve(condition.operand, item), resolve(condition.part, item));
  }
}

function resolve(operand: Operand, item: Item): AttributeValue | undefined {
  switch (operand.kind) {
    case 'path':
      return valueAt(item, operand.path);
    case 'value':
      return operand.value;
    case 'size':
      return sizeOf(resolve(operand.of, item));
  }
}

function compares(
  comparator: Comparator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  const equal = left !== undefined && right !== undefined && equalValues(left, right);
  switch (comparator) {
    case '=':
      return equal;
    // True also when one side is absent: "is not equal" is all that is asked.
    case '<>':
      return !equal;
  }
  const order = left !== undefined && right !== undefined ? compareScalars(left, right) : undefined;
  if (order === undefined) {
    return false;
  }
  switch (comparator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** Characters, bytes or elements. Numbers, booleans and nulls have no size. */
function sizeOf(value: AttributeValue | undefined): AttributeValue | undefined {
  if (value === undefined) {
    return undefined;
  }
  const elements = setMembers(value);
  const size =
    'S' in value
      ? value.S.length
      : 'B' in value
        ? Buffer.byteLength(value.B, 'base64')
        : 'L' in value
          ? value.L.length
          : 'M' in value
            ? Object.keys(value.M).length
            : elements?.length;
  return size === undefined ? undefined : { N: String(size) };
}

function beginsWith(value: AttributeValue | undefined, prefix: AttributeValue | undefined): boolean {
  if (value === undefined || prefix === undefined) {
    return false;
  }
  if ('S' in value && 'S' in prefix) {
    return value.S.startsWith(prefix.S);
  }
  return 'B' in value && 'B' in prefix && bytes(value.B).indexOf(bytes(prefix.B)) === 0;
}

/** A part of a string or binary, a member of a set, or an element of a list. */
function contains(value: AttributeValue | undefined, part: AttributeValue | undefined): boolean {
  if (value === undefined || part === undefined) {
    return false;
  }
  if ('S' in value) {
    return 'S' in part && value.S.includes(part.S);
  }
  if ('B' in value) {
    return 'B' in part && bytes(value.B).includes(bytes(part.B));
  }
  if ('L' in value) {
    return value.L.some((entry) => equalValues(entry, part));
  }
  return (
    ('SS' in value && 'S' in part && value.SS.includes(part.S)) ||
    ('NS' in value && 'N' in part && value.NS.includes(part.N)) ||
    ('BS' in value && 'B' in part && value.BS.includes(part.B))
  );
}

const bytes = (encoded: string): Buffer => Buffer.from(encoded, 'base64');
