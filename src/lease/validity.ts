import type { Clock } from '../util/clock';

/** Milliseconds by which an owner stops before others may take its lease (G4). */
export const VALIDITY_MARGIN_MS = 500;

/** One instant on both clocks, milliseconds. */
export interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}

export function instantOf(clock: Clock): Instant {
  return { monotonic: clock.monotonic(), wall: clock.now() };
}

/**
 * End of a lease whose counter was moved by an attempt that began at `firstAttempt`: others count failoverTime
 * from when they see the new counter, which is never before that.
 * @param failoverTime milliseconds
 */
export function endOfValidity(firstAttempt: Instant, failoverTime: number): Instant {
  const span = failoverTime - VALIDITY_MARGIN_MS;
  return { monotonic: firstAttempt.monotonic + span, wall: firstAttempt.wall + span };
}

/**
 * Milliseconds until `end` on the clock that reaches it first; 0 or less: over. The monotonic clock may stand
 * still while the machine sleeps, the wall clock may be set back.
 */
export function timeLeft(clock: Clock, end: Instant): number {
  return Math.min(end.monotonic - clock.monotonic(), end.wall - clock.now());
}
