export { type EffectiveConfig, effectiveConfig, effectiveYaml } from './effective';
export { ENVIRONMENT_PREFIX } from './environment';
export { parseKinesisSourceConfig, type SecretLookup } from './kinesis-source-config';
export { inspectConfig, loadConfig, loadConfigObject, loadedConfig, readConfigDocument } from './load';
export { ConfigError, type ConfigProblem, PROBLEM_CODES, type ProblemCode } from './problems';
export { type Environment, processEnvironment } from './references';
export { type ConfigOptions, type ResolvedConfig, resolveConfig } from './resolve';
export { type SchemaName, schemaDocument } from './schema';
export { hide } from './secret';
export type {
  AwsCredentials,
  AwsSettings,
  ConfigNotice,
  InitialPosition,
  KinesisRecordProperty,
  KinesisSourceConfig,
  LoadedConfig,
  ProducerSettings,
  PulsarSettings,
  Secret,
  SourceDefinition,
} from './types';
