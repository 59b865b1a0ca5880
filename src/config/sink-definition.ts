import { connectorDefinition } from './connector-definition';
import { consumerSettings } from './consumer-settings';
import { withDefaults } from './normalise';
import { producerSettings } from './pulsar-settings';
import { propertyOf, schemaDocument } from './schema';
import type { SecretAt } from './secret';
import { sinkInputs } from './sink-inputs';
import { subscriptionName, subscriptionType } from './sink-subscription';
import { type JsonObject, textAt } from './tree';
import type { ProducerSettings, SinkDefinition } from './types';

/** @param sink Valid, with the defaults of everything but `configs`. */
export function sinkDefinition(sink: JsonObject, secretAt: SecretAt): SinkDefinition {
  const inputs = sinkInputs(sink);
  const deadLetterTopic = textAt(sink, 'deadLetterTopic');
  const schemaTypes = inputs.flatMap(({ topic, schemaType }) =>
    schemaType === undefined ? [] : [[topic, schemaType] as const],
  );
  return {
    ...connectorDefinition(sink, 'sink', secretAt),
    inputs: inputs.flatMap(({ topic, isPattern }) => (isPattern ? [] : [topic])),
    inputPatterns: inputs.flatMap(({ topic, isPattern }) => (isPattern ? [topic] : [])),
    subscriptionType: subscriptionType(sink),
    subscriptionName: subscriptionName(sink),
    sourceSubscriptionPosition: sink.sourceSubscriptionPosition === 'Earliest' ? 'earliest' : 'latest',
    cleanupSubscription: sink.cleanupSubscription === true,
    timeoutMs: Number(sink.timeoutMs ?? 0),
    negativeAckRedeliveryDelayMs: Number(sink.negativeAckRedeliveryDelayMs),
    ...(typeof sink.maxMessageRetries === 'number' ? { maxMessageRetries: sink.maxMessageRetries } : {}),
    ...(deadLetterTopic === undefined ? {} : { deadLetterTopic }),
    receiverQueueSize: Math.min(...inputs.map(({ receiverQueueSize }) => receiverQueueSize)),
    receiverQueueBytes: Number(sink.receiverQueueBytes),
    consumer: consumerSettings(sink.consumerConfig),
    schemaTypes: Object.fromEntries(schemaTypes),
    producer: deadLetterProducer(),
  };
}

/** A SinkConfig says nothing of producers: that of the dead-letter topic is as a source's is unless told otherwise. */
function deadLetterProducer(): ProducerSettings {
  const document = schemaDocument('connectors');
  const place = propertyOf({ document, node: { $ref: '#/$defs/source' } }, 'producerConfig');
  return producerSettings({ producerConfig: place === undefined ? {} : withDefaults({}, place) });
}
