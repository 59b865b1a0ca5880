/**
 * Library API: the Pulsar IO contract, the Kinesis connectors, and what it takes to run them inside a process of
 * your own. Everything else in this package may change without notice.
 */
export {
  ConfigError,
  type ConfigOptions,
  type ConfigProblem,
  type KinesisSinkConfig,
  type KinesisSourceConfig,
  type LoadedConfig,
  loadConfigObject,
  type ProducerSettings,
  type PulsarSettings,
  type SinkDefinition,
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
  Consumer,
  ConsumerOptions,
  OutgoingMessage,
  Producer,
  ProducerListener,
  ProducerOptions,
  ReceivedMessage,
  Transport,
} from './pulsar/transport';
export { loadConfig, loadConfigDocument } from './runtime/load-config';
export { createPinoLogger } from './runtime/pino-logger';
export { type RunOptions, runConnectors, runSink, runSource } from './runtime/run';
export type { RunOutcome } from './runtime/run-outcome';
export type { SinkValue } from './sink/entry';
export { KinesisSink } from './sink/kinesis-sink';
export { KinesisSource } from './source/kinesis-source';
export type { Clock } from './util/clock';
export type { Logger } from './util/logger';
