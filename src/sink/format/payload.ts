import { ConnectorError } from '../../errors';
import type { Record, Schema } from '../../io';
import type { SinkValue } from '../entry';
import { parseJson } from './json-parser';
import type { JsonValue } from './json-value';
import { payloadDecoder } from './payload-decoder';
import { PayloadError, SchemaError } from './payload-error';

/** The payload of one record, decoded when it is first asked for, and once. */
export class Payload {
  readonly record: Record<SinkValue>;
  #decoded = false;
  #value: JsonValue | undefined;

  constructor(record: Record<SinkValue>) {
    this.record = record;
  }

  /**
   * The value as its schema has it; undefined for a null value.
   * @throws ConnectorError SINK_RECORD_INVALID, SINK_SCHEMA_UNSUPPORTED
   */
  value(): JsonValue | undefined {
    if (!this.#decoded) {
      this.#value = this.#decode();
      this.#decoded = true;
    }
    return this.#value;
  }

  /**
   * The value to look for columns in: as `value`, but text and bytes that hold a JSON object are that object, and
   * other bytes are nothing. Undefined too for an encrypted payload.
   * @throws ConnectorError as `value`
   */
  columns(): JsonValue | undefined {
    const { schema, value, encryption } = this.record;
    if (value === undefined || encryption !== undefined) {
      return undefined;
    }
    return schema.type === 'BYTES' ? jsonObjectIn(asBuffer(value)) : columnsOf(schema, this.value());
  }

  /**
   * What `read` makes of the payload.
   * @throws ConnectorError in place of a PayloadError or SchemaError, with the topic
   */
  check<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof PayloadError) {
        throw this.invalid('The payload cannot be read by its schema', error);
      }
      if (error instanceof SchemaError) {
        throw new ConnectorError(
          'SINK_SCHEMA_UNSUPPORTED',
          `The schema of ${this.#topic()} cannot be written as JSON`,
          {
            expected: 'JSON, AVRO, KEY_VALUE or a primitive type',
            found: `${this.record.schema.type}: ${error.message}`,
          },
        );
      }
      throw error;
    }
  }

  invalid(what: string, details: { expected: string; found: string; hint?: string }): ConnectorError {
    return new ConnectorError('SINK_RECORD_INVALID', `${what}, in a message from ${this.#topic()}`, details);
  }

  #decode(): JsonValue | undefined {
    const { value, schema } = this.record;
    return value === undefined
      ? undefined
      : this.check(() => payloadDecoder(schema)(asBuffer(value), this.record));
  }

  #topic(): string {
    return this.record.topicName ?? 'an unnamed topic';
  }
}

/** A view, not a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function columnsOf(schema: Schema, value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value === 'string') {
    if (schema.type === 'BYTES') {
      return jsonObjectIn(Buffer.from(value, 'base64'));
    }
    return schema.type === 'STRING' ? (jsonObjectIn(Buffer.from(value, 'utf8')) ?? value) : value;
  }
  if (schema.keyValue !== undefined && value instanceof Map) {
    const columns = new Map<string, JsonValue>();
    for (const part of ['key', 'value'] as const) {
      const column = columnsOf(schema.keyValue[part], value.get(part));
      if (column !== undefined) {
        columns.set(part, column);
      }
    }
    return columns;
  }
  return value;
}

function jsonObjectIn(bytes: Buffer): JsonValue | undefined {
  // Most payloads without a schema are not JSON: that is told by their first byte, white space aside.
  const first = bytes.find((byte) => byte > 0x20);
  if (first !== 0x7b) {
    return undefined;
  }
  try {
    return parseJson(bytes);
  } catch (error) {
    if (error instanceof PayloadError) {
      return undefined;
    }
    throw error;
  }
}
