import type { ConnectorConfig } from '../io';
import { awsSettings } from './aws-settings';
import { SOURCE_SPELLINGS } from './aws-spellings';
import { cloudWatchSettings, effectiveLevel } from './cloudwatch-settings';
import { credentialProblems } from './credentials';
import { parseInstant } from './instant';
import { leaseTableSettings } from './lease-table-settings';
import { normalise, withDefaults } from './normalise';
import { ConfigError, ProblemList } from './problems';
import { recordProperties } from './record-properties';
import { schemaRoot } from './schema';
import { revealAll } from './secret';
import { type SecretLookup, withSecrets } from './secret-options';
import { sourceProblems } from './source-rules';
import { streamOf } from './stream-name';
import { type JsonObject, withoutEmpty } from './tree';
import type { InitialPosition, KinesisSourceConfig } from './types';
import { validate } from './validate';

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
  const given = withSecrets(plain, 'source', secrets);
  validate('source', given, { base: 'configs', problems, notices: [] });
  credentialProblems(given.aws, 'configs.aws', problems);
  sourceProblems(given, 'configs', now, problems);
  if (problems.all.length > 0) {
    throw new ConfigError(problems.all);
  }
  return build(completeSource(given));
}

/** `configs` with the defaults of the schema and those that follow from other options. */
export function completeSource(configs: JsonObject): JsonObject {
  // In Java's files an empty name stands for one that is not set.
  const given = withoutEmpty(configs, [
    'applicationName',
    'leaseTableName',
    'startAtTime',
    'cloudwatchNamespace',
  ]);
  const level = effectiveLevel(configs, SOURCE_SPELLINGS);
  const complete = withDefaults(
    level === undefined ? given : { ...given, cloudwatchMetricsLevel: level },
    schemaRoot('source'),
  );
  const { applicationName, backoffTime, maxBackoffTime } = complete;
  const { leaseTableName = applicationName, cloudwatchNamespace = applicationName } = complete;
  return {
    ...complete,
    leaseTableName,
    cloudwatchNamespace,
    maxBackoffTime: Math.max(Number(backoffTime), Number(maxBackoffTime)),
  };
}

function build(complete: JsonObject): KinesisSourceConfig {
  const number = (name: string): number => Number(complete[name]);
  const text = (name: string): string => String(complete[name]);
  const aws = awsSettings(complete, SOURCE_SPELLINGS);
  const stream = streamOf(complete);
  const shardIds = complete.shardIds as readonly string[] | undefined;
  return {
    aws,
    awsKinesisStreamName: stream?.name ?? text('awsKinesisStreamName'),
    ...(stream?.arn === undefined ? {} : { awsKinesisStreamArn: stream.arn }),
    applicationName: text('applicationName'),
    leaseTableName: text('leaseTableName'),
    leaseTable: leaseTableSettings(complete, aws.region),
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
    handoffTimeout: number('handoffTimeout'),
    maxConcurrentHandovers: number('maxConcurrentHandovers'),
    audit: {
      interval: number('leasesRecoveryAuditorExecutionFrequencyMillis'),
      threshold: number('leasesRecoveryAuditorInconsistencyConfidenceThreshold'),
    },
    watch: {
      readerStallTimeout: number('readerStallTimeout'),
      scanStallTimeout: number('scanStallTimeout'),
      childStallTimeout: number('childStallTimeout'),
      renewalLateTime: Number(complete.renewalLateTime ?? number('failoverTime') / 6),
      backpressureReportTime: number('backpressureReportTime'),
    },
    cloudwatch: cloudWatchSettings(complete),
  };
}

function initialPosition({ initialPositionInStream: type, startAtTime }: JsonObject): InitialPosition {
  if (type === 'AT_TIMESTAMP') {
    return { type, timestamp: parseInstant(startAtTime as string | number) ?? 0 };
  }
  return { type: type === 'TRIM_HORIZON' ? type : 'LATEST' };
}
