import { ATTRIBUTE_TYPES, type AttributeType, compareScalars, typeOf } from '../attribute-value';
import type { Operand } from './condition';
import { describePath } from './path';
import type { Tokens } from './token';

/** What can be told of the operands of a condition before it meets an item. */

const SIZELESS: readonly AttributeType[] = ['N', 'BOOL', 'NULL'];

/** The type that `attribute_type` asks for. */
export function readTypeName(tokens: Tokens, operand: Operand): AttributeType {
  if (operand.kind !== 'value' || !('S' in operand.value)) {
    const found = operand.kind === 'value' ? typeOf(operand.value) : '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}';
    throw operandType(tokens, 'attribute_type', found);
  }
  const name = operand.value.S;
  const type = ATTRIBUTE_TYPES.find((candidate) => candidate === name);
  if (type === undefined) {
    throw tokens.error(
      `Invalid attribute type name found; type: ${name}, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
    );
  }
  return type;
}

export function checkPrefix(tokens: Tokens, operand: Operand): void {
  if (operand.kind === 'value' && !('S' in operand.value) && !('B' in operand.value)) {
    throw operandType(tokens, 'begins_with', typeOf(operand.value));
  }
}

export function checkSized(tokens: Tokens, operand: Operand): void {
  if (operand.kind === 'value' && SIZELESS.includes(typeOf(operand.value))) {
    throw operandType(tokens, 'size', typeOf(operand.value));
  }
}

/** Only strings, numbers and binaries have an order. */
export function checkOrdered(tokens: Tokens, comparator: string, operand: Operand): void {
  if (operand.kind === 'value' && compareScalars(operand.value, operand.value) === undefined) {
    throw operandType(tokens, comparator, typeOf(operand.value));
  }
}

export function checkDistinct(tokens: Tokens, operator: string, left: Operand, right: Operand): void {
  if (left.kind !== 'path' || right.kind !== 'path') {
    return;
  }
  const path = describePath(left.path);
  if (path === describePath(right.path)) {
    throw tokens.error(
      'The first operand must be distinct from the remaining operands for this operator or function; ' +
        `operator: ${operator}, first operand: ${path}`,
    );
  }
}

export function checkBounds(tokens: Tokens, low: Operand, high: Operand): void {
  if (low.kind !== 'value' || high.kind !== 'value') {
    return;
  }
  const order = compareScalars(low.value, high.value);
  if (order !== undefined && order <= 0) {
    return;
  }
  const rule =
    typeOf(low.value) === typeOf(high.value)
      ? 'upper bound to be greater than or equal to lower bound'
      : 'same data type for lower and upper bounds';
  const [lower, upper] = [low, high].map(({ value }) => {
    const [type, content] = Object.entries(value)[0] ?? [];
    return `AttributeValue: {${type}:${content}}`;
  });
  throw tokens.error(
    `The BETWEEN operator requires ${rule}; lower bound operand: ${lower}, upper bound operand: ${upper}`,
  );
}

export function operandCount(tokens: Tokens, name: string, count: number): Error {
  return tokens.error(
    'Incorrect number of operands for operator or function; ' +
      `operator or function: ${name}, number of operands: ${count}`,
  );
}

export function misused(tokens: Tokens, name: string): Error {
  return tokens.error(`The function is not allowed to be used this way in an expression; function: ${name}`);
}

function operandType(tokens: Tokens, name: string, type: string): Error {
  return tokens.error(
    `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
  );
}
