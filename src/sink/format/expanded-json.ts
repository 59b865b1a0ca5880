import type { KinesisSinkConfig } from '../../config';
import type { Record } from '../../io';
import type { SinkValue } from '../entry';
import { flatten } from './flatten';
import { inJavaMapOrder } from './java-map-order';
import { JsonNumber, type JsonObject, type JsonValue } from './json-value';
import { writeJson } from './json-writer';
import type { Payload } from './payload';

/**
 * FULL_MESSAGE_IN_JSON_EXPAND_VALUE: `{"topicName":…,"key":…,"payload":…,"properties":{…},"eventTime":…}`. What a
 * message does not have (a null value has no payload) is left out with jsonIncludeNonNulls, null otherwise; nulls
 * inside the payload stay. jsonFlatten: one level, names with dots. Source: Java connector,
 * Utils.serializeRecordToJsonExpandingValue.
 */
export function expandedJsonFormat({
  jsonIncludeNonNulls,
  jsonFlatten,
}: Pick<KinesisSinkConfig, 'jsonIncludeNonNulls' | 'jsonFlatten'>): (
  record: Record<SinkValue>,
  payload: Payload,
) => Uint8Array {
  return (record, payload) => {
    const message: JsonObject = new Map();
    const add = (name: string, value: JsonValue | undefined): void => {
      if (value !== undefined || !jsonIncludeNonNulls) {
        message.set(name, value ?? null);
      }
    };
    const { eventTime, properties } = record;
    const names = inJavaMapOrder(Object.keys(properties));
    add('topicName', record.topicName);
    add('key', record.key);
    add('payload', payload.value());
    add(
      'properties',
      names.length > 0 ? new Map(names.map((name) => [name, properties[name] ?? ''])) : undefined,
    );
    add('eventTime', eventTime === undefined ? undefined : new JsonNumber(String(eventTime)));
    const written = jsonFlatten ? payload.check(() => flatten(message)) : message;
    return Buffer.from(writeJson(written), 'utf8');
  };
}
