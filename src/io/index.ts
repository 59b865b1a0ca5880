export type { ConnectorConfig, Sink, Source } from './connector';
export type { BaseContext, MetricSink, SinkContext, SourceContext } from './context';
export type { ProcessingGuarantees } from './processing-guarantees';
export type { Properties, Record, RecordPartition } from './record';
export { BYTES_SCHEMA, type Schema, type SchemaType } from './schema';
