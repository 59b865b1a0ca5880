import { connectorDefinition } from './connector-definition';
import { producerSettings } from './pulsar-settings';
import type { JsonObject } from './tree';
import type { SourceDefinition } from './types';

/** @param source Valid, with the defaults of everything but `configs`. */
export function sourceDefinition(source: JsonObject): SourceDefinition {
  return {
    ...connectorDefinition(source, 'source'),
    topicName: String(source.topicName),
    producer: producerSettings(source),
  };
}
