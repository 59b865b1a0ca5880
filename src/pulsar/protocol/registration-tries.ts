import { type BackoffBounds, fullJitter } from '../../util/backoff';
import { type Clock, sleep } from '../../util/clock';
import type { Random } from '../../util/random';
import { asProtocolError } from './protocol-error';

const BACKOFF: BackoffBounds = { initialMs: 100, maxMs: 10_000 };
/** A broker that goes down answers with errors it has no number for: as many tries before one is believed. */
const MAX_UNKNOWN = 5;

export interface TriesParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Ends every try. */
  readonly signal: AbortSignal;
}

/**
 * Tries until the broker has accepted a producer or consumer.
 * @param limit monotonic instant behind which no other try begins; none when undefined.
 * @param failures how often it was accepted in vain before.
 * @throws ProtocolError one that is not transient, or the last one; the signal's reason.
 */
export async function tryUntilAccepted<T>(
  { clock, random, signal }: TriesParts,
  attemptOnce: () => Promise<T>,
  limit?: number,
  failures = 0,
): Promise<T> {
  let unknown = 0;
  for (let attempt = failures; ; attempt++) {
    if (attempt > 0 || limit === undefined) {
      await sleep(clock, fullJitter(attempt, BACKOFF, random), signal);
    }
    try {
      return await attemptOnce();
    } catch (thrown) {
      const error = asProtocolError(thrown, 'unknown');
      const again = error.transient || (error.kind === 'unknown' && ++unknown < MAX_UNKNOWN);
      if (signal.aborted || !again || (limit !== undefined && clock.monotonic() >= limit)) {
        throw error;
      }
    }
  }
}
