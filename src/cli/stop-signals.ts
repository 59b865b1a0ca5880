import { systemClock, type TimerHandle } from '../util/clock';
import type { Logger } from '../util/logger';
import { EXIT } from './failure';

/** Milliseconds beyond the shutdown time after which the process ends whatever is still going on. */
const GRACE_MS = 2000;

/**
 * A signal that SIGTERM and SIGINT abort. A second one, or the end of `shutdownTimeoutMs`, ends the process at
 * once.
 * @returns the signal, and a function that takes the handlers off again.
 */
export function stopOnSignals(
  shutdownTimeoutMs: number,
  logger: Logger,
): { stop: AbortSignal; done: () => void } {
  const controller = new AbortController();
  let limit: TimerHandle | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      logger.warn(
        { signal: name },
        'second signal: ending at once, what is in flight is sent again by the next start',
      );
      process.exit(EXIT.undrained);
    }
    logger.info({ signal: name, shutdownTimeoutMs }, 'stopping: what is in flight is drained first');
    limit = systemClock.setTimer(() => {
      logger.error(
        { shutdownTimeoutMs },
        'the time to stop is up; what is in flight is sent again by the next start',
      );
      process.exit(EXIT.undrained);
    }, shutdownTimeoutMs + GRACE_MS);
    controller.abort(new Error(`${name} was received`));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return {
    stop: controller.signal,
    done: () => {
      if (limit !== undefined) {
        systemClock.clearTimer(limit);
      }
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
    },
  };
}
