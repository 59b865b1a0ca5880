import { withDefaults } from './normalise';
import { propertyOf, schemaDocument } from './schema';
import { get, type JsonObject } from './tree';
import type { ConsumerSettings } from './types';

/** @param consumer `consumerConfig` of a sink, valid; what it leaves out has the default of the schema. */
export function consumerSettings(consumer: unknown = {}): ConsumerSettings {
  const document = schemaDocument('connectors');
  const place = propertyOf({ document, node: { $ref: '#/$defs/sink' } }, 'consumerConfig');
  const all = place === undefined ? {} : withDefaults(consumer as JsonObject, place);
  const number = (...path: string[]): number => Number(get(all, ...path));
  return {
    acknowledgmentGroupTime: number('acknowledgmentGroupTime'),
    maxAcknowledgmentGroupSize: number('maxAcknowledgmentGroupSize'),
    batchIndexAckEnabled: get(all, 'batchIndexAckEnabled') === true,
    negativeAckRedeliveryBackoff: {
      maxDelayMs: number('negativeAckRedeliveryBackoff', 'maxDelayMs'),
      multiplier: number('negativeAckRedeliveryBackoff', 'multiplier'),
    },
    maxPendingChunkedMessage: number('maxPendingChunkedMessage'),
    autoAckOldestChunkedMessageOnQueueFull: get(all, 'autoAckOldestChunkedMessageOnQueueFull') === true,
    expireTimeOfIncompleteChunkedMessage: number('expireTimeOfIncompleteChunkedMessage'),
    autoUpdatePartitionsInterval: number('autoUpdatePartitionsInterval'),
    patternAutoDiscoveryPeriod: number('patternAutoDiscoveryPeriod'),
  };
}
