import { connectorDefinition } from './connector-definition';
import { producerSettings } from './pulsar-settings';
import type { SecretAt } from './secret';
import type { JsonObject } from './tree';
import type { SourceDefinition } from './types';

/** @param source Valid, with the defaults of everything but `configs`. */
export function sourceDefinition(source: JsonObject, secretAt: SecretAt): SourceDefinition {
  return {
    ...connectorDefinition(source, 'source', secretAt),
    topicName: String(source.topicName),
    producer: producerSettings(source),
  };
}
