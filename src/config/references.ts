import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { joinPath } from './path';
import type { ProblemList } from './problems';
import {
  parseSecretReference,
  SECRET_SYNTAX,
  type SecretAnswer,
  type SecretReference,
  secretKey,
} from './secret-reference';
import { isObject } from './tree';

/** Environment variables by name; `process.env` fits. */
export type Environment = { readonly [name: string]: string | undefined };

/** The environment of this process; the one place that reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

/** A part of a text: as it is, or what a secret holds. */
type Part = string | SecretReference;

/** A text that holds secrets, by the parts it is put together of. */
export type SecretText = readonly Part[];

/** A value that holds references. */
export interface Referenced {
  /** The references as they are written. */
  readonly names: string;
  readonly text: string;
}

export interface ReferenceOptions {
  readonly environment: Environment;
  /** Folder that relative paths of `${file:}` start from. */
  readonly folder: string;
  readonly problems: ProblemList;
  /** Whether names without a kind at `path` are none of ours, and stay. */
  readonly isTemplate: (path: string) => boolean;
  /** Filled with every value that held a reference, by path. */
  readonly references: Map<string, Referenced>;
  /** What secrets hold; undefined where nobody looks: then their references stay as they are. */
  readonly secrets: ((reference: SecretReference) => SecretAnswer) | undefined;
  /** Whether the secrets are read by means of what stands at `path`. */
  readonly leadsToSecrets: (path: string) => boolean;
  /** Filled with the texts that hold secrets, by path. */
  readonly secretTexts: Map<string, SecretText>;
}

/** The references there are, as messages name them. */
const REFERENCES = `\${env:NAME}, \${file:PATH} or ${SECRET_SYNTAX}`;

const REFERENCE = /\$\$\{|\$\{([^}]*)\}/g;

/** `value` with every `${env:X}`, `${file:/path}` and `${secret:x}` in its texts replaced; `$${` stands for `${`. */
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
  const parts: Part[] = [];
  let from = 0;
  for (const { 0: whole, 1: reference, index } of text.matchAll(REFERENCE)) {
    parts.push(text.slice(from, index));
    from = index + whole.length;
    if (reference === undefined) {
      parts.push('${');
    } else if (!reference.includes(':') && options.isTemplate(path)) {
      parts.push(whole);
    } else {
      named.push(whole);
      parts.push(partNamed(reference, path, options) ?? whole);
    }
  }
  parts.push(text.slice(from));
  if (parts.some((part) => typeof part !== 'string')) {
    options.secretTexts.set(path, parts);
  }
  const resolved = textOfParts(parts, (reference) => secretIn(reference, path, options));
  if (named.length > 0) {
    options.references.set(path, { names: named.join(' and '), text: resolved });
  }
  return resolved;
}

/** `text` put together of what `secretText` finds for its secrets. */
export function textOfParts(text: SecretText, secretText: (reference: SecretReference) => string): string {
  return text.map((part) => (typeof part === 'string' ? part : secretText(part))).join('');
}

/** What the secret holds; the reference itself when that cannot be told, of which there is a problem if we tried. */
function secretIn(reference: SecretReference, path: string, { secrets, problems }: ReferenceOptions): string {
  const answer = secrets?.(reference);
  if (answer !== undefined && 'text' in answer) {
    return answer.text;
  }
  if (answer !== undefined) {
    const { code, found, ...rest } = answer.failure;
    problems.add(code, path, { ...rest, found: `${written(reference)} (${found})` });
  }
  return written(reference);
}

const written = ({ field, ...stored }: SecretReference): string =>
  `\${secret:${secretKey(stored)}${field === undefined ? '' : `#${field}`}}`;

function partNamed(reference: string, path: string, options: ReferenceOptions): Part | undefined {
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
    const secret = parseSecretReference(name);
    if (secret === undefined) {
      problems.add('CONFIG_REFERENCE', path, {
        found: `\${${reference}}`,
        expected: SECRET_SYNTAX,
        hint: 'Name a secret of AWS Secrets Manager, by name or ARN.',
      });
    } else if (options.leadsToSecrets(path)) {
      problems.add('CONFIG_REFERENCE', path, {
        found: `\${${reference}}`,
        expected: 'no secret here: this setting is what secrets are read with',
        hint: `Give it as \${env:} or \${file:}, or let the default chain or a role find the credentials.`,
      });
      return undefined;
    }
    return secret;
  }
  problems.add('CONFIG_REFERENCE', path, {
    found: 'a reference of no known kind',
    expected: REFERENCES,
    hint: 'Write $${ for a text that really holds ${.',
  });
  return undefined;
}
