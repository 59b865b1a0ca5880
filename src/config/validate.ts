import { isDeepStrictEqual } from 'node:util';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import { joinPath, pointerToPath } from './path';
import { describe, type ProblemCode, type ProblemList } from './problems';
import type { Referenced } from './references';
import { type SchemaName, type SchemaNode, schemaDocument } from './schema';
import { didYouMean } from './suggestion';
import type { ConfigNotice } from './types';

/** Our keywords that say something about a value; the others only describe it. */
const SPEAKING = ['x-refused', 'x-notice'] as const;
const DESCRIBING = ['x-sensitive', 'x-neutral', 'x-format', 'x-unit', 'x-of', 'x-env'];

/** When several rules fail at one path, the earliest here is the one reported. */
const RANK = ['type', 'additionalProperties', 'required', 'enum', 'pattern', '', 'x-refused'];

/** Keywords that only say that one inside of them failed. */
const SUMMARIES = ['if', 'propertyNames'];

const CODES: { readonly [keyword: string]: ProblemCode } = {
  type: 'CONFIG_TYPE',
  additionalProperties: 'CONFIG_UNKNOWN_KEY',
  required: 'CONFIG_MISSING',
  enum: 'CONFIG_ENUM',
  pattern: 'CONFIG_FORMAT',
  'x-refused': 'CONFIG_UNSUPPORTED',
};

export interface ValidationOptions {
  /** Path of the value in the file. */
  readonly base: string;
  readonly problems: ProblemList;
  readonly notices: ConfigNotice[];
  /** What values came from, by path: such values are not shown. */
  readonly references?: ReadonlyMap<string, Referenced>;
  /** Nothing of the value is shown, whatever the schema says. */
  readonly hidden?: boolean;
}

/** A schema, or the part of one that describes a set of credentials. */
export type ValidatorName = SchemaName | 'credentials';

/** Checks `value` against a schema and reports every problem, and every notice, in the user's words. */
export function validate(name: ValidatorName, value: unknown, options: ValidationOptions): void {
  const check = validatorOf(name);
  if (check(value)) {
    return;
  }
  const errors = (check.errors ?? []).filter(({ keyword }) => !SUMMARIES.includes(keyword));
  for (const error of errors.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    report(error, options);
  }
}

let ajv: Ajv2020 | undefined;

function validatorOf(name: ValidatorName): ValidateFunction {
  if (ajv === undefined) {
    ajv = new Ajv2020({ allErrors: true, verbose: true, strictTypes: false, strictRequired: false });
    ajv.addVocabulary(DESCRIBING);
    for (const keyword of SPEAKING) {
      ajv.addKeyword({ keyword, schemaType: 'string', errors: true, validate: speaking(keyword) });
    }
    for (const schema of ['source', 'sink', 'connectors'] as const) {
      ajv.addSchema(schemaDocument(schema));
    }
  }
  const id = name === 'credentials' ? 'source.schema.json#/$defs/credentials' : `${name}.schema.json`;
  const check = ajv.getSchema(id);
  if (check === undefined) {
    throw new Error(`no schema ${name}`);
  }
  return check as ValidateFunction;
}

interface KeywordCheck {
  (phrase: string, value: unknown, node?: SchemaNode): boolean;
  errors?: Partial<ErrorObject>[];
}

function speaking(keyword: (typeof SPEAKING)[number]): KeywordCheck {
  const check: KeywordCheck = (phrase: string, value: unknown, node?: SchemaNode) => {
    if (node?.['x-neutral']?.some((neutral) => isDeepStrictEqual(neutral, value)) === true) {
      return true;
    }
    check.errors = [{ keyword, params: { phrase, node } }];
    return false;
  };
  return check;
}

function rankOf({ keyword }: ErrorObject): number {
  const rank = RANK.indexOf(keyword);
  return rank === -1 ? RANK.indexOf('') : rank;
}

function report(error: ErrorObject, options: ValidationOptions): void {
  const { base, problems, notices, references, hidden = false } = options;
  const { keyword, instancePath, params, data } = error;
  const node: SchemaNode = params.node ?? error.parentSchema ?? {};
  const key: unknown = params.additionalProperty ?? params.missingProperty ?? error.propertyName;
  const parent = pointerToPath(instancePath, base);
  const path = typeof key === 'string' ? joinPath(parent, key) : parent;
  if (keyword === 'x-notice') {
    notices.push({ path, message: params.phrase });
    return;
  }
  const code = CODES[keyword] ?? 'CONFIG_RANGE';
  const reference = references?.get(path);
  const value =
    reference === undefined
      ? describe(data, hidden || node['x-sensitive'])
      : `the value of ${reference.names}`;
  switch (code) {
    case 'CONFIG_UNKNOWN_KEY': {
      const known = Object.keys(node.properties ?? {});
      const title = (node.title ?? 'this mapping').toLowerCase();
      problems.add(code, path, {
        found: JSON.stringify(key),
        expected: `an option of ${title}`,
        hint: didYouMean(String(key), known, hintForStranger(String(key), known)),
      });
      return;
    }
    case 'CONFIG_MISSING':
      problems.add(code, path, { found: 'nothing', expected: 'a value', hint: `Set ${String(key)}.` });
      return;
    case 'CONFIG_TYPE': {
      const wanted = typeWords(node.type);
      const structure = node.type === 'object' || node.type === 'array';
      problems.add(code, path, {
        found: structure && typeof data !== 'object' ? `a ${typeof data}` : value,
        expected: wanted,
        hint: node.type === 'string' && typeof data !== 'object' ? 'Put it in quotes.' : `Give ${wanted}.`,
      });
      return;
    }
    case 'CONFIG_ENUM': {
      const allowed = (node.enum ?? []).filter((it) => it !== '').map(String);
      problems.add(code, path, {
        found: value,
        expected: `one of ${allowed.join(', ')}`,
        hint:
          reference === undefined && !hidden
            ? didYouMean(String(data), allowed, 'Take one of those.')
            : 'Take one of those.',
      });
      return;
    }
    case 'CONFIG_FORMAT':
      problems.add(code, path, {
        found: value,
        expected: node['x-format'] ?? `a text that matches ${String(params.pattern)}`,
        hint: `For example ${exampleOf(node)}.`,
      });
      return;
    case 'CONFIG_UNSUPPORTED':
      problems.add(code, path, { found: value, expected: neutralWords(node), hint: sentence(params.phrase) });
      return;
    default:
      problems.add(code, path, {
        found: value,
        expected: rangeWords(error),
        hint:
          node.default === undefined
            ? 'Choose a value in the range.'
            : `The default is ${String(node.default)}.`,
      });
  }
}

/** Names that are right elsewhere in the file: under `configs`, or beside it. */
function hintForStranger(name: string, known: readonly string[]): string {
  const kind = known.includes('inputs') || known.includes('outputStreamArn') ? 'sink' : 'source';
  const options = schemaDocument(kind).properties ?? {};
  const fields = schemaDocument('connectors').$defs?.[kind]?.properties ?? {};
  if (known.includes('configs') && Object.hasOwn(options, name)) {
    return 'Put it under configs.';
  }
  if (known.includes('awsKinesisStreamName') && Object.hasOwn(fields, name)) {
    return 'Put it beside configs, not into it.';
  }
  return 'Remove it; `config schema` lists every option.';
}

function typeWords(type: string | readonly string[] | undefined): string {
  const words: { readonly [type: string]: string } = {
    object: 'a mapping',
    array: 'a list',
    string: 'a text',
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
  };
  return [type ?? []]
    .flat()
    .map((it) => words[it] ?? it)
    .join(' or ');
}

function rangeWords({ keyword, params }: ErrorObject): string {
  switch (keyword) {
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return `a number ${String(params.comparison)} ${String(params.limit)}`;
    case 'minLength':
      return `at least ${String(params.limit)} characters`;
    case 'maxLength':
      return `at most ${String(params.limit)} characters`;
    case 'minItems':
      return `at least ${String(params.limit)} entries`;
    case 'uniqueItems':
      return 'entries that are all different';
    default:
      return `what ${keyword} allows`;
  }
}

function neutralWords(node: SchemaNode): string {
  const neutral = (node['x-neutral'] ?? []).filter((it) => it !== '' && typeof it !== 'object').map(String);
  return neutral.length === 0 ? 'the option not set' : neutral.join(' or ');
}

function exampleOf(node: SchemaNode & { readonly examples?: readonly unknown[] }): string {
  return String(node.examples?.[0] ?? node['x-format'] ?? 'see `config schema`');
}

function sentence(phrase: string): string {
  const upper = phrase.charAt(0).toUpperCase() + phrase.slice(1);
  return upper.endsWith('.') ? upper : `${upper}.`;
}
