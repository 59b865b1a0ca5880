export type { ConnectorKind } from './connector-kind';
export { editorSchema } from './editor-schema';
export { type EffectiveConfig, effectiveConfig, effectiveYaml } from './effective';
export { ENVIRONMENT_PREFIX } from './environment';
export { parseKinesisSinkConfig } from './kinesis-sink-config';
export { parseKinesisSourceConfig } from './kinesis-source-config';
export {
  inspectConfig,
  loadConfig,
  loadConfigDocument,
  loadConfigObject,
  loadedConfig,
  readConfigDocument,
} from './load';
export { ConfigError, type ConfigProblem, PROBLEM_CODES, type ProblemCode } from './problems';
export { type Environment, processEnvironment } from './references';
export { type ConfigOptions, type ResolvedConfig, resolveConfig } from './resolve';
export { type SchemaName, schemaDocument } from './schema';
export { hide } from './secret';
export type { SecretLookup } from './secret-options';
export type { ReadSecrets, SecretAnswer, SecretFailure, StoredSecret } from './secret-reference';
export { isPattern, type StreamName, type StreamPattern } from './stream-name';
export type {
  AuditSettings,
  AwsCredentials,
  AwsSettings,
  CloudWatchMetricsLevel,
  CloudWatchSettings,
  ConfigNotice,
  ExploreSettings,
  HttpSettings,
  InitialPosition,
  KinesisRecordProperty,
  KinesisSinkConfig,
  KinesisSourceConfig,
  LeaseTableSettings,
  LoadedConfig,
  PartitionColumn,
  ProducerSettings,
  PulsarSettings,
  Secret,
  SinkDefinition,
  SinkMessageFormat,
  SourceDefinition,
  StreamSelection,
} from './types';
