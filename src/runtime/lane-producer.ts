import { ConnectorError } from '../errors';
import type { Producer, ProducerListener } from '../pulsar/transport';
import type { DeliveryLaneOptions } from './delivery-lane-options';
import type { DeliveredRecord } from './lane-records';
import { transportError } from './retry-rule';

/** Milliseconds that a failed producer has to answer its close before its connection is destroyed. */
export const CLOSE_MS = 5000;

/**
 * A producer for a lane, or why there is none. One that comes when it was given up already is closed unused.
 * @param givenUp resolves when it is not waited for any longer
 */
export async function makeProducer(
  { transport, topic, schema, chunked, sequencing, mayStillSend }: DeliveryLaneOptions,
  listener: ProducerListener<DeliveredRecord>,
  givenUp: Promise<ConnectorError>,
): Promise<Producer<DeliveredRecord> | ConnectorError> {
  const making = transport.createProducer<DeliveredRecord>({
    topic,
    mayStillSend,
    listener,
    ...(schema === undefined ? {} : { schema }),
    ...(chunked === undefined ? {} : { chunked }),
    ...(sequencing === undefined ? {} : { sequencing }),
  });
  const producer = await Promise.race([making.catch(transportError), givenUp]);
  if (producer instanceof ConnectorError) {
    making.then((late) => late.close(CLOSE_MS)).catch(() => undefined);
  }
  return producer;
}
