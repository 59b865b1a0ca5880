import { normalise } from './normalise';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { dereference, kindsOf, type SchemaPlace, schemaRoot } from './schema';
import { derivedSecret, heldSecret, hide, STARS } from './secret';
import { get, isObject, type JsonObject, textAt } from './tree';
import type { AwsCredentials, Secret } from './types';
import { validate } from './validate';

/** Credential plugins of the Java connector. Source: org.apache.pulsar.io.aws. */
const STS_PLUGIN = 'org.apache.pulsar.io.aws.STSAssumeRoleProviderPlugin';
const DEFAULT_PLUGIN = 'org.apache.pulsar.io.aws.AwsDefaultProviderChainPlugin';

export const PARAM = 'awsCredentialPluginParam';

/** Whether `configs` names its credentials the way the Java connector does. */
export function usesCredentialPlugin(configs: JsonObject): boolean {
  return textAt(configs, 'awsCredentialPluginName') !== undefined || textAt(configs, PARAM) !== undefined;
}

/**
 * `awsCredentialPluginName` and `awsCredentialPluginParam` as the `aws.credentials` they mean; undefined when
 * there are none or the parameter is not what the plugin takes, which is reported.
 */
export function pluginCredentials(
  configs: JsonObject,
  path: string,
  problems: ProblemList,
): JsonObject | undefined {
  const plugin = textAt(configs, 'awsCredentialPluginName');
  if (plugin === DEFAULT_PLUGIN) {
    return { type: 'default' };
  }
  if (!usesCredentialPlugin(configs) || (plugin !== undefined && plugin !== STS_PLUGIN)) {
    return undefined;
  }
  const allowed = plugin === STS_PLUGIN ? ROLE_KEYS : KEY_KEYS;
  const param = parseParam(textAt(configs, PARAM));
  const unknown = Object.keys(param ?? {}).filter((name) => !Object.hasOwn(allowed, name));
  const missing = Object.keys(allowed).filter(
    (name) => allowed[name] === true && textAt(param, name) === undefined,
  );
  if (param === undefined || unknown.length > 0 || missing.length > 0) {
    problems.add('CONFIG_FORMAT', joinPath(path, PARAM), {
      found: paramFault(param, unknown, missing, textAt(configs, PARAM)),
      expected: `JSON text with ${Object.keys(allowed)
        .map((it) => (allowed[it] ? it : `${it} (optional)`))
        .join(', ')}`,
      hint:
        plugin === undefined
          ? 'For the default chain leave plugin name and parameter blank.'
          : 'See `config schema source`.',
    });
    return undefined;
  }
  if (plugin === undefined) {
    const { accessKey, secretKey, ...rest } = param;
    return { type: 'static', accessKeyId: accessKey, secretAccessKey: secretKey, ...rest };
  }
  const role = normalise({ ...param, type: 'assumeRole' }, credentialPlace()) as JsonObject;
  validate('credentials', role, { base: joinPath(path, PARAM), problems, notices: [], hidden: true });
  return role;
}

/**
 * Secrets in the place of the keys that the parameter of the plugin holds, where it is one that may change; whoever
 * reads them sees the newest parameter.
 */
export function heldKeys(param: unknown): JsonObject {
  const secret = heldSecret(param);
  const key =
    (name: string) =>
    (text: string): string =>
      textAt(parseParam(text), name) ?? '';
  return secret === undefined
    ? {}
    : {
        accessKeyId: derivedSecret(secret, key('accessKey')),
        secretAccessKey: derivedSecret(secret, key('secretKey')),
        sessionToken: derivedSecret(secret, key('sessionToken')),
      };
}

/** Parameters of a plugin, true when they must be there. */
const KEY_KEYS: { readonly [name: string]: boolean } = {
  accessKey: true,
  secretKey: true,
  sessionToken: false,
};
const ROLE_KEYS: { readonly [name: string]: boolean } = {
  roleArn: true,
  roleSessionName: true,
  externalId: false,
  durationSeconds: false,
};

function parseParam(text: string | undefined): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Names only, never a value; and no unknown name either: a key could have slipped into its place. */
function paramFault(
  param: JsonObject | undefined,
  unknown: readonly string[],
  missing: readonly string[],
  text: string | undefined,
): string {
  if (text === undefined) {
    return 'nothing';
  }
  if (param === undefined) {
    return `${STARS} (no JSON mapping)`;
  }
  const faults = [
    ...missing.map((name) => `without ${name}`),
    ...(unknown.length > 0 ? [`${unknown.length} unknown name(s)`] : []),
  ];
  return `${STARS} (${faults.join(', ')})`;
}

/** Options of one kind of credentials given beside another kind, in `aws` and all that is nested in it. */
export function credentialProblems(aws: unknown, path: string, problems: ProblemList): void {
  for (const name of ['credentials', 'dynamoCredentials'] as const) {
    strangers(get(aws, name), joinPath(path, name), problems);
  }
}

function strangers(credentials: unknown, path: string, problems: ProblemList): void {
  if (!isObject(credentials) || typeof credentials.type !== 'string') {
    return;
  }
  const { node } = credentialPlace();
  for (const [name, value] of Object.entries(credentials)) {
    const kinds = kindsOf(node.properties?.[name]);
    if (kinds !== undefined && !kinds.includes(credentials.type)) {
      const kind = kinds.join(' or ');
      problems.add('CONFIG_CROSS_FIELD', joinPath(path, name), {
        found: describe(value, node.properties?.[name]?.['x-sensitive']),
        expected: `type ${kind}, where ${name} belongs`,
        hint: `Remove ${name}, or set type to ${kind}.`,
      });
    }
  }
  strangers(credentials.base, joinPath(path, 'base'), problems);
}

/** Schema of one set of credentials. */
export function credentialPlace(): SchemaPlace {
  const { document } = schemaRoot('source');
  return dereference({ document, node: { $ref: '#/$defs/credentials' } });
}

/**
 * The credentials a valid mapping with its defaults stands for.
 * @param held The mapping as it was given: secrets in it may change, and then the credentials do.
 */
export function credentialsOf(value: unknown, held: unknown = value): AwsCredentials {
  const text = (name: string): string => String(get(value, name));
  const secret = (name: string): Secret => heldSecret(get(held, name)) ?? hide(text(name));
  switch (get(value, 'type')) {
    case 'static': {
      return {
        type: 'static',
        accessKeyId: secret('accessKeyId'),
        secretAccessKey: secret('secretAccessKey'),
        ...(textAt(value, 'sessionToken') === undefined ? {} : { sessionToken: secret('sessionToken') }),
      };
    }
    case 'assumeRole': {
      const externalId = textAt(value, 'externalId');
      const base = get(value, 'base');
      return {
        type: 'assumeRole',
        roleArn: text('roleArn'),
        roleSessionName: text('roleSessionName'),
        durationSeconds: Number(get(value, 'durationSeconds')),
        ...(externalId === undefined ? {} : { externalId }),
        ...(base === undefined ? {} : { base: credentialsOf(base, get(held, 'base')) }),
      };
    }
    case 'webIdentity':
      return {
        type: 'webIdentity',
        roleArn: text('roleArn'),
        roleSessionName: text('roleSessionName'),
        durationSeconds: Number(get(value, 'durationSeconds')),
        tokenFile: text('tokenFile'),
      };
    case 'profile':
      return { type: 'profile', profile: text('profile') };
    default:
      return { type: 'default' };
  }
}
