import type { ConnectorConfig } from '../io';
import { awsSettings } from './aws-settings';
import { SOURCE_SPELLINGS } from './aws-spellings';
import { cloudWatchSettings, effectiveLevel } from './cloudwatch-settings';
import { credentialProblems } from './credentials';
import { retrievalMode, retrievalSettings } from './fan-out-settings';
import { parseInstant } from './instant';
import { leaseTableSettings } from './lease-table-settings';
import { normalise, withDefaults } from './normalise';
import { ConfigError, ProblemList } from './problems';
import { recordProperties } from './record-properties';
import { schemaRoot } from './schema';
import { revealAll } from './secret';
import { type SecretLookup, withSecrets } from './secret-options';
import { sourceProblems } from './source-rules';
import { streamRoles, streamSelection } from './stream-selection';
import { type JsonObject, textAt, withoutEmpty } from './tree';
import type { GetRecordsProtocol, InitialPosition, KinesisSourceConfig } from './types';
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
  return build(completeSource(given), configs);
}

/** `configs` with the defaults of the schema and those that follow from other options. */
export function completeSource(configs: JsonObject): JsonObject {
  // In Java's files an empty name stands for one that is not set.
  const given = withoutEmpty(configs, [
    'applicationName',
    'leaseTableName',
    'startAtTime',
    'cloudwatchNamespace',
    'deadLetterTopic',
  ]);
  const level = effectiveLevel(configs, SOURCE_SPELLINGS);
  const complete = withDefaults(
    level === undefined ? given : { ...given, cloudwatchMetricsLevel: level },
    schemaRoot('source'),
  );
  const { applicationName, backoffTime, maxBackoffTime } = complete;
  const { leaseTableName = applicationName, cloudwatchNamespace = applicationName } = complete;
  const { onError = complete.deadLetterTopic === undefined ? 'fail' : 'dlq' } = complete;
  return {
    ...complete,
    onError,
    retrievalMode: retrievalMode(given),
    leaseTableName,
    cloudwatchNamespace,
    maxBackoffTime: Math.max(Number(backoffTime), Number(maxBackoffTime)),
  };
}

/** @param held `configs` as given, secrets still wrapped. */
function build(complete: JsonObject, held: ConnectorConfig): KinesisSourceConfig {
  const number = (name: string): number => Number(complete[name]);
  const text = (name: string): string => String(complete[name]);
  const aws = awsSettings(complete, SOURCE_SPELLINGS, held);
  const shardIds = complete.shardIds as readonly string[] | undefined;
  const deadLetterTopic = textAt(complete, 'deadLetterTopic');
  const { dlqOversize } = complete;
  return {
    aws,
    streams: streamSelection(complete),
    streamRoles: streamRoles(complete),
    streamDiscoveryInterval: number('streamDiscoveryInterval'),
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
    enableDeduplication: complete.enableDeduplication === true,
    subRecordFilter: complete.subRecordFilter === 'drop' ? 'drop' : 'keep',
    onDataLoss: complete.onDataLoss === 'continue' ? 'continue' : 'fail',
    failoverTime: number('failoverTime'),
    maxReadsPerSecondPerShard: number('maxReadsPerSecondPerShard'),
    maxRecordsPerRead: number('maxRecordsPerRead'),
    getRecordsProtocol: text('getRecordsProtocol') as GetRecordsProtocol,
    retrieval: retrievalSettings(complete),
    kinesisRecordProperties: recordProperties(complete.kinesisRecordProperties),
    messageKeyMode: complete.messageKeyMode === 'SHARD_ID' ? 'SHARD_ID' : 'PARTITION_KEY',
    outputFormat: complete.outputFormat as KinesisSourceConfig['outputFormat'],
    onError: complete.onError as KinesisSourceConfig['onError'],
    ...(deadLetterTopic === undefined ? {} : { deadLetterTopic }),
    ...(dlqOversize === undefined ? {} : { dlqOversize: dlqOversize as 'fail' | 'truncate' }),
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
