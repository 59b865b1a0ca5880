/** Kinds of Pulsar schema that connectors of this package produce. Source: Pulsar `SchemaType`. */
export type SchemaType = 'BYTES' | 'STRING' | 'JSON';

/** The schema a record's value follows. */
export interface Schema {
  readonly type: SchemaType;
  readonly name: string;
  /** Definition text for structured types, empty otherwise. */
  readonly definition: string;
}

export const BYTES_SCHEMA: Schema = { type: 'BYTES', name: 'bytes', definition: '' };
