import { isConnectorError } from '../errors';
import type { BaseContext, Instrument } from '../io';
import { Ticker } from '../util/ticker';
import { codeOf } from './health';

/** Milliseconds between two records of the gauge: what is not recorded is not published. */
const GAUGE_MS = 1000;

export interface StalledPartsOptions extends Pick<BaseContext, 'clock' | 'logger' | 'metrics'> {
  /** A part begins to stand still, does so for another reason, or progresses again. */
  onChange?(part: string, problem: Error | undefined): void;
}

/** The parts of one instance that stand still (G11): a log line when that begins and when it ends, and a gauge. */
export class StalledParts {
  readonly #options: StalledPartsOptions;
  readonly #codes = new Map<string, string>();
  readonly #gauges = new Map<string, Instrument>();
  #ticker: Ticker | undefined;
  #closed = false;

  constructor(options: StalledPartsOptions) {
    this.#options = options;
  }

  /** See BaseContext.stalled. */
  readonly report = (part: string, problem: Error | undefined): void => {
    const { logger, clock, onChange } = this.#options;
    const code = problem === undefined ? undefined : codeOf(problem);
    if (this.#closed || code === this.#codes.get(part)) {
      return;
    }
    if (problem === undefined || code === undefined) {
      this.#codes.delete(part);
      logger.info({ part }, 'the part does not stand still any more');
    } else {
      this.#codes.set(part, code);
      const hint = isConnectorError(problem) ? { hint: problem.hint } : {};
      logger.warn(
        { part, code, reason: problem.message, ...hint },
        'a part that should make progress does not; the instance is not ready until it does',
      );
      this.#ticker ??= new Ticker(clock, GAUGE_MS, () => this.#record());
    }
    onChange?.(part, problem);
    if (this.#codes.size === 0) {
      this.#stopTicking();
    } else {
      this.#record();
    }
  };

  /** What a connector still reports behind its end is ignored. */
  close(): void {
    this.#closed = true;
    this.#stopTicking();
  }

  /** Records the levels a last time. */
  #stopTicking(): void {
    this.#ticker?.stop();
    this.#ticker = undefined;
  }

  #record(): void {
    const counts = new Map<string, number>();
    for (const code of this.#codes.values()) {
      counts.set(code, (counts.get(code) ?? 0) + 1);
    }
    for (const code of new Set([...counts.keys(), ...this.#gauges.keys()])) {
      let gauge = this.#gauges.get(code);
      if (gauge === undefined) {
        gauge = this.#options.metrics.instrument('stalled_parts', { reason: code });
        this.#gauges.set(code, gauge);
      }
      gauge.record(counts.get(code) ?? 0);
    }
  }
}
