import type { PartitionColumn } from '../config';
import { JsonNumber, type JsonValue } from './format/json-value';
import { writeCanonicalJson } from './format/json-writer';
import type { Payload } from './format/payload';

type NamedColumn = Exclude<PartitionColumn, { type: 'random' | 'default' }>;

/**
 * The text of a column, undefined when the message has none: no such field or property, null, or empty. Numbers and
 * booleans are their JSON text (64-bit integers exact, 1.10 as 1.1), objects and arrays their JSON text with
 * members sorted. A field of an encrypted message is missing.
 * @throws ConnectorError SINK_RECORD_INVALID, SINK_SCHEMA_UNSUPPORTED when a field cannot be looked for
 */
export function columnText(column: NamedColumn, payload: Payload): string | undefined {
  return column.type === 'field' ? fieldText(column.path, payload) : plainText(column, payload) || undefined;
}

function plainText(column: Exclude<NamedColumn, { type: 'field' }>, { record }: Payload): string | undefined {
  switch (column.type) {
    case 'key':
      return record.key;
    case 'topic':
      return record.topicName;
    case 'property':
      return Object.hasOwn(record.properties, column.name) ? record.properties[column.name] : undefined;
  }
}

function fieldText(path: readonly string[], payload: Payload): string | undefined {
  let value = payload.columns();
  for (const name of path) {
    if (!(value instanceof Map)) {
      return undefined;
    }
    value = value.get(name);
  }
  return textOf(value);
}

/**
 * The key of a message when no column is set: the message key, else the first column of a JSON, Avro or key-value
 * payload that holds text, in document or schema order; undefined otherwise. Of a key-value pair the key comes
 * first, and needs not be text.
 */
export function defaultText(payload: Payload): string | undefined {
  const { record } = payload;
  if (record.key) {
    return record.key;
  }
  switch (record.schema.type) {
    case 'JSON':
    case 'AVRO':
      return firstText(payload.columns());
    case 'KEY_VALUE': {
      const pair = payload.columns();
      if (pair instanceof Map) {
        const key = pair.get('key');
        return (key instanceof Map ? firstText(key) : textOf(key)) ?? firstText(pair.get('value'));
      }
    }
  }
  return undefined;
}

function firstText(value: JsonValue | undefined): string | undefined {
  if (value instanceof Map) {
    for (const member of value.values()) {
      if (typeof member === 'string' && member !== '') {
        return member;
      }
    }
  }
  return undefined;
}

function textOf(value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null || value === '') {
    return undefined;
  }
  if (typeof value === 'object') {
    return value instanceof JsonNumber ? value.text : writeCanonicalJson(value);
  }
  return String(value);
}
