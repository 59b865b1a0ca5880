import { ServiceError } from './service-model';

/** One member of a request, in the words of the service's API reference. Lengths count UTF-16 units; timestamps are seconds. */
export type Field =
  | {
      readonly type: 'String';
      readonly required?: true;
      readonly min?: number;
      readonly max?: number;
      readonly pattern?: string;
      readonly values?: readonly string[];
    }
  | { readonly type: 'Blob'; readonly required?: true }
  | { readonly type: 'Integer'; readonly required?: true; readonly min?: number; readonly max?: number }
  | { readonly type: 'Timestamp'; readonly required?: true }
  | { readonly type: 'Boolean'; readonly required?: true }
  | {
      readonly type: 'List';
      readonly required?: true;
      readonly min?: number;
      readonly max?: number;
      readonly member: Field;
    }
  | { readonly type: 'Structure'; readonly required?: true; readonly fields: Shape };

export type Shape = { readonly [member: string]: Field };

type ValueOf<F extends Field> = F extends { readonly type: 'String'; readonly values: readonly (infer V)[] }
  ? V
  : F extends { readonly type: 'String' | 'Blob' }
    ? string
    : F extends { readonly type: 'Integer' | 'Timestamp' }
      ? number
      : F extends { readonly type: 'Boolean' }
        ? boolean
        : F extends { readonly type: 'List'; readonly member: infer M extends Field }
          ? readonly ValueOf<M>[]
          : F extends { readonly type: 'Structure'; readonly fields: infer S extends Shape }
            ? InputOf<S>
            : never;

type RequiredOf<S extends Shape> = {
  [K in keyof S]: S[K] extends { readonly required: true } ? K : never;
}[keyof S];

/** What a request of this shape is once it was read. */
export type InputOf<S extends Shape> = { readonly [K in RequiredOf<S>]: ValueOf<S[K]> } & {
  readonly [K in Exclude<keyof S, RequiredOf<S>>]?: ValueOf<S[K]> | undefined;
};

/**
 * Reads a request: known members that are not null, each of its type and within its constraints.
 * @throws ServiceError SerializationException for a wrong type, ValidationException naming every broken constraint,
 * both with the messages AWS uses.
 */
export function readInput<S extends Shape>(shape: S, input: unknown): InputOf<S> {
  const problems: string[] = [];
  const read = readStructure(shape, input, '', problems);
  if (problems.length > 0) {
    const count = problems.length === 1 ? '1 validation error' : `${problems.length} validation errors`;
    throw new ServiceError('ValidationException', `${count} detected: ${problems.join('; ')}`);
  }
  return read as InputOf<S>;
}

/**
 * For a service that ignores nothing: a client whose parameter is ignored here would be answered otherwise at AWS.
 * @throws ServiceError ValidationException for a member that `shape` has not
 */
export function refuseUnknown(shape: Shape, input: unknown): void {
  const unknown = Object.keys(input ?? {}).find((name) => !Object.hasOwn(shape, name));
  if (unknown !== undefined) {
    throw new ServiceError('ValidationException', `This emulator does not know ${unknown}`);
  }
}

function readStructure(shape: Shape, input: unknown, path: string, problems: string[]): object {
  if (typeof input !== 'object' || input === null) {
    throw serialization('Expected null');
  }
  if (Array.isArray(input)) {
    throw serialization('Start of list found where not expected');
  }
  const members = input as { readonly [name: string]: unknown };
  const read: { [name: string]: unknown } = {};
  for (const name in shape) {
    const field = shape[name] as Field;
    const value = members[name];
    if (value !== undefined && value !== null) {
      read[name] = readField(field, value, path + lowerFirst(name), problems);
    } else if (field.required) {
      problems.push(problem('null', path + lowerFirst(name), 'Member must not be null'));
    }
  }
  return read;
}

function readField(field: Field, value: unknown, path: string, problems: string[]): unknown {
  switch (field.type) {
    case 'Structure':
      return readStructure(field.fields, value, `${path}.`, problems);
    case 'List':
      if (!Array.isArray(value)) {
        throw serialization('Expected list or null');
      }
      checkRange(field, value.length, 'length', `[${value.length} members]`, path, problems);
      return value.map((member, index) =>
        readField(field.member, member, `${path}.${index + 1}.member`, problems),
      );
    case 'String':
      checkType(value, 'string', 'an String');
      checkText(field, value, path, problems);
      return value;
    case 'Blob':
      checkType(value, 'string', 'a Blob');
      checkBase64(value);
      return value;
    case 'Integer':
      checkType(value, 'number', 'an Integer');
      checkRange(field, value, 'value', String(value), path, problems);
      return Math.floor(value);
    case 'Timestamp':
      checkType(value, 'number', 'milliseconds since epoch');
      return value;
    case 'Boolean':
      checkType(value, 'boolean', 'an Boolean');
      return value;
  }
}

interface TypeNames {
  string: string;
  number: number;
  boolean: boolean;
}

const JAVA_CLASSES: { readonly [type: string]: string } = {
  string: 'class java.lang.String',
  boolean: 'class java.lang.Boolean',
  number: 'class com.amazon.coral.value.json.numbers.TruncatingBigNumber',
};

function checkType<T extends keyof TypeNames>(
  value: unknown,
  type: T,
  wanted: string,
): asserts value is TypeNames[T] {
  if (Array.isArray(value)) {
    throw serialization('Start of list found where not expected');
  }
  if (typeof value === 'object') {
    throw serialization('Start of structure or map found where not expected.');
  }
  if (typeof value !== type) {
    throw serialization(`${JAVA_CLASSES[typeof value]} can not be converted to ${wanted}`);
  }
}

function checkText(field: Field & { type: 'String' }, value: string, path: string, problems: string[]): void {
  checkRange(field, value.length, 'length', value, path, problems);
  if (field.pattern !== undefined && !pattern(field.pattern).test(value)) {
    problems.push(problem(value, path, `Member must satisfy regular expression pattern: ${field.pattern}`));
  }
  if (field.values !== undefined && !field.values.includes(value)) {
    problems.push(problem(value, path, `Member must satisfy enum value set: [${field.values.join(', ')}]`));
  }
}

function checkRange(
  field: { readonly min?: number; readonly max?: number },
  size: number,
  noun: 'length' | 'value',
  value: string,
  path: string,
  problems: string[],
): void {
  if (field.min !== undefined && size < field.min) {
    problems.push(problem(value, path, `Member must have ${noun} greater than or equal to ${field.min}`));
  }
  if (field.max !== undefined && size > field.max) {
    problems.push(problem(value, path, `Member must have ${noun} less than or equal to ${field.max}`));
  }
}

let scratch = Buffer.alloc(64 * 1024);

/** Decodes into a scratch buffer: the decoder skips what is no base64, so that a foreign character shows as a missing byte. */
function checkBase64(value: string): void {
  const bytes = Buffer.byteLength(value, 'base64');
  if (scratch.length < bytes) {
    scratch = Buffer.alloc(bytes * 2);
  }
  if (
    value.length % 4 !== 0 ||
    scratch.write(value, 'base64') !== bytes ||
    value.includes('-') ||
    value.includes('_')
  ) {
    throw serialization('The value can not be converted to a Blob: it is not Base64');
  }
}

const patterns = new Map<string, RegExp>();

function pattern(source: string): RegExp {
  const known = patterns.get(source) ?? new RegExp(`^(?:${source})$`);
  patterns.set(source, known);
  return known;
}

function problem(value: string, path: string, constraint: string): string {
  const shown = value === 'null' ? value : `'${value}'`;
  return `Value ${shown} at '${path}' failed to satisfy constraint: ${constraint}`;
}

function serialization(message: string): ServiceError {
  return new ServiceError('SerializationException', message);
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
