import { ConnectorError, isConnectorError } from '../errors';
import { throwIfAborted } from '../util/abort';
import { type Clock, sleep } from '../util/clock';
import { withDeadline } from '../util/deadline';
import { Gate } from '../util/gate';
import { type Check, type CheckResult, type Finding, findingOf, skipped } from './check';
import { nextSteps } from './schedule';

/** Milliseconds before each further attempt at what was throttled: a file with many connectors asks for much at once. */
const THROTTLED_WAITS: readonly number[] = [500, 1000, 2000];

export interface RunnerOptions {
  readonly clock: Clock;
  /** Milliseconds that one check may take. */
  readonly timeout: number;
  /** Checks under way at a time. */
  readonly atOnce: number;
  readonly signal: AbortSignal;
  /** Told of each result, and how many checks are known so far. */
  onResult?(result: CheckResult, known: number): void;
}

/**
 * Makes every check, and those that come of it: side by side where none needs the other.
 * @returns in the order in which the checks were given, those that came of one behind it
 * @throws the signal's reason
 */
export async function runChecks(given: readonly Check[], options: RunnerOptions): Promise<CheckResult[]> {
  const run = new Run(given, options);
  await run.go();
  return run.results();
}

class Run {
  #checks: readonly Check[];
  readonly #options: RunnerOptions;
  readonly #gate: Gate;
  readonly #progress = new Map<string, 'under way' | 'passed' | 'lost'>();
  readonly #results = new Map<string, CheckResult>();

  constructor(checks: readonly Check[], options: RunnerOptions) {
    this.#checks = checks;
    this.#options = options;
    this.#gate = new Gate(options.atOnce);
  }

  async go(): Promise<void> {
    throwIfAborted(this.#options.signal);
    const { start, skip } = nextSteps(this.#checks, this.#progress);
    for (const [check, because] of skip) {
      this.#progress.set(check.key, 'lost');
      this.#done(check, skipped(`because of "${because.title}"`), 0);
    }
    for (const { key } of start) {
      this.#progress.set(key, 'under way');
    }
    await Promise.all(start.map((check) => this.#gate.run(() => this.#run(check)).then(() => this.go())));
    if (skip.length > 0) {
      await this.go();
    }
  }

  results(): CheckResult[] {
    return this.#checks.flatMap(({ key }) => this.#results.get(key) ?? []);
  }

  async #run(check: Check): Promise<void> {
    const { clock, timeout, signal } = this.#options;
    const { waits = 0 } = check;
    const begun = clock.monotonic();
    let finding: Finding;
    try {
      finding = await withDeadline(
        clock,
        timeout + waits,
        signal,
        () => overdue(check, timeout),
        (limit) => this.#attempts(check, limit),
      );
    } catch (error) {
      throwIfAborted(signal);
      finding = findingOf(error, isConnectorError(error, 'DOCTOR_TIMEOUT') ? check.overdue : 'failed');
    }
    const { next = [], ...found } = finding;
    const at = this.#checks.indexOf(check) + 1;
    this.#checks = [...this.#checks.slice(0, at), ...next, ...this.#checks.slice(at)];
    this.#progress.set(check.key, found.verdict === 'failed' ? 'lost' : 'passed');
    this.#done(check, found, clock.monotonic() - begun);
  }

  /** That the service asks for patience says nothing of the connector. */
  async #attempts(check: Check, limit: AbortSignal): Promise<Finding> {
    for (const wait of THROTTLED_WAITS) {
      try {
        return await check.run(limit);
      } catch (error) {
        if (!isConnectorError(error, 'AWS_THROTTLED')) {
          throw error;
        }
        await sleep(this.#options.clock, wait, limit);
      }
    }
    return check.run(limit);
  }

  #done({ key, id, group, title }: Check, finding: Finding, took: number): void {
    const result = { key, id, group, title, took: Math.round(took), ...finding };
    this.#results.set(key, result);
    this.#options.onResult?.(result, this.#checks.length);
  }
}

function overdue({ title }: Check, timeout: number): Error {
  return new ConnectorError('DOCTOR_TIMEOUT', `"${title}" has no answer within ${timeout} ms`);
}
