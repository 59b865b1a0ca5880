import { jsonFields } from '../util/json-fields';
import type { ProblemCode } from './problems';
import type { AwsSettings } from './types';

/** A secret of AWS Secrets Manager, in one version. */
export interface StoredSecret {
  /** Name or ARN. */
  readonly id: string;
  /** Label of the version; AWSCURRENT when absent. */
  readonly stage?: string;
}

/** What `${secret:}` names: the text of a secret, or one field of it. */
export interface SecretReference extends StoredSecret {
  /** Name of a field at the top of the JSON object that the secret holds. */
  readonly field?: string;
}

/** Why a secret cannot be had. Never holds a part of it. */
export interface SecretFailure {
  readonly code: Extract<ProblemCode, `CONFIG_SECRET_${string}`>;
  readonly found: string;
  readonly expected: string;
  readonly hint: string;
}

export type SecretAnswer = { readonly text: string } | { readonly failure: SecretFailure };

/**
 * Asks for secrets, each once, and answers in their order. Throws nothing but the signal's reason.
 * @param aws How AWS is reached.
 */
export type ReadSecrets = (
  aws: AwsSettings,
  secrets: readonly StoredSecret[],
  signal: AbortSignal,
) => Promise<readonly SecretAnswer[]>;

export const SECRET_SYNTAX = `\${secret:NAME}, \${secret:NAME#FIELD} or \${secret:NAME?stage=STAGE#FIELD}`;

/** Source: Secrets Manager API Reference, CreateSecret (Name) and GetSecretValue (VersionStage). */
const REFERENCE =
  /^(arn:aws[a-z-]*:secretsmanager:[a-z\d-]+:\d{12}:secret:[\w/+=.@-]+|[\w/+=.@-]{1,512})(?:\?stage=([^#]{1,256}))?(?:#(.+))?$/;

/** @param text What stands behind `secret:`. @returns undefined when it is written otherwise. */
export function parseSecretReference(text: string): SecretReference | undefined {
  const [whole, id = '', stage, field] = REFERENCE.exec(text) ?? [];
  return whole === undefined
    ? undefined
    : { id, ...(stage === undefined ? {} : { stage }), ...(field === undefined ? {} : { field }) };
}

/** The same for references to the same secret in the same version. */
export function secretKey({ id, stage }: StoredSecret): string {
  return stage === undefined ? id : `${id}?stage=${stage}`;
}

/** What `reference` names within the text of its secret. */
export function partOf({ field }: SecretReference, text: string): SecretAnswer {
  if (field === undefined) {
    return { text };
  }
  const fields = jsonFields(text);
  const value = fields !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { text: String(value) };
  }
  const found = fields === undefined ? 'a secret that is no JSON object' : `a secret without such a field`;
  return {
    failure: {
      code: 'CONFIG_SECRET_UNUSABLE',
      found: value === undefined ? found : 'a field that holds more than one value',
      expected: `a JSON object with a text or number under ${JSON.stringify(field)}`,
      hint: 'Check the name behind #, or leave it out to take the secret as it is.',
    },
  };
}
