import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { AwsCredentials, AwsSettings } from '../config/types';
import type { Clock } from '../util/clock';
import { AnswerHandler, type Connections } from './answer-handler';

export interface AwsDependencies {
  readonly clock: Clock;
}

type Logger = NonNullable<KinesisClientConfig['logger']>;

/** Signing needs some region; an endpoint given by hand (an emulator) takes any. */
const REGION_OF_CUSTOM_ENDPOINTS = 'us-east-1';
/** Without `info` the SDK makes no copy of every answer for its log; credential providers call the others. */
const QUIET = { trace: silent, debug: silent, warn: silent, error: silent } as Logger;
const USER_AGENT = 'pulsar-io-kinesis';

export function createKinesisClient(settings: AwsSettings, deps: AwsDependencies): KinesisClient {
  // Answers that wait for admission hold their connections, one a shard at most: under a bound, all others, also of
  // calls that have nothing to do with records, would wait behind them and time out.
  return kinesisClient(settings, handlerOf(settings, { maxFreeSockets: settings.maxSockets }, deps), deps);
}

/** For writes: nothing holds its connections, so their number is bounded. */
export function createKinesisPutClient(settings: AwsSettings, deps: AwsDependencies): KinesisClient {
  return kinesisClient(settings, boundedHandler(settings, deps), deps);
}

/** @param handler takes the calls; the client destroys it. */
export function createFanOutClient(
  settings: AwsSettings,
  handler: AnswerHandler,
  deps: AwsDependencies,
): KinesisClient {
  return kinesisClient(settings, handler, deps);
}

function kinesisClient(settings: AwsSettings, handler: AnswerHandler, deps: AwsDependencies): KinesisClient {
  const { endpoints, credentials } = settings;
  return new KinesisClient(clientConfig(settings, endpoints.kinesis, credentials, handler, deps));
}

export function createCloudWatchClient(settings: AwsSettings, deps: AwsDependencies): CloudWatchClient {
  const { endpoints, credentials } = settings;
  const handler = boundedHandler(settings, deps);
  return new CloudWatchClient(clientConfig(settings, endpoints.cloudwatch, credentials, handler, deps));
}

export function createDynamoClient(settings: AwsSettings, deps: AwsDependencies): DynamoDBClient {
  const credentials = settings.dynamoCredentials ?? settings.credentials;
  const handler = boundedHandler(settings, deps);
  return new DynamoDBClient(clientConfig(settings, settings.endpoints.dynamodb, credentials, handler, deps));
}

function boundedHandler(settings: AwsSettings, deps: AwsDependencies): AnswerHandler {
  return handlerOf(settings, { maxSockets: settings.maxSockets }, deps);
}

function handlerOf(settings: AwsSettings, connections: Connections, deps: AwsDependencies): AnswerHandler {
  return new AnswerHandler(settings, connections, deps.clock, settings.verifyCertificates);
}

function clientConfig(
  settings: AwsSettings,
  endpoint: string | undefined,
  credentials: AwsCredentials,
  requestHandler: AnswerHandler,
  deps: AwsDependencies,
) {
  const provider = credentialProvider(credentials, settings, deps);
  return {
    ...location(settings, endpoint),
    ...(provider === undefined ? {} : { credentials: provider }),
    requestHandler,
    // Callers retry: they know whether their lease still holds.
    maxAttempts: 1,
    customUserAgent: USER_AGENT,
    logger: QUIET,
  };
}

/** Undefined leaves it to the SDK: environment, profile, container, instance role. */
function credentialProvider(credentials: AwsCredentials, settings: AwsSettings, deps: AwsDependencies) {
  switch (credentials.type) {
    case 'default':
      return undefined;
    case 'static':
      return {
        accessKeyId: credentials.accessKeyId.reveal(),
        secretAccessKey: credentials.secretAccessKey.reveal(),
        ...(credentials.sessionToken === undefined
          ? {}
          : { sessionToken: credentials.sessionToken.reveal() }),
      };
    case 'assumeRole':
      return assumedRole(credentials, settings, deps);
  }
}

type Provider = ReturnType<typeof fromTemporaryCredentials>;

function assumedRole(
  role: Extract<AwsCredentials, { type: 'assumeRole' }>,
  settings: AwsSettings,
  deps: AwsDependencies,
): Provider {
  const base = role.base === undefined ? undefined : credentialProvider(role.base, settings, deps);
  return fromTemporaryCredentials({
    params: {
      RoleArn: role.roleArn,
      RoleSessionName: role.roleSessionName,
      DurationSeconds: role.durationSeconds,
      ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
    },
    ...(base === undefined ? {} : { masterCredentials: base }),
    clientConfig: {
      ...location(settings, settings.endpoints.sts),
      requestHandler: boundedHandler(settings, deps),
      customUserAgent: USER_AGENT,
    },
  });
}

function silent(): void {}

function location(settings: AwsSettings, endpoint: string | undefined) {
  const region = settings.region ?? (endpoint === undefined ? undefined : REGION_OF_CUSTOM_ENDPOINTS);
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}
