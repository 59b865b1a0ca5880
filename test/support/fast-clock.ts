import { type Clock, systemClock } from '../../src/util/clock';

/** Real time, except that everything which is waited for or measured goes `factor` times as fast. */
export function fastClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * factor,
    setTimer: (callback, ms) => systemClock.setTimer(callback, ms / factor),
    clearTimer: (handle) => systemClock.clearTimer(handle),
  };
}
