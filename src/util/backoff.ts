import type { Random } from './random';

/** Bounds of an exponential backoff, milliseconds. */
export interface BackoffBounds {
  /** Ceiling of the first wait. */
  readonly initialMs: number;
  /** Ceiling no wait exceeds. */
  readonly maxMs: number;
}

/**
 * Full jitter: a uniform wait in [0, min(maxMs, initialMs × 2^attempt)).
 * @param attempt 0 for the first retry.
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export function fullJitter(attempt: number, bounds: BackoffBounds, random: Random): number {
  const ceiling = Math.min(bounds.maxMs, bounds.initialMs * 2 ** Math.min(attempt, 30));
  return random.next() * ceiling;
}
