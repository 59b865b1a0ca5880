import { type AttributeValue, readValue } from '../attribute-value';
import { validation } from '../failure';
import { type Fields, member, structure } from '../fields';

/** What the placeholders of one request stand for; knows which of them no expression has used. */
export class Scope {
  readonly #names: ReadonlyMap<string, string>;
  readonly #values: ReadonlyMap<string, AttributeValue>;
  readonly #unusedNames: Set<string>;
  readonly #unusedValues: Set<string>;

  constructor(input: Fields) {
    const names = placeholders(structure(input, 'ExpressionAttributeNames'), 'ExpressionAttributeNames', '#');
    const values = placeholders(
      structure(input, 'ExpressionAttributeValues'),
      'ExpressionAttributeValues',
      ':',
    );
    this.#names = new Map(names.map(([key, name]) => [key, String(name)]));
    this.#values = new Map(values.map(([key, value]) => [key, readNamedValue(key, value)]));
    this.#unusedNames = new Set(this.#names.keys());
    this.#unusedValues = new Set(this.#values.keys());
  }

  name(placeholder: string): string | undefined {
    this.#unusedNames.delete(placeholder);
    return this.#names.get(placeholder);
  }

  value(placeholder: string): AttributeValue | undefined {
    this.#unusedValues.delete(placeholder);
    return this.#values.get(placeholder);
  }

  /** @throws ValidationException when a placeholder was given that no expression uses */
  checkUsed(): void {
    for (const [what, unused] of [
      ['Names', this.#unusedNames],
      ['Values', this.#unusedValues],
    ] as const) {
      if (unused.size > 0) {
        const keys = [...unused].join(', ');
        throw validation(
          `Value provided in ExpressionAttribute${what} unused in expressions: keys: {${keys}}`,
        );
      }
    }
  }
}

function placeholders(fields: Fields | undefined, parameter: string, sign: '#' | ':'): [string, unknown][] {
  if (fields === undefined) {
    return [];
  }
  const keys = Object.keys(fields);
  if (keys.length === 0) {
    throw validation(`${parameter} must not be empty`);
  }
  const wrong = keys.find((key) => !key.startsWith(sign) || !/^.[0-9a-zA-Z_]+$/.test(key));
  if (wrong !== undefined) {
    throw validation(`${parameter} contains invalid key: Syntax error; key: "${wrong}"`);
  }
  return keys.map((key) => [key, member(fields, key)]);
}

function readNamedValue(key: string, raw: unknown): AttributeValue {
  try {
    return readValue(raw);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw validation(`ExpressionAttributeValues contains invalid value: ${message} for key ${key}`);
  }
}
