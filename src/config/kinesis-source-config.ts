import type { ConnectorConfig } from '../io';
import { credentialPlace, credentialProblems, credentialsOf, pluginCredentials } from './credentials';
import { parseInstant } from './instant';
import { normalise, withDefaults } from './normalise';
import { ConfigError, ProblemList } from './problems';
import { recordProperties } from './record-properties';
import { schemaRoot } from './schema';
import { revealAll } from './secret';
import { sourceProblems } from './source-rules';
import { parseStreamName } from './stream-name';
import { get, type JsonObject, textAt } from './tree';
import type { AwsSettings, InitialPosition, KinesisSourceConfig } from './types';
import { validate } from './validate';

/** The secret of that name, as `SourceContext.getSecret` answers. */
export type SecretLookup = (name: string) => string | undefined;

/**
 * `configs` of a Kinesis source, checked and with every default filled in.
 * @param secrets A secret named like a sensitive option goes before it, as in the Java connector.
 * @param now Milliseconds since the epoch; a start time must have passed.
 * @throws ConfigError with every problem at once.
 */
export function parseKinesisSourceConfig(
  configs: ConnectorConfig,
  secrets: SecretLookup,
  now: number,
): KinesisSourceConfig {
  const problems = new ProblemList();
  const plain = normalise(revealAll(configs), schemaRoot('source')) as JsonObject;
  const given = withSecrets(plain, secrets);
  validate('source', given, { base: 'configs', problems, notices: [] });
  credentialProblems(given.aws, 'configs.aws', problems);
  sourceProblems(given, 'configs', now, problems);
  if (problems.all.length > 0) {
    throw new ConfigError(problems.all);
  }
  return build(given);
}

/** Names of the options that secrets of the same name override. */
export function sensitiveOptions(): string[] {
  const properties = Object.entries(schemaRoot('source').node.properties ?? {});
  return properties.filter(([, node]) => node['x-sensitive'] === true).map(([name]) => name);
}

/** Source: org.apache.pulsar.io.common.IOConfigUtils.loadWithSecrets. */
export function withSecrets(configs: JsonObject, secrets: SecretLookup): JsonObject {
  const found = sensitiveOptions().flatMap((name) => {
    const value = secrets(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...configs, ...Object.fromEntries(found) };
}

/** `configs` with the defaults of the schema and those that follow from other options. */
export function completeSource(configs: JsonObject): JsonObject {
  const complete = withDefaults(withoutEmpty(configs), schemaRoot('source'));
  const { applicationName, backoffTime, maxBackoffTime, leaseTableName = applicationName } = complete;
  return {
    ...complete,
    leaseTableName,
    maxBackoffTime: Math.max(Number(backoffTime), Number(maxBackoffTime)),
  };
}

/** In Java's files an empty name stands for one that is not set. */
function withoutEmpty(configs: JsonObject): JsonObject {
  const isUnset = ([name, value]: [string, unknown]): boolean =>
    value === '' && (name === 'applicationName' || name === 'leaseTableName' || name === 'startAtTime');
  return Object.fromEntries(Object.entries(configs).filter((entry) => !isUnset(entry)));
}

function build(given: JsonObject): KinesisSourceConfig {
  const complete = completeSource(given);
  const number = (name: string): number => Number(complete[name]);
  const text = (name: string): string => String(complete[name]);
  const stream = parseStreamName(text('awsKinesisStreamName'));
  const shardIds = complete.shardIds as readonly string[] | undefined;
  return {
    aws: awsSettings(complete, stream?.region),
    awsKinesisStreamName: stream?.name ?? text('awsKinesisStreamName'),
    ...(stream?.arn === undefined ? {} : { awsKinesisStreamArn: stream.arn }),
    applicationName: text('applicationName'),
    leaseTableName: text('leaseTableName'),
    initialPosition: initialPosition(complete),
    checkpointInterval: number('checkpointInterval'),
    backoffTime: number('backoffTime'),
    maxBackoffTime: number('maxBackoffTime'),
    numRetries: number('numRetries'),
    receiveQueueSize: number('receiveQueueSize'),
    receiveQueueBytes: number('receiveQueueBytes'),
    failoverTime: number('failoverTime'),
    maxReadsPerSecondPerShard: number('maxReadsPerSecondPerShard'),
    maxRecordsPerRead: number('maxRecordsPerRead'),
    kinesisRecordProperties: recordProperties(complete.kinesisRecordProperties),
    messageKeyMode: complete.messageKeyMode === 'SHARD_ID' ? 'SHARD_ID' : 'PARTITION_KEY',
    ...(shardIds === undefined ? {} : { shardIds }),
    maxLeasesForWorker: number('maxLeasesForWorker'),
    cloudwatch: { level: 'NONE', namespace: text('applicationName'), interval: 10_000 },
  };
}

function initialPosition({ initialPositionInStream: type, startAtTime }: JsonObject): InitialPosition {
  if (type === 'AT_TIMESTAMP') {
    return { type, timestamp: parseInstant(startAtTime as string | number) ?? 0 };
  }
  return { type: type === 'TRIM_HORIZON' ? type : 'LATEST' };
}

function awsSettings(complete: JsonObject, regionOfStream: string | undefined): AwsSettings {
  const own = (java: string, ...ours: string[]): string | undefined =>
    textAt(complete, java) ?? textAt(complete, 'aws', ...ours);
  const endpoints = {
    kinesis: own('awsEndpoint', 'endpoints', 'kinesis'),
    dynamodb: own('dynamoEndpoint', 'endpoints', 'dynamodb'),
    cloudwatch: own('cloudwatchEndpoint', 'endpoints', 'cloudwatch'),
    sts: textAt(complete, 'aws', 'endpoints', 'sts'),
  };
  const plugin = pluginCredentials(complete, '', new ProblemList());
  const credentials = plugin === undefined ? undefined : withDefaults(plugin, credentialPlace());
  const dynamo = get(complete, 'aws', 'dynamoCredentials');
  return {
    region: own('awsRegion', 'region') ?? regionOfStream,
    credentials: credentialsOf(credentials ?? get(complete, 'aws', 'credentials')),
    ...(dynamo === undefined ? {} : { dynamoCredentials: credentialsOf(dynamo) }),
    endpoints: Object.fromEntries(Object.entries(endpoints).filter(([, url]) => url !== undefined)),
    connectTimeout: Number(get(complete, 'aws', 'connectTimeout')),
    requestTimeout: Number(get(complete, 'aws', 'requestTimeout')),
    maxSockets: Number(get(complete, 'aws', 'maxSockets')),
  };
}
