import { serialization, validation } from './failure';

/** Members of a JSON structure, not yet looked at. */
export type Fields = { readonly [name: string]: unknown };

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function constraint(name: string, found: unknown, rule: string): Error {
  const shown = found === undefined ? 'null' : `'${String(found)}'`;
  return validation(
    `1 validation error detected: Value ${shown} at '${lowerFirst(name)}' failed to satisfy constraint: ${rule}`,
  );
}

/** @throws SerializationException unless `value` is a JSON object */
export function asFields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw serialization('Unexpected value type in payload');
  }
  return value as Fields;
}

/** The member, or undefined when it is absent or null: AWS does not tell the two apart. */
export function member(fields: Fields, name: string): unknown {
  return fields[name] ?? undefined;
}

export function required<T>(name: string, value: T | undefined): T {
  if (value === undefined) {
    throw constraint(name, undefined, 'Member must not be null');
  }
  return value;
}

export function structure(fields: Fields, name: string): Fields | undefined {
  const value = member(fields, name);
  return value === undefined ? undefined : asFields(value);
}

export function list(fields: Fields, name: string): readonly unknown[] | undefined {
  const value = member(fields, name);
  if (value !== undefined && !Array.isArray(value)) {
    throw serialization('Start of structure or map found where not expected');
  }
  return value;
}

export function text(fields: Fields, name: string): string | undefined {
  const value = member(fields, name);
  if (value !== undefined && typeof value !== 'string') {
    throw serialization(`${typeof value} value cannot be converted to String`);
  }
  return value;
}

export function flag(fields: Fields, name: string): boolean | undefined {
  const value = member(fields, name);
  if (value !== undefined && typeof value !== 'boolean') {
    throw serialization(`${typeof value} value cannot be converted to Boolean`);
  }
  return value;
}

/** A whole number of at least `minimum`. */
export function integer(fields: Fields, name: string, minimum: number): number | undefined {
  const value = member(fields, name);
  if (value === undefined) {
    return undefined;
  }
  if (typeof value !== 'number') {
    throw serialization(`${typeof value} value cannot be converted to Integer`);
  }
  if (value < minimum) {
    throw constraint(name, value, `Member must have value greater than or equal to ${minimum}`);
  }
  return Math.floor(value);
}

export function oneOf<T extends string>(fields: Fields, name: string, choices: readonly T[]): T | undefined {
  const value = text(fields, name);
  const choice = choices.find((candidate) => candidate === value);
  if (value !== undefined && choice === undefined) {
    throw constraint(name, value, `Member must satisfy enum value set: [${choices.join(', ')}]`);
  }
  return choice;
}

/** A table or index name: 3 to 255 of `a-z A-Z 0-9 _ . -`. */
export function resourceName(fields: Fields, name: string): string | undefined {
  const value = text(fields, name);
  if (value === undefined) {
    return undefined;
  }
  if (!/^[a-zA-Z0-9_.-]+$/.test(value)) {
    throw constraint(name, value, 'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+');
  }
  if (value.length < 3 || value.length > 255) {
    const bound = value.length < 3 ? 'greater than or equal to 3' : 'less than or equal to 255';
    throw constraint(name, value, `Member must have length ${bound}`);
  }
  return value;
}

export const tableName = (input: Fields): string => required('TableName', resourceName(input, 'TableName'));

/**
 * Refuses every member this model does not act on. An emulator that ignores what it does not know would let
 * a client pass here and behave differently at AWS.
 */
export function allowOnly(input: Fields, names: readonly string[]): void {
  for (const name of Object.keys(input)) {
    if (names.includes(name) || member(input, name) === undefined) {
      continue;
    }
    const harmless = name === 'ReturnConsumedCapacity' || name === 'ReturnItemCollectionMetrics';
    if (!harmless || input[name] !== 'NONE') {
      throw validation(`This emulator does not know ${name} with the value ${JSON.stringify(input[name])}`);
    }
  }
}
