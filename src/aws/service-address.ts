import { ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DescribeStreamSummaryCommand, GetRecordsCommand } from '@aws-sdk/client-kinesis';
import { ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { AwsSettings } from '../config/types';
import { callsTo } from './call';
import { createStsClient } from './caller-identity';
import {
  type AwsDependencies,
  createCloudWatchClient,
  createDynamoClient,
  createKinesisClient,
  createSecretsManagerClient,
} from './clients';

/** A service as clients address it. Streams that are named by their ARN have addresses of their account. */
export type Addressed =
  | { readonly service: 'dynamodb' | 'cloudwatch' | 'secretsmanager' | 'sts' }
  | { readonly service: 'kinesis'; readonly streamArn?: string; readonly plane: 'control' | 'data' };

/** What a request says of where it goes. */
interface Target {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
}

/**
 * Where the SDK would send a call, found out without sending any: region, endpoint, FIPS, dual-stack and the environment
 * have had their say.
 * @throws ConnectorError AWS_REGION_MISSING, or why there is no address
 */
export async function addressOf(
  addressed: Addressed,
  settings: AwsSettings,
  deps: AwsDependencies,
): Promise<URL> {
  let target: Target | undefined;
  // The address is known once the request is written; behind that come credentials and the network.
  const take = async ({ request }: { readonly request: unknown }): Promise<never> => {
    target = request as Target;
    throw new Error('nothing is sent');
  };
  try {
    await callsTo(addressed.service)('any call', addressed.service, undefined, () =>
      send(addressed, settings, deps, take),
    );
  } catch (error) {
    if (target === undefined) {
      throw error;
    }
  }
  if (target === undefined) {
    throw new Error(`${addressed.service} has no address`);
  }
  const { protocol, hostname, port } = target;
  return new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`);
}

const AT_BUILD = { step: 'build', priority: 'high', name: 'takeAddress' } as const;

type Take = (args: { readonly request: unknown }) => Promise<never>;

async function send(
  addressed: Addressed,
  settings: AwsSettings,
  deps: AwsDependencies,
  take: Take,
): Promise<unknown> {
  switch (addressed.service) {
    case 'kinesis': {
      const { streamArn, plane } = addressed;
      const arn = streamArn === undefined ? {} : { StreamARN: streamArn };
      const client = createKinesisClient(settings, deps);
      if (plane === 'data') {
        const command = new GetRecordsCommand({ ShardIterator: 'none', ...arn });
        command.middlewareStack.add(() => take, AT_BUILD);
        return client.send(command).finally(() => client.destroy());
      }
      const command = new DescribeStreamSummaryCommand({ StreamName: 'none', ...arn });
      command.middlewareStack.add(() => take, AT_BUILD);
      return client.send(command).finally(() => client.destroy());
    }
    case 'dynamodb': {
      const client = createDynamoClient(settings, deps);
      const command = new ListTablesCommand();
      command.middlewareStack.add(() => take, AT_BUILD);
      return client.send(command).finally(() => client.destroy());
    }
    case 'cloudwatch': {
      const client = createCloudWatchClient(settings, deps);
      const command = new ListMetricsCommand({});
      command.middlewareStack.add(() => take, AT_BUILD);
      return client.send(command).finally(() => client.destroy());
    }
    case 'secretsmanager': {
      const client = createSecretsManagerClient(settings, deps);
      const command = new ListSecretsCommand({});
      command.middlewareStack.add(() => take, AT_BUILD);
      return client.send(command).finally(() => client.destroy());
    }
    case 'sts': {
      const client = createStsClient(settings, settings.credentials, deps);
      const command = new GetCallerIdentityCommand({});
      command.middlewareStack.add(() => take, AT_BUILD);
      return client.send(command).finally(() => client.destroy());
    }
  }
}
