import type { Consumer, ConsumerOptions, Transport } from '../pulsar/transport';
import { type BackoffBounds, fullJitter } from '../util/backoff';
import { type Clock, sleep } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { transportError, worthAnotherTry } from './retry-rule';

export interface SubscribeParts {
  readonly transport: Pick<Transport, 'subscribe'>;
  readonly backoff: BackoffBounds;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * A consumer, tried for as long as the failure may heal.
 * @throws ConnectorError what cannot heal; the reason of `signal` once that is aborted.
 */
export async function subscribe(
  options: ConsumerOptions,
  signal: AbortSignal,
  { transport, backoff, clock, random, logger }: SubscribeParts,
): Promise<Consumer> {
  for (let failures = 1; ; failures++) {
    try {
      return await transport.subscribe(options);
    } catch (thrown) {
      const error = transportError(thrown);
      if (!worthAnotherTry(error, failures)) {
        throw error;
      }
      const waitMs = fullJitter(failures - 1, backoff, random);
      logger.warn(
        {
          code: error.code,
          topic: options.topic,
          subscription: options.subscription,
          attempt: failures,
          waitMs: Math.round(waitMs),
          reason: error.message,
        },
        'subscribing failed; trying again after the wait',
      );
      await sleep(clock, waitMs, signal);
    }
  }
}
