import { abortable, follow, throwIfAborted } from './abort';
import type { Clock } from './clock';

/**
 * `work`, given up after `ms` milliseconds of `clock` or when `signal` is aborted. Work that ignores the signal
 * it gets is abandoned, not stopped: what it asked for may still happen. Work that calls `answered` has no deadline
 * any more: how long the rest takes depends on its size, and is its own matter.
 * @throws `timeout()` at the deadline, the reason of `signal`, or what the work throws.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  timeout: () => Error,
  work: (signal: AbortSignal, answered: () => void) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const limit = new AbortController();
  const timer = clock.setTimer(() => limit.abort(timeout()), ms);
  const unfollow = follow(signal, limit);
  try {
    return await abortable(
      work(limit.signal, () => clock.clearTimer(timer)),
      limit.signal,
    );
  } finally {
    clock.clearTimer(timer);
    unfollow();
  }
}
