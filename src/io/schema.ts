/** Kinds of Pulsar schema. Source: Pulsar `SchemaType`; those that stand for "find out" are not listed. */
export type SchemaType =
  | 'BYTES'
  | 'STRING'
  | 'JSON'
  | 'AVRO'
  | 'PROTOBUF'
  | 'PROTOBUF_NATIVE'
  | 'KEY_VALUE'
  | 'BOOLEAN'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FLOAT'
  | 'DOUBLE'
  | 'DATE'
  | 'TIME'
  | 'TIMESTAMP'
  | 'INSTANT'
  | 'LOCAL_DATE'
  | 'LOCAL_TIME'
  | 'LOCAL_DATE_TIME';

/** The schema a record's value follows. */
export interface Schema {
  readonly type: SchemaType;
  readonly name: string;
  /** Definition text for structured types, empty otherwise. */
  readonly definition: string;
  /** Of KEY_VALUE only. SEPARATED: the key travels as the message key, INLINE: inside the value. */
  readonly keyValue?: {
    readonly key: Schema;
    readonly value: Schema;
    readonly encoding: 'INLINE' | 'SEPARATED';
  };
}

export const BYTES_SCHEMA: Schema = { type: 'BYTES', name: 'bytes', definition: '' };
