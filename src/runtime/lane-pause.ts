import type { ConnectorError } from '../errors';
import { fullJitter } from '../util/backoff';
import { sleep } from '../util/clock';
import type { DeliveryLaneOptions } from './delivery-lane-options';

/** Whether a topic refuses all records of a schema, and others may be stored. */
export function isSchemaRefusal(error: ConnectorError): boolean {
  return error.code === 'PULSAR_SCHEMA_REFUSED';
}

/**
 * Tells why a lane stands, and waits until its next try.
 * @param failures How many there were in a row.
 * @param signal Ends the wait.
 */
export async function pauseLane(
  { clock, random, logger, backoff, topic }: DeliveryLaneOptions,
  error: ConnectorError,
  failures: number,
  signal: AbortSignal,
): Promise<void> {
  const waitMs = fullJitter(failures - 1, backoff, random);
  logger.warn(
    { code: error.code, topic, attempt: failures, waitMs: Math.round(waitMs), reason: error.message },
    isSchemaRefusal(error)
      ? 'the topic takes no record of this schema; asking again after the wait'
      : 'sending failed; starting again from the first unconfirmed record after the wait',
  );
  await sleep(clock, waitMs, signal).catch(() => undefined);
}
