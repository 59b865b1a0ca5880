import { compareDecimals, formatDecimal, parseDecimal } from './decimal';
import { invalidParameter, serialization, validation } from './failure';
import { asFields, type Fields, member } from './fields';

/**
 * A value as it stands on the wire, validated, with numbers in their canonical text. Never mutated, so that
 * what was answered cannot change afterwards.
 */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: Item };

/** Attributes by name. Without prototype: an attribute may be called `constructor`. */
export type Item = { readonly [attribute: string]: AttributeValue };

export const ATTRIBUTE_TYPES = ['S', 'N', 'B', 'BOOL', 'NULL', 'SS', 'NS', 'BS', 'L', 'M'] as const;
export type AttributeType = (typeof ATTRIBUTE_TYPES)[number];

/** Deepest nesting of lists and maps. Source: Developer Guide, "Service quotas", nested attribute depth. */
const MAX_DEPTH = 32;

/** A copy that may be changed while it is being built. */
export function draft(item: Item = {}): { [attribute: string]: AttributeValue } {
  return Object.assign(Object.create(null), item);
}

export function typeOf(value: AttributeValue): AttributeType {
  for (const type in value) {
    return type as AttributeType;
  }
  throw new TypeError('an attribute value without type');
}

/** The members of a set, or undefined when `value` is no set. */
export function setMembers(value: AttributeValue): readonly string[] | undefined {
  return 'SS' in value ? value.SS : 'NS' in value ? value.NS : 'BS' in value ? value.BS : undefined;
}

export function setOf(type: AttributeType, members: readonly string[]): AttributeValue {
  return type === 'SS' ? { SS: members } : type === 'NS' ? { NS: members } : { BS: members };
}

/** @throws ValidationException or SerializationException */
export function readItem(raw: unknown, depth = 0): Item {
  const fields = asFields(raw);
  const item = draft();
  for (const name of Object.keys(fields)) {
    item[name] = readValue(fields[name], depth);
  }
  return item;
}

/** @throws ValidationException or SerializationException */
export function readValue(raw: unknown, depth = 0): AttributeValue {
  const fields = asFields(raw);
  const [type, ...others] = ATTRIBUTE_TYPES.filter((candidate) => member(fields, candidate) !== undefined);
  if (type === undefined || others.length > 0) {
    const fault = type === undefined ? 'is empty' : 'has more than one datatypes set';
    throw validation(`Supplied AttributeValue ${fault}, must contain exactly one of the supported datatypes`);
  }
  if (depth > MAX_DEPTH) {
    throw validation('Nesting Levels have exceeded supported limits');
  }
  const value = fields[type];
  switch (type) {
    case 'S':
      return { S: asText(value) };
    case 'N':
      return { N: canonicalNumber(asText(value)) };
    case 'B':
      return { B: asBase64(value) };
    case 'BOOL':
      return { BOOL: asBoolean(value) };
    case 'NULL':
      if (!asBoolean(value)) {
        throw invalidParameter('Null attribute value types must have the value of true');
      }
      return { NULL: true };
    case 'SS':
      return { SS: readSet(fields, type, asText) };
    case 'NS':
      return { NS: readSet(fields, type, (entry) => canonicalNumber(asText(entry))) };
    case 'BS':
      return { BS: readSet(fields, type, asBase64) };
    case 'L':
      return { L: asList(value).map((entry) => readValue(entry, depth + 1)) };
    case 'M':
      return { M: readItem(value, depth + 1) };
  }
}

const EMPTY_SET = {
  SS: 'An string set  may not be empty',
  NS: 'An number set  may not be empty',
  BS: 'Binary sets should not be empty',
};

function readSet(fields: Fields, type: 'SS' | 'NS' | 'BS', read: (entry: unknown) => string): string[] {
  const members = asList(fields[type]).map(read);
  if (members.length === 0) {
    throw invalidParameter(EMPTY_SET[type]);
  }
  if (new Set(members).size < members.length) {
    throw type === 'NS'
      ? validation('Input collection contains duplicates')
      : invalidParameter(`Input collection [${members.join(', ')}] contains duplicates.`);
  }
  return members;
}

function asList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw serialization('Unexpected field type');
  }
  return value;
}

function asText(value: unknown): string {
  if (typeof value !== 'string') {
    throw serialization(`${typeof value} value cannot be converted to String`);
  }
  return value;
}

function asBoolean(value: unknown): boolean {
  if (typeof value !== 'boolean') {
    throw serialization(`${typeof value} value cannot be converted to Boolean`);
  }
  return value;
}

function asBase64(value: unknown): string {
  const encoded = asText(value);
  if (Buffer.from(encoded, 'base64').toString('base64') !== encoded) {
    throw serialization('only base-64-encoded strings are convertible to bytes');
  }
  return encoded;
}

const canonicalNumber = (figures: string): string => formatDecimal(parseDecimal(figures));

/** Deep equality; sets have no order. */
export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  if (typeOf(a) !== typeOf(b)) {
    return false;
  }
  const left = setMembers(a);
  const right = setMembers(b);
  if (left !== undefined && right !== undefined) {
    return left.length === right.length && left.every((entry) => right.includes(entry));
  }
  if ('L' in a && 'L' in b) {
    return a.L.length === b.L.length && a.L.every((entry, index) => equalOptional(entry, b.L[index]));
  }
  if ('M' in a && 'M' in b) {
    const names = Object.keys(a.M);
    return (
      names.length === Object.keys(b.M).length && names.every((name) => equalOptional(a.M[name], b.M[name]))
    );
  }
  return JSON.stringify(a) === JSON.stringify(b);
}

const equalOptional = (a: AttributeValue | undefined, b: AttributeValue | undefined): boolean =>
  a !== undefined && b !== undefined && equalValues(a, b);

/**
 * The order of two values of one ordered type: numbers by value, strings by their UTF-8 bytes, binaries by
 * unsigned bytes. Undefined when types differ or have no order.
 */
export function compareScalars(a: AttributeValue, b: AttributeValue): number | undefined {
  if ('N' in a && 'N' in b) {
    return compareDecimals(parseDecimal(a.N), parseDecimal(b.N));
  }
  if ('S' in a && 'S' in b) {
    return Buffer.compare(Buffer.from(a.S), Buffer.from(b.S));
  }
  if ('B' in a && 'B' in b) {
    return Buffer.compare(Buffer.from(a.B, 'base64'), Buffer.from(b.B, 'base64'));
  }
  return undefined;
}
