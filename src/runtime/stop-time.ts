import type { Clock } from '../util/clock';

/** Part of the time to stop that is kept for each step behind the closing of the connector. */
export const STEP_SHARE = 0.05;

/** Longest that a stop of `ms` milliseconds can take, when every step behind the connector's comes late. */
export function mostTimeToStop(ms: number): number {
  return ms * (1 + 4 * STEP_SHARE);
}

/**
 * The time that a stop of `ms` milliseconds which begins now has left, whenever it is asked; never less than one step,
 * so that what comes late can still be done at once.
 */
export function timeToStop(clock: Clock, ms: number): () => number {
  const until = clock.monotonic() + ms;
  return () => Math.max(until - clock.monotonic(), ms * STEP_SHARE);
}
