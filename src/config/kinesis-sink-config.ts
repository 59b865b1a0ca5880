import type { ConnectorConfig } from '../io';
import { awsSettings } from './aws-settings';
import { awsValue, SINK_SPELLINGS } from './aws-spellings';
import { cloudWatchSettings, effectiveLevel } from './cloudwatch-settings';
import { credentialProblems } from './credentials';
import { normalise, withDefaults } from './normalise';
import { type GivenColumn, parsePartitionColumn } from './partition-column';
import { ConfigError, ProblemList } from './problems';
import { schemaRoot } from './schema';
import { revealAll } from './secret';
import { type SecretLookup, withSecrets } from './secret-options';
import { sinkProblems } from './sink-rules';
import { streamOf } from './stream-name';
import { type JsonObject, textAt, withoutEmpty } from './tree';
import type { KinesisSinkConfig } from './types';
import { validate } from './validate';

/**
 * `configs` of a Kinesis sink, checked and with every default filled in.
 * @param secrets A secret named like a sensitive option goes before it, as in the Java connector.
 * @throws ConfigError with every problem at once.
 */
export function parseKinesisSinkConfig(configs: ConnectorConfig, secrets: SecretLookup): KinesisSinkConfig {
  const problems = new ProblemList();
  const plain = normalise(revealAll(configs), schemaRoot('sink')) as JsonObject;
  const given = withSecrets(plain, 'sink', secrets);
  validate('sink', given, { base: 'configs', problems, notices: [] });
  credentialProblems(given.aws, 'configs.aws', problems);
  sinkProblems(given, 'configs', problems);
  if (problems.all.length > 0) {
    throw new ConfigError(problems.all);
  }
  return build(completeSink(given), configs);
}

/** `configs` with the defaults of the schema and those that follow from other options. */
export function completeSink(configs: JsonObject): JsonObject {
  const ours = {
    cloudwatchMetricsLevel: effectiveLevel(configs, SINK_SPELLINGS),
    connectTimeout: awsValue(configs, SINK_SPELLINGS, 'connectTimeout'),
    requestTimeout: awsValue(configs, SINK_SPELLINGS, 'requestTimeout'),
  };
  const following = Object.entries(ours).filter(([, value]) => value !== undefined);
  const given = withoutEmpty(configs, ['cloudwatchNamespace']);
  return withDefaults({ ...given, ...Object.fromEntries(following) }, schemaRoot('sink'));
}

/** @param held `configs` as given, secrets still wrapped. */
function build(complete: JsonObject, held: ConnectorConfig): KinesisSinkConfig {
  const number = (name: string): number => Number(complete[name]);
  const flag = (name: string): boolean => complete[name] === true;
  const column = (name: string): GivenColumn | undefined => {
    const text = textAt(complete, name);
    return text === undefined ? undefined : parsePartitionColumn(text);
  };
  const stream = streamOf(complete);
  const explicitHashKeyColumn = column('explicitHashKeyColumn');
  const aws = awsSettings(complete, SINK_SPELLINGS, held);
  return {
    aws: {
      ...aws,
      maxSockets: Math.max(aws.maxSockets, number('maxConnections')),
      ...(flag('skipCertificateValidation') ? { verifyCertificates: false } : {}),
    },
    awsKinesisStreamName: stream?.name ?? '',
    ...(stream?.arn === undefined ? {} : { awsKinesisStreamArn: stream.arn }),
    partitionColumn: column('partitionColumn') ?? { type: 'default' },
    ...(explicitHashKeyColumn === undefined ? {} : { explicitHashKeyColumn }),
    messageFormat: complete.messageFormat as KinesisSinkConfig['messageFormat'],
    jsonIncludeNonNulls: flag('jsonIncludeNonNulls'),
    jsonFlatten: flag('jsonFlatten'),
    retainOrdering: flag('retainOrdering'),
    retryInitialDelay: number('retryInitialDelayInMillis'),
    retryMaxDelay: number('retryMaxDelayInMillis'),
    putStallTimeout: number('putStallTimeout'),
    ...(complete.recordTtl === undefined ? {} : { recordTtl: number('recordTtl') }),
    onError: (complete.onError ?? 'route') as KinesisSinkConfig['onError'],
    aggregationEnabled: flag('aggregationEnabled'),
    aggregationMaxSize: number('aggregationMaxSize'),
    aggregationMaxCount: number('aggregationMaxCount'),
    collectionMaxCount: number('collectionMaxCount'),
    collectionMaxSize: number('collectionMaxSize'),
    lingerMs: number('lingerMs'),
    maxConnections: number('maxConnections'),
    maxPendingRecords: number('maxPendingRecords'),
    maxPendingBytes: number('maxPendingBytes'),
    rateLimit: number('rateLimit'),
    cloudwatch: cloudWatchSettings(complete),
  };
}
