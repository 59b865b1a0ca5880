import { ConnectorError } from '../errors';
import { STARS } from './secret';

/** Every kind of problem a configuration can have. A code never changes its meaning. */
export const PROBLEM_CODES = {
  CONFIG_UNREADABLE: 'the file cannot be read',
  CONFIG_SYNTAX: 'the file is neither YAML nor JSON',
  CONFIG_UNKNOWN_KEY: 'there is no option of that name',
  CONFIG_MISSING: 'an option that must be set is not',
  CONFIG_TYPE: 'the value is of the wrong kind',
  CONFIG_ENUM: 'the value is none of those allowed',
  CONFIG_RANGE: 'the value is too small, too large, too short or too long',
  CONFIG_FORMAT: 'the text is not written as it must be',
  CONFIG_CROSS_FIELD: 'the value does not go with that of another option',
  CONFIG_REFERENCE: 'what a reference names is not there',
  CONFIG_SECRET_DENIED: 'AWS does not let us read a secret',
  CONFIG_SECRET_NOT_FOUND: 'there is no such secret in AWS Secrets Manager',
  CONFIG_SECRET_UNREACHABLE: 'AWS Secrets Manager does not answer',
  CONFIG_SECRET_UNUSABLE: 'a secret is not what its reference needs',
  CONFIG_UNSUPPORTED: 'it would silently do something else here than it says',
} as const;

export type ProblemCode = keyof typeof PROBLEM_CODES;

/** One thing that is wrong with a configuration (G10). No field ever holds a secret. */
export interface ConfigProblem {
  readonly code: ProblemCode;
  /** For example `sources[0].configs.awsRegion`; empty for the file as a whole. */
  readonly path: string;
  readonly found: string;
  readonly expected: string;
  readonly hint: string;
}

/** Problems in the order met, one a path: what follows from a reported problem is not another one. */
export class ProblemList {
  readonly #byPath = new Map<string, ConfigProblem>();
  readonly #display: (path: string) => string;
  readonly #unknown: (path: string) => boolean;
  readonly #conceal: (path: string, found: string) => string;

  /**
   * @param display Turns an internal path into the one the user knows.
   * @param unknown Whether nobody knows what stands at a path, so that there is nothing to say of it.
   * @param conceal Takes what a path refers to out of what is said of it.
   */
  constructor(
    display: (path: string) => string = (path) => path,
    unknown: (path: string) => boolean = () => false,
    conceal: (path: string, found: string) => string = (_path, found) => found,
  ) {
    this.#display = display;
    this.#unknown = unknown;
    this.#conceal = conceal;
  }

  add(code: ProblemCode, path: string, details: Omit<ConfigProblem, 'code' | 'path'>): void {
    const shown = this.#display(path);
    if (!this.#byPath.has(shown) && !this.#unknown(path)) {
      const found = this.#conceal(path, details.found);
      this.#byPath.set(shown, { code, path: shown, ...details, found });
    }
  }

  get all(): readonly ConfigProblem[] {
    return [...this.#byPath.values()];
  }
}

/** Thrown when a configuration cannot be used: code CONFIG_INVALID, with every problem at once. */
export class ConfigError extends ConnectorError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], file?: string) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    const place = file === undefined ? 'in the configuration' : `in ${file}`;
    super(
      'CONFIG_INVALID',
      [`${count} ${place}`, ...problems.map((it) => `  ${problemLine(it)}`)].join('\n'),
    );
    this.problems = problems;
  }
}

/** A problem on one line. */
export function problemLine({ code, path, found, expected, hint }: ConfigProblem): string {
  return `${path === '' ? '(file)' : path}: ${code}: found ${found}, expected ${expected}. ${hint}`;
}

/** `user:password@` before a host without a scheme. */
const BARE_USER = /^(?!\w+:\/\/)[^@]*:.*@/s;

/**
 * `value` as `found` shows it: short, quoted, never what is inside of lists, mappings and JSON text (keys for the
 * Java connector are JSON, and may stand at a wrong place).
 */
export function describe(value: unknown, sensitive = false): string {
  if (value === undefined || value === null) {
    return 'nothing';
  }
  if (typeof value === 'object') {
    return Array.isArray(value) ? 'a list' : 'a mapping';
  }
  if (sensitive) {
    return STARS;
  }
  if (typeof value === 'string' && value.trimStart().startsWith('{')) {
    return 'a JSON text';
  }
  const text =
    typeof value === 'string' ? withoutUserInfo(value).replace(BARE_USER, `${STARS}@`) : String(value);
  const short = text.length > 80 ? `${text.slice(0, 77)}…` : text;
  return typeof value === 'string' ? JSON.stringify(short) : short;
}

/** An address without user name and password, however they are written. */
export function withoutUserInfo(text: string): string {
  return text.replace(/\/\/.*@/s, `//${STARS}@`);
}
