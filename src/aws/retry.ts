import { isConnectorError, messageOf } from '../errors';
import { throwIfAborted } from '../util/abort';
import { type BackoffBounds, fullJitter } from '../util/backoff';
import { type Clock, sleep } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';

export interface RetryPolicy {
  readonly clock: Clock;
  readonly random: Random;
  readonly bounds: BackoffBounds;
  /** Told of every failure of what nobody can do without: a wait for it must not be silent. */
  readonly logger?: Logger;
}

/** Errors in a row that may heal (`bounded`) before they count as what cannot. */
const BOUNDED_ERRORS = 5;

/** Whether trying again may help. */
export function mayHeal(error: unknown): boolean {
  return isConnectorError(error) && error.retryable;
}

/** Waits before attempt `attempt + 1`. @throws the signal's reason */
export function backOff(policy: RetryPolicy, attempt: number, signal: AbortSignal): Promise<void> {
  return sleep(policy.clock, fullJitter(attempt, policy.bounds, policy.random), signal);
}

/** The errors of one piece of work since it last succeeded. */
export class Retries {
  #attempt = 0;
  #bounded = 0;

  constructor(private readonly policy: RetryPolicy) {}

  succeeded(): void {
    this.#attempt = 0;
    this.#bounded = 0;
  }

  /** Waits before the next attempt. @throws `error` when it cannot heal or has come too often; the signal's reason */
  async failed(error: unknown, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (!isConnectorError(error) || !error.retryable) {
      throw error;
    }
    if (error.treatment === 'bounded' && ++this.#bounded >= BOUNDED_ERRORS) {
      throw error;
    }
    const { clock, random, bounds, logger } = this.policy;
    const waitMs = fullJitter(this.#attempt++, bounds, random);
    logger?.warn(
      { code: error.code, reason: messageOf(error), attempt: this.#attempt, waitMs: Math.round(waitMs) },
      'a call failed; it is made again after the wait',
    );
    await sleep(clock, waitMs, signal);
  }
}

/**
 * Repeats a read, or a write that is conditional on nothing having changed, until it succeeds.
 * @throws what cannot heal, and the signal's reason.
 */
export async function retrying<T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const retries = new Retries(policy);
  for (;;) {
    throwIfAborted(signal);
    try {
      return await work();
    } catch (error) {
      await retries.failed(error, signal);
    }
  }
}
