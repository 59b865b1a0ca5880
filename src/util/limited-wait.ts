import type { Clock } from './clock';

/**
 * Waits for `promise`, but for `ms` milliseconds of `clock` at the most; the work behind it goes on.
 * @returns whether it resolved in time.
 * @throws what it rejects with in time; a late rejection is swallowed.
 */
export function resolvesWithin(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => resolve(false), ms);
    promise.then(() => resolve(true), reject).finally(() => clock.clearTimer(timer));
  });
}
