import { ConnectorError } from '../errors';
import { abortable } from '../util/abort';
import type { Clock } from '../util/clock';

/**
 * Runs `work` with a signal that fires with `signal`, or after `ms` unless `work` said before that it was
 * answered: how long the rest takes depends on its size, and is the caller's own matter.
 * @throws ConnectorError AWS_TIMEOUT, or the signal's reason; also when `work` does not heed its signal.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal, answered: () => void) => Promise<T>,
): Promise<T> {
  if (signal.aborted) {
    throw signal.reason;
  }
  const ended = new AbortController();
  const follow = (): void => ended.abort(signal.reason);
  signal.addEventListener('abort', follow, { once: true });
  const timer = clock.setTimer(() => {
    ended.abort(new ConnectorError('AWS_TIMEOUT', `no answer within ${ms} ms`));
  }, ms);
  const answered = (): void => clock.clearTimer(timer);
  try {
    return await abortable(work(ended.signal, answered), ended.signal);
  } finally {
    clock.clearTimer(timer);
    signal.removeEventListener('abort', follow);
  }
}
