import { systemClock, type TimerHandle } from '../util/clock';
import type { Logger } from '../util/logger';
import { handleSignals } from './early-signals';
import { EXIT } from './failure';

/** Milliseconds beyond the shutdown time after which the process ends whatever is still going on. */
const GRACE_MS = 2000;

export interface StopSignals {
  /** Aborted by the first signal. */
  readonly stop: AbortSignal;
  /** From here on, or at once when a signal has come, a stop is logged and may take `shutdownTimeoutMs`. */
  limit(shutdownTimeoutMs: number, logger: Logger): void;
  /** Takes the handlers off again. */
  done(): void;
}

/** A signal that SIGTERM and SIGINT abort. A second one, or the end of the shutdown time, ends the process at once. */
export function catchStopSignals(): StopSignals {
  const controller = new AbortController();
  let first: NodeJS.Signals | undefined;
  let bounds: { readonly shutdownTimeoutMs: number; readonly logger: Logger } | undefined;
  let timer: TimerHandle | undefined;
  const begin = (): void => {
    if (first === undefined || bounds === undefined) {
      return;
    }
    const { shutdownTimeoutMs, logger } = bounds;
    logger.info({ signal: first, shutdownTimeoutMs }, 'stopping: what is in flight is drained first');
    timer = systemClock.setTimer(() => {
      logger.error(
        { shutdownTimeoutMs },
        'the time to stop is up; what is in flight is sent again by the next start',
      );
      process.exit(EXIT.undrained);
    }, shutdownTimeoutMs + GRACE_MS);
  };
  const putBack = handleSignals((name) => {
    if (first !== undefined) {
      bounds?.logger.warn(
        { signal: name },
        'second signal: ending at once, what is in flight is sent again by the next start',
      );
      process.exit(EXIT.undrained);
    }
    first = name;
    begin();
    controller.abort(new Error(`${name} was received`));
  });
  return {
    stop: controller.signal,
    limit: (shutdownTimeoutMs, logger) => {
      bounds = { shutdownTimeoutMs, logger };
      begin();
    },
    done: () => {
      if (timer !== undefined) {
        systemClock.clearTimer(timer);
      }
      putBack();
    },
  };
}

/** The same for a command that knows its bounds when it begins. */
export function stopOnSignals(shutdownTimeoutMs: number, logger: Logger): StopSignals {
  const signals = catchStopSignals();
  signals.limit(shutdownTimeoutMs, logger);
  return signals;
}
