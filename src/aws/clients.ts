import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { AwsCredentials, AwsSettings } from '../config/types';
import { AnswerHandler } from './answer-handler';
import { type AwsDependencies, sharedConfig } from './client-config';
import { credentialSource } from './credentials';

export type { AwsDependencies } from './client-config';

export function createKinesisClient(settings: AwsSettings, deps: AwsDependencies): KinesisClient {
  // Answers that wait for admission hold their connections, one a shard at most: under a bound, all others, also of
  // calls that have nothing to do with records, would wait behind them and time out.
  const handler = new AnswerHandler(settings, { maxFreeSockets: settings.maxSockets }, deps.clock);
  return createFanOutClient(settings, handler, deps);
}

/** For writes: nothing holds its connections, so their number is bounded. */
export function createKinesisPutClient(settings: AwsSettings, deps: AwsDependencies): KinesisClient {
  return createFanOutClient(settings, boundedHandler(settings, deps), deps);
}

/** @param handler takes the calls; the client destroys it. */
export function createFanOutClient(
  settings: AwsSettings,
  requestHandler: AnswerHandler,
  deps: AwsDependencies,
): KinesisClient {
  return new KinesisClient({
    ...clientConfig(settings, settings.endpoints.kinesis, requestHandler),
    ...signing(settings, settings.credentials, deps),
  });
}

export function createCloudWatchClient(settings: AwsSettings, deps: AwsDependencies): CloudWatchClient {
  const { disableRequestCompression } = settings.clientOptions ?? {};
  return new CloudWatchClient({
    ...clientConfig(settings, settings.endpoints.cloudwatch, boundedHandler(settings, deps)),
    ...signing(settings, settings.credentials, deps),
    ...(disableRequestCompression === undefined ? {} : { disableRequestCompression }),
  });
}

export function createDynamoClient(settings: AwsSettings, deps: AwsDependencies): DynamoDBClient {
  const { accountIdEndpointMode } = settings.clientOptions ?? {};
  return new DynamoDBClient({
    ...clientConfig(settings, settings.endpoints.dynamodb, boundedHandler(settings, deps)),
    ...signing(settings, settings.dynamoCredentials ?? settings.credentials, deps),
    ...(accountIdEndpointMode === undefined ? {} : { accountIdEndpointMode }),
  });
}

/** Nothing here depends on when an attempt is made: the SDK retries. */
export function createSecretsManagerClient(
  settings: AwsSettings,
  deps: AwsDependencies,
): SecretsManagerClient {
  return new SecretsManagerClient({
    ...sharedConfig(settings, settings.endpoints.secretsManager),
    requestHandler: boundedHandler(settings, deps),
    ...signing(settings, settings.credentials, deps),
  });
}

function boundedHandler(settings: AwsSettings, deps: AwsDependencies): AnswerHandler {
  return new AnswerHandler(settings, { maxSockets: settings.maxSockets }, deps.clock);
}

function clientConfig(settings: AwsSettings, endpoint: string | undefined, requestHandler: AnswerHandler) {
  // Callers retry: they know whether their lease still holds.
  return { ...sharedConfig(settings, endpoint), requestHandler, maxAttempts: 1 };
}

function signing(settings: AwsSettings, credentials: AwsCredentials, deps: AwsDependencies) {
  const source = credentialSource(credentials, settings, deps);
  return source === undefined ? {} : { credentials: source.provider };
}
