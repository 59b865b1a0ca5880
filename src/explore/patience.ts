import { ConnectorError, isConnectorError, messageOf } from '../errors';
import { throwIfAborted } from '../util/abort';
import { type BackoffBounds, fullJitter } from '../util/backoff';
import { type Clock, sleep } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';

export interface PatienceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Waits before another attempt; milliseconds. */
export const PATIENCE_BOUNDS: BackoffBounds = { initialMs: 200, maxMs: 3000 };
/** Attempts, while the service only asks for patience. */
const THROTTLED_ATTEMPTS = 20;
/** Attempts at what may heal: somebody waits for an answer, and a wrong endpoint looks like one that is down. */
const ATTEMPTS = 5;

/** Whether to give up after `error` came at the end of `attempt` attempts in a row. */
export function isHopeless(error: unknown, attempt: number): boolean {
  return attempt >= (isConnectorError(error, 'AWS_THROTTLED') ? THROTTLED_ATTEMPTS : ATTEMPTS);
}

/**
 * What a person asks for: tried again when that may help, but not for ever.
 * @throws the last error; the signal's reason
 */
export async function patiently<T>(
  { clock, random, logger }: PatienceOptions,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal);
    try {
      return await work();
    } catch (error) {
      throwIfAborted(signal);
      if (!(error instanceof ConnectorError) || !error.retryable || isHopeless(error, attempt)) {
        throw error;
      }
      const waitMs = fullJitter(attempt - 1, PATIENCE_BOUNDS, random);
      logger.warn(
        { code: error.code, reason: messageOf(error), waitMs: Math.round(waitMs) },
        'asked again after the wait',
      );
      await sleep(clock, waitMs, signal);
    }
  }
}
