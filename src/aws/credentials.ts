import { readFile } from 'node:fs/promises';
import { fromIni } from '@aws-sdk/credential-providers';
import type { AwsCredentials, AwsSettings } from '../config/types';
import { ConnectorError, isConnectorError, messageOf } from '../errors';
import { AnswerHandler } from './answer-handler';
import { type AwsDependencies, sharedConfig } from './client-config';
import { type AwsKeys, type KeysProvider, RenewedCredentials } from './renewed-credentials';
import { createSts, type RoleRequest, type WebIdentityRequest } from './sts';

/** What the clients of one connector sign with. */
export interface CredentialSource {
  readonly provider: KeysProvider;
  /** A service does not take the keys, whatever they say of their end. */
  refused(): void;
}

/** The sources of one connector's settings, shared by its clients. */
const sources = new WeakMap<AwsSettings, WeakMap<AwsCredentials, CredentialSource>>();

/** Undefined leaves it to the SDK's own chain: environment, profile, container, instance role. */
export function credentialSource(
  credentials: AwsCredentials,
  settings: AwsSettings,
  deps: AwsDependencies,
): CredentialSource | undefined {
  const known = sources.get(settings) ?? new WeakMap<AwsCredentials, CredentialSource>();
  sources.set(settings, known);
  const source = known.get(credentials) ?? makeSource(credentials, settings, deps);
  if (source !== undefined) {
    known.set(credentials, source);
  }
  return source;
}

function makeSource(
  credentials: AwsCredentials,
  settings: AwsSettings,
  deps: AwsDependencies,
): CredentialSource | undefined {
  switch (credentials.type) {
    case 'default':
      return undefined;
    case 'static':
      return staticSource(credentials);
    case 'assumeRole': {
      const { roleArn, roleSessionName, durationSeconds, externalId, base } = credentials;
      const signer = base === undefined ? undefined : credentialSource(base, settings, deps);
      const sts = createSts(settings, deps, signer?.provider);
      const request = {
        RoleArn: roleArn,
        RoleSessionName: roleSessionName,
        DurationSeconds: durationSeconds,
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
      };
      const fetch = async (): Promise<AwsKeys> => {
        try {
          return await sts.assumeRole(request);
        } catch (error) {
          if (isConnectorError(error, 'AWS_CREDENTIALS')) {
            signer?.refused();
          }
          throw error;
        }
      };
      return renewed(roleArn, fetch, deps);
    }
    case 'webIdentity': {
      const { roleArn, roleSessionName, durationSeconds, tokenFile } = credentials;
      const sts = createSts(settings, deps);
      const fetch = async (): Promise<AwsKeys> =>
        sts.assumeRoleWithWebIdentity({
          RoleArn: roleArn,
          RoleSessionName: roleSessionName,
          DurationSeconds: durationSeconds,
          WebIdentityToken: await tokenIn(tokenFile),
        });
      return renewed(roleArn, fetch, deps);
    }
    case 'profile':
      return renewed(`profile ${credentials.profile}`, profileKeys(credentials, settings, deps), deps);
  }
}

function renewed(what: string, fetch: () => Promise<AwsKeys>, deps: AwsDependencies): CredentialSource {
  const { clock, logger } = deps;
  const kept = new RenewedCredentials({ what, fetch, clock, ...(logger === undefined ? {} : { logger }) });
  return { provider: provide(() => kept.get()), refused: () => kept.refused() };
}

function staticSource(keys: Extract<AwsCredentials, { readonly type: 'static' }>): CredentialSource {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  return {
    provider: provide(async () => ({
      accessKeyId: accessKeyId.reveal(),
      secretAccessKey: secretAccessKey.reveal(),
      ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
    })),
    refused: () => secretAccessKey.renew?.(),
  };
}

const provide = (keys: () => Promise<AwsKeys>): KeysProvider =>
  Object.assign(keys, { memoized: true } as const);

/** @throws ConnectorError AWS_CREDENTIALS */
async function tokenIn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new ConnectorError(
      'AWS_CREDENTIALS',
      `the token file ${file} cannot be read: ${messageOf(cause)}`,
      {
        hint: 'Check tokenFile: whoever issues the tokens writes them there.',
        cause,
      },
    );
  }
}

/** Keys of a profile; what it asks of STS goes to our endpoint, what it asks of IAM Identity Center to the SDK's. */
function profileKeys(
  { profile }: Extract<AwsCredentials, { readonly type: 'profile' }>,
  settings: AwsSettings,
  deps: AwsDependencies,
): () => Promise<AwsKeys> {
  const requestHandler = new AnswerHandler(settings, { maxSockets: settings.maxSockets }, deps.clock);
  const provider = fromIni({
    profile,
    // The files may have changed since.
    ignoreCache: true,
    clientConfig: { ...sharedConfig(settings, undefined), requestHandler },
    roleAssumer: (keys, request) => createSts(settings, deps, keys).assumeRole(request as RoleRequest),
    roleAssumerWithWebIdentity: (request) =>
      createSts(settings, deps).assumeRoleWithWebIdentity(request as WebIdentityRequest),
  });
  return async () => {
    try {
      return await provider();
    } catch (error) {
      if (error instanceof ConnectorError) {
        throw error;
      }
      // The message of a process that failed quotes its command line, which may hold anything.
      const why = /^Command failed/.test(messageOf(error))
        ? 'its credential_process failed'
        : messageOf(error);
      throw new ConnectorError('AWS_CREDENTIALS', `the profile ${profile} gives no credentials: ${why}`, {
        hint: 'Check the profile in ~/.aws/config, or where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say.',
      });
    }
  };
}
