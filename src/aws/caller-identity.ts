import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { AwsCredentials, AwsSettings } from '../config/types';
import { AnswerHandler } from './answer-handler';
import { callsTo } from './call';
import { type AwsDependencies, sharedConfig } from './client-config';
import { credentialSource } from './credentials';
import type { CallOptions } from './kinesis-api';

/** Who AWS takes us for. */
export interface CallerIdentity {
  readonly arn: string;
  readonly account: string;
  /** When the keys end, milliseconds since the epoch; undefined when they do not. */
  readonly expiration: number | undefined;
}

/** Asks STS who `credentials` make us, which takes no permission. @throws ConnectorError */
export async function callerIdentity(
  settings: AwsSettings,
  credentials: AwsCredentials,
  deps: AwsDependencies,
  options: CallOptions = {},
): Promise<CallerIdentity> {
  const client = createStsClient(settings, credentials, deps);
  try {
    const answer = await callsTo('sts')('GetCallerIdentity', 'the caller', options, (handler) =>
      client.send(new GetCallerIdentityCommand({}), handler),
    );
    const { expiration } = await client.config.credentials();
    return {
      arn: answer.Arn ?? 'no ARN',
      account: answer.Account ?? 'no account',
      expiration: expiration?.getTime(),
    };
  } finally {
    client.destroy();
  }
}

export function createStsClient(
  settings: AwsSettings,
  credentials: AwsCredentials,
  deps: AwsDependencies,
): STSClient {
  const source = credentialSource(credentials, settings, deps);
  return new STSClient({
    ...sharedConfig(settings, settings.endpoints.sts),
    ...(source === undefined ? {} : { credentials: source.provider }),
    requestHandler: new AnswerHandler(settings, { maxSockets: settings.maxSockets }, deps.clock),
    maxAttempts: 1,
  });
}
