/** Handle of a pending timer; opaque to its holder. */
export type TimerHandle = object;

/**
 * Time as a parameter. Everything that waits or measures takes a Clock, so that the simulation can run
 * any part on virtual time. Only this file touches the real one.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump: never subtract two readings to get a duration. */
  now(): number;
  /** Monotonic clock, milliseconds (fractional) since an arbitrary origin. */
  monotonic(): number;
  /** Calls `callback` once after `ms` milliseconds (0 = after everything that is already due). */
  setTimer(callback: () => void, ms: number): TimerHandle;
  /** Cancels a timer; a timer that has fired or was cancelled is ignored. */
  clearTimer(handle: TimerHandle): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (callback, ms) => setTimeout(callback, ms),
  clearTimer: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/**
 * Resolves after `ms` milliseconds of `clock`.
 * @throws the signal's reason as soon as `signal` is aborted (at once if it already is).
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      clock.clearTimer(timer);
      reject(signal?.reason);
    };
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
