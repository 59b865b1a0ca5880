import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { joinPath } from './path';
import type { ProblemList } from './problems';
import { isObject } from './tree';

/** Environment variables by name; `process.env` fits. */
export type Environment = { readonly [name: string]: string | undefined };

/** The environment of this process; the one place that reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

export interface ReferenceOptions {
  readonly environment: Environment;
  /** Folder that relative paths of `${file:}` start from. */
  readonly folder: string;
  readonly problems: ProblemList;
  /** Whether names without a kind at `path` are none of ours, and stay. */
  readonly isTemplate: (path: string) => boolean;
  /** Filled with the text of every value that held a reference, by path. */
  readonly references: Map<string, string>;
}

/** The references there are, as messages name them. */
const REFERENCES = `\${env:NAME} or \${file:PATH}`;

const REFERENCE = /\$\$\{|\$\{([^}]*)\}/g;

/** `value` with every `${env:X}` and `${file:/path}` in its texts replaced; `$${` stands for `${`. */
export function resolveReferences(value: unknown, path: string, options: ReferenceOptions): unknown {
  if (typeof value === 'string') {
    return value.includes('${') ? resolveText(value, path, options) : value;
  }
  if (Array.isArray(value)) {
    return value.map((item, i) => resolveReferences(item, joinPath(path, i), options));
  }
  if (isObject(value)) {
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([name, item]) => [name, resolveReferences(item, joinPath(path, name), options)]),
    );
  }
  return value;
}

function resolveText(text: string, path: string, options: ReferenceOptions): string {
  const named: string[] = [];
  const resolved = text.replace(REFERENCE, (whole: string, reference: string | undefined) => {
    if (reference === undefined) {
      return '${';
    }
    if (!reference.includes(':') && options.isTemplate(path)) {
      return whole;
    }
    named.push(whole);
    return lookUp(reference, path, options) ?? whole;
  });
  if (named.length > 0) {
    options.references.set(path, named.join(' and '));
  }
  return resolved;
}

function lookUp(reference: string, path: string, options: ReferenceOptions): string | undefined {
  const { environment, folder, problems } = options;
  const colon = reference.indexOf(':');
  const kind = colon === -1 ? reference : reference.slice(0, colon);
  const name = colon === -1 ? '' : reference.slice(colon + 1);
  if (kind === 'env' && name !== '') {
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value === undefined) {
      problems.add('CONFIG_REFERENCE', path, {
        found: `\${${reference}}`,
        expected: `an environment variable ${name}`,
        hint: `Set ${name} where the process is started.`,
      });
    }
    return value;
  }
  if (kind === 'file' && name !== '') {
    try {
      return readFileSync(resolve(folder, name), 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      problems.add('CONFIG_REFERENCE', path, {
        found: `\${${reference}} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`,
        expected: 'a readable file',
        hint: 'Check name and permissions; relative paths start from the folder of the configuration.',
      });
      return undefined;
    }
  }
  if (kind === 'secret') {
    problems.add('NOT_AVAILABLE_YET', path, {
      found: `\${${reference}}`,
      expected: REFERENCES,
      hint: 'AWS Secrets Manager comes with a later version.',
    });
    return undefined;
  }
  problems.add('CONFIG_REFERENCE', path, {
    found: 'a reference of no known kind',
    expected: REFERENCES,
    hint: 'Write $${ for a text that really holds ${.',
  });
  return undefined;
}
