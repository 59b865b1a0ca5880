import { ConnectorError, isConnectorError, messageOf } from '../errors';
import type { BackoffBounds } from '../util/backoff';

/** Ceilings of the waits between two producers, or two subscriptions, milliseconds. */
export const PULSAR_BACKOFF: BackoffBounds = { initialMs: 100, maxMs: 10_000 };

/** Failures in a row of a kind that may heal, until they count as fatal. */
const BOUNDED_FAILURES = 10;

/** @param failures How many there were in a row, `error` included. */
export function worthAnotherTry(error: ConnectorError, failures: number): boolean {
  return error.treatment === 'retry' || (error.retryable && failures < BOUNDED_FAILURES);
}

/** Whatever a transport threw. */
export function transportError(error: unknown): ConnectorError {
  return isConnectorError(error)
    ? error
    : new ConnectorError('PULSAR_UNKNOWN', messageOf(error), { cause: error });
}
