import { isConnectorError, messageOf } from '../errors';
import type { BaseContext } from '../io';
import type { WatchListener } from '../util/watchdog';

/** Tells the runtime, the metrics and the log what the watchdog of one instance finds. */
export class StallReporter implements WatchListener {
  readonly #context: Pick<BaseContext, 'metrics' | 'logger' | 'stalled'>;

  constructor(context: Pick<BaseContext, 'metrics' | 'logger' | 'stalled'>) {
    this.#context = context;
  }

  stalled(part: string, problem: Error): void {
    this.#context.metrics.instrument('stalls', { reason: codeOf(problem) }).record(1);
    this.#context.stalled(part, problem);
  }

  restarting(part: string, problem: Error): void {
    const { metrics, logger } = this.#context;
    const code = codeOf(problem);
    metrics.instrument('part_restarts', { reason: code }).record(1);
    logger.warn({ part, code, reason: messageOf(problem) }, 'the part is restarted, and only it');
  }

  recovered(part: string): void {
    this.#context.stalled(part, undefined);
  }
}

function codeOf(problem: Error): string {
  return isConnectorError(problem) ? problem.code : 'UNKNOWN';
}
