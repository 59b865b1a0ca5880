export { type ConnectorConfig, HAS_ROOM, type Sink, type Source } from './connector';
export type { BaseContext, SinkContext, SourceContext, SubscriptionType } from './context';
export type { DeadLetterOrder } from './dead-letter';
export type { EncryptionContext } from './encryption';
export { type KeyValue, keyValueFields } from './key-value';
export {
  type Instrument,
  type MetricLabels,
  type MetricReader,
  type MetricSample,
  type MetricSink,
  NO_METRICS,
} from './metrics';
export type { ProcessingGuarantees } from './processing-guarantees';
export type { Properties, Record, RecordPartition } from './record';
export type { RecordSequencing } from './record-sequencing';
export { BYTES_SCHEMA, type Schema, type SchemaType } from './schema';
export type { ConnectorStatus, ShardState, ShardStatus, StatusError } from './status';
