/**
 * Library API: the Pulsar IO contract, the Kinesis connector, and what it takes to run one inside a process of
 * your own. Everything else in this package may change without notice.
 */
export {
  ConfigError,
  type ConfigOptions,
  type ConfigProblem,
  type KinesisSourceConfig,
  type LoadedConfig,
  loadConfig,
  loadConfigObject,
  type ProducerSettings,
  type PulsarSettings,
  type SourceDefinition,
} from './config';
export {
  ConnectorError,
  ERRORS,
  type ErrorCode,
  type ErrorTreatment,
  explain,
  isConnectorError,
} from './errors';
export * from './io';
export { createTransport } from './pulsar/create-transport';
export { MemoryBroker } from './pulsar/memory-broker';
export type {
  OutgoingMessage,
  Producer,
  ProducerListener,
  ProducerOptions,
  Transport,
} from './pulsar/transport';
export { createPinoLogger } from './runtime/pino-logger';
export { type RunOptions, runSource } from './runtime/run';
export type { RunOutcome } from './runtime/source-runner';
export { KinesisSource } from './source/kinesis-source';
export type { Clock } from './util/clock';
export type { Logger } from './util/logger';
