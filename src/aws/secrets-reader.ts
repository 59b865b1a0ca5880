import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { AwsSettings, ReadSecrets, SecretAnswer, SecretFailure, StoredSecret } from '../config';
import { explain, isConnectorError, messageOf } from '../errors';
import { throwIfAborted } from '../util/abort';
import { callsTo } from './call';
import { type AwsDependencies, createSecretsManagerClient } from './clients';
import { credentialSource } from './credentials';

const EXPECTED = 'the value of the secret';
const ARN_REGION = /^arn:[^:]+:secretsmanager:([^:]+):/;

/** Reads secrets of AWS Secrets Manager by GetSecretValue, each once, all at once, over connections that end with it. */
export function secretsReader(deps: AwsDependencies): ReadSecrets {
  return async (aws, secrets, signal) => {
    const clients = new Map<AwsSettings, SecretsManagerClient>();
    try {
      return await Promise.all(
        secrets.map((secret) => {
          const settings = settingsFor(secret, aws);
          const client = clients.get(settings) ?? createSecretsManagerClient(settings, deps);
          clients.set(settings, client);
          return answerOf(secret, settings, client, deps, signal);
        }),
      );
    } finally {
      for (const client of clients.values()) {
        client.destroy();
      }
    }
  };
}

/** The same settings for other regions; kept, because credentials are kept by settings. */
const elsewhere = new WeakMap<AwsSettings, Map<string, AwsSettings>>();

/** An ARN says where its secret is. */
function settingsFor({ id }: StoredSecret, aws: AwsSettings): AwsSettings {
  const region = ARN_REGION.exec(id)?.[1];
  if (region === undefined || region === aws.region) {
    return aws;
  }
  const regions = elsewhere.get(aws) ?? new Map<string, AwsSettings>();
  elsewhere.set(aws, regions);
  const settings = regions.get(region) ?? { ...aws, region };
  regions.set(region, settings);
  return settings;
}

async function answerOf(
  { id, stage }: StoredSecret,
  settings: AwsSettings,
  client: SecretsManagerClient,
  deps: AwsDependencies,
  signal: AbortSignal,
): Promise<SecretAnswer> {
  const call = callsTo('secretsmanager', credentialSource(settings.credentials, settings, deps));
  const command = new GetSecretValueCommand({
    SecretId: id,
    ...(stage === undefined ? {} : { VersionStage: stage }),
  });
  try {
    const { SecretString: text } = await call('GetSecretValue', id, { signal }, (handler) =>
      client.send(command, handler),
    );
    return text === undefined ? { failure: BINARY } : { text };
  } catch (error) {
    throwIfAborted(signal);
    return { failure: failureOf(error, settings) };
  }
}

const BINARY: SecretFailure = {
  code: 'CONFIG_SECRET_UNUSABLE',
  found: 'a binary secret',
  expected: 'a secret that is a text',
  hint: 'Store it as a text (SecretString); JSON may hold several values.',
};

/** Source: Secrets Manager API Reference, GetSecretValue, "Errors". */
function failureOf(error: unknown, { region }: AwsSettings): SecretFailure {
  const name = isConnectorError(error) && error.cause instanceof Error ? error.cause.name : '';
  const found = isConnectorError(error) ? error.code : messageOf(error);
  if (name === 'ResourceNotFoundException') {
    const place = region === undefined ? '' : ` in ${region}`;
    return {
      code: 'CONFIG_SECRET_NOT_FOUND',
      found: `no such secret or version${place}`,
      expected: EXPECTED,
      hint: 'Check name, version, region and account; a secret of another account needs its ARN.',
    };
  }
  if (name === 'DecryptionFailure') {
    return {
      code: 'CONFIG_SECRET_DENIED',
      found: name,
      expected: EXPECTED,
      hint: 'Allow kms:Decrypt on the key of the secret, and check that the key is enabled.',
    };
  }
  if (name === 'InvalidRequestException') {
    return {
      code: 'CONFIG_SECRET_UNUSABLE',
      found: name,
      expected: EXPECTED,
      hint: 'The secret is being deleted, or has no value yet: restore it, or give it one.',
    };
  }
  if (isConnectorError(error, 'AWS_ACCESS_DENIED', 'AWS_CREDENTIALS')) {
    return { code: 'CONFIG_SECRET_DENIED', found, expected: EXPECTED, hint: sentence(error.hint) };
  }
  return {
    code: 'CONFIG_SECRET_UNREACHABLE',
    found,
    expected: EXPECTED,
    hint: isConnectorError(error) ? sentence(error.hint) : explain(error),
  };
}

const sentence = (text: string): string => (text.endsWith('.') ? text : `${text}.`);
