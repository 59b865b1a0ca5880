/** Bytes that do not follow their schema. Becomes SINK_RECORD_INVALID, which names the topic. */
export class PayloadError extends Error {
  constructor(
    readonly expected: string,
    readonly found: string,
  ) {
    super(`expected ${expected}, found ${found}`);
  }
}

/** A schema that cannot be written as JSON. Becomes SINK_SCHEMA_UNSUPPORTED, which names the topic. */
export class SchemaError extends Error {}
