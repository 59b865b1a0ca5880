import type { ProducerSettings } from '../config/types';
import { topicPath } from './protocol';
import type { ConsumerOptions } from './transport';

/** Messages that the service's own consumer fetches ahead. Source: `ConsumerHandler` of Pulsar. */
const MAX_PREFETCH = 1000;
/** Shortest delay of the service's client, ms. Source: `NegativeAcksTracker` of Pulsar. */
const SERVICE_REDELIVERY_MS = 100;

/** Path of a producer behind `/ws/v2/`. @param topic full name. */
export function producerPath(topic: string, producerName: string, settings: ProducerSettings): string {
  // Its client cannot batch by keys; a batch with several would break Key_Shared readers.
  const batched = settings.batchingEnabled && settings.batchBuilder !== 'KEY_BASED';
  const parameters = {
    producerName,
    // Ours comes first: the service would go on behind a message that it gave up.
    sendTimeoutMillis: '0',
    maxPendingMessages: String(settings.maxPendingMessages),
    // Its own default is Java's hash, and one partition for all messages without a key.
    hashingScheme: settings.hashingScheme,
    messageRoutingMode: 'RoundRobinPartition',
    batchingEnabled: String(batched),
    ...(batched && {
      batchingMaxMessages: String(settings.batchingMaxMessages),
      batchingMaxPublishDelay: String(Math.max(1, settings.batchingMaxPublishDelay)),
    }),
    ...(settings.compressionType !== 'NONE' && { compressionType: settings.compressionType }),
  };
  return `producer/${topicPath(topic)}?${new URLSearchParams(parameters)}`;
}

/** Path of a consumer behind `/ws/v2/`. @param prefetch messages that the service may hold. */
export function consumerPath(topic: string, options: ConsumerOptions, prefetch: number): string {
  const parameters = {
    subscriptionType: options.subscriptionType,
    subscriptionInitialPosition: options.initialPosition === 'earliest' ? 'Earliest' : 'Latest',
    pullMode: 'true',
    receiverQueueSize: String(prefetch),
    // The delay is ours: the service's is rounded up by a third.
    negativeAckRedeliveryDelay: String(SERVICE_REDELIVERY_MS),
    // An encrypted message is handed out as it is, with its context.
    cryptoFailureAction: 'CONSUME',
    ...(options.consumerName !== undefined && { consumerName: options.consumerName }),
  };
  const subscription = encodeURIComponent(options.subscription);
  return `consumer/${topicPath(topic)}/${subscription}?${new URLSearchParams(parameters)}`;
}

/** How many of `receiverQueueSize` messages wait at the service, and how many here: both count as held. */
export function prefetchOf(receiverQueueSize: number): { readonly service: number; readonly own: number } {
  const service = Math.min(MAX_PREFETCH, Math.ceil(receiverQueueSize / 2));
  return { service, own: Math.max(1, receiverQueueSize - service) };
}
