import type { SubscriptionType } from '../io';
import { type JsonObject, textAt } from './tree';

/** Source: FunctionConfigUtils and JavaInstanceRunnable: order asks for Failover, order per key for Key_Shared. */
export function subscriptionType(sink: JsonObject): SubscriptionType {
  if (sink.retainOrdering === true || guarantee(sink) === 'EFFECTIVELY_ONCE') {
    return 'Failover';
  }
  return sink.retainKeyOrdering === true ? 'Key_Shared' : 'Shared';
}

/** The subscription named, or `tenant/namespace/name`. */
export function subscriptionName(sink: JsonObject): string {
  const { tenant = 'public', namespace = 'default', name } = sink;
  return textAt(sink, 'sourceSubscriptionName') ?? `${tenant}/${namespace}/${name}`;
}

export function guarantee(sink: JsonObject): string {
  return textAt(sink, 'processingGuarantees') ?? 'ATLEAST_ONCE';
}
