import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  type Credentials,
  STSClient,
} from '@aws-sdk/client-sts';
import type { AwsSettings } from '../config/types';
import { ConnectorError } from '../errors';
import { AnswerHandler } from './answer-handler';
import { callsTo } from './call';
import { type AwsDependencies, sharedConfig } from './client-config';
import type { AwsKeys, KeysProvider } from './renewed-credentials';

/** Parameters of AssumeRole. */
export interface RoleRequest {
  readonly RoleArn: string;
  readonly RoleSessionName: string;
  readonly DurationSeconds?: number;
  readonly ExternalId?: string;
}

export interface WebIdentityRequest extends Omit<RoleRequest, 'ExternalId'> {
  readonly WebIdentityToken: string;
}

/** What the connector asks of AWS STS. @throws ConnectorError */
export interface Sts {
  /** With the credentials it was made with. */
  assumeRole(request: RoleRequest): Promise<AwsKeys>;
  assumeRoleWithWebIdentity(request: WebIdentityRequest): Promise<AwsKeys>;
}

/** @param base signs AssumeRole; the default chain of the SDK when absent. */
export function createSts(settings: AwsSettings, deps: AwsDependencies, base?: KeysProvider | AwsKeys): Sts {
  const client = new STSClient({
    ...sharedConfig(settings, settings.endpoints.sts),
    ...(base === undefined ? {} : { credentials: base }),
    requestHandler: new AnswerHandler(settings, { maxSockets: settings.maxSockets }, deps.clock),
  });
  const call = callsTo('sts');
  return {
    assumeRole: (request) =>
      call('AssumeRole', request.RoleArn, undefined, async () => {
        const { Credentials } = await client.send(new AssumeRoleCommand(request));
        return keysOf(Credentials, request.RoleArn);
      }),
    assumeRoleWithWebIdentity: (request) =>
      call('AssumeRoleWithWebIdentity', request.RoleArn, undefined, async () => {
        const { Credentials } = await client.send(new AssumeRoleWithWebIdentityCommand(request));
        return keysOf(Credentials, request.RoleArn);
      }),
  };
}

function keysOf(credentials: Credentials | undefined, roleArn: string): AwsKeys {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
  if (AccessKeyId === undefined || SecretAccessKey === undefined) {
    throw new ConnectorError('AWS_CREDENTIALS', `STS answered without keys for ${roleArn}`);
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(SessionToken === undefined ? {} : { sessionToken: SessionToken }),
    ...(Expiration === undefined ? {} : { expiration: Expiration }),
  };
}
