import type { ConfigSecrets, RestartSettings } from '../config/types';
import { ConnectorError, type ErrorCode, explain, isConnectorError } from '../errors';
import type { ConnectorStatus } from '../io';
import type { MetricRegistry } from '../metrics/registry';
import { abortable, follow } from '../util/abort';
import { type Clock, sleep, type TimerHandle } from '../util/clock';
import { deferred } from '../util/deferred';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { codeOf, type HealthEntry } from './health';
import type { InstanceHooks } from './instance';
import { decideRestart, isHopeless, NO_FAILURES } from './restart-policy';
import type { RunOutcome } from './run-outcome';
import { mostTimeToStop } from './stop-time';

/**
 * Milliseconds beyond the longest stop after which an instance that is still closing is given up. More than the shards
 * that end beside it may take, which have times of their own.
 */
const GRACE_MS = 5000;

/** What a secret that was replaced elsewhere is refused as. */
const REFUSALS: readonly ErrorCode[] = ['PULSAR_AUTHENTICATION', 'AWS_CREDENTIALS', 'AWS_PROXY_REFUSED'];

/** Reason of a stop for want of anything left to do: whoever waits to be started again has missed nothing. */
export const CAUGHT_UP = new Error('the connector has caught up');

/** Runs a fresh connector from opening to closing. @throws the error that ended it, after an orderly close. */
export type Life = (hooks: InstanceHooks & { readonly stop: AbortSignal }) => Promise<RunOutcome>;

export interface KeepRunningOptions {
  readonly first: Life;
  /** Makes the connector of the next start. */
  next(): Life;
  readonly settings: RestartSettings;
  /** Read anew when one of them may have been refused. */
  readonly secrets?: Pick<ConfigSecrets, 'version' | 'refresh'>;
  readonly shutdownTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly health: HealthEntry;
  /** Shows what one life records, until the function returned is called. */
  expose?(metrics: MetricRegistry): () => void;
  /** Ends it, with draining. */
  readonly stop: AbortSignal;
}

/**
 * Runs one instance, and starts it again after a failure, until it is stopped or has caught up.
 * @throws the error of an instance that is not worth starting again.
 */
export async function keepRunning(options: KeepRunningOptions): Promise<RunOutcome> {
  const { settings, clock, random, logger, health, stop, secrets } = options;
  let life: Life | undefined = options.first;
  let failures = NO_FAILURES;
  let outcome: RunOutcome = 'drained';
  while (!stop.aborted) {
    let runningSince: number | undefined;
    const version = secrets?.version;
    const onRunning = (): void => {
      runningSince = clock.monotonic();
      health.running();
      if (failures.all > 0) {
        logger.info({ failures: failures.all }, 'the instance runs again');
      }
    };
    health.starting();
    try {
      const ended = await runOnce(life ?? options.next(), onRunning, options, life === undefined);
      health.ended();
      return ended;
    } catch (error) {
      life = undefined;
      const fields = { code: codeOf(error), error: explain(error) };
      if (stop.aborted && (!isHopeless(error) || isConnectorError(error, 'SHUTDOWN_DEADLINE'))) {
        health.failed(error);
        logger.error(
          fields,
          'failed while it was stopped; what was in flight is sent again by the next start',
        );
        return 'undrained';
      }
      const ranMs = runningSince === undefined ? 0 : clock.monotonic() - runningSince;
      if (secrets !== undefined && isConnectorError(error, ...REFUSALS)) {
        await abortable(secrets.refresh(), stop).catch(() => undefined);
      }
      const mended = isConnectorError(error, ...REFUSALS) && secrets?.version !== version;
      const decision = decideRestart(error, failures, ranMs, settings, random, mended);
      failures = decision.failures;
      if (decision.action === 'end') {
        health.failed(error);
        logger.error(
          { ...fields, failures: failures.all },
          'failed and is not started again; all is stopped',
        );
        throw error;
      }
      const waitMs = Math.round(decision.waitMs);
      health.restarting(error, clock.now() + waitMs);
      logger.warn(
        { ...fields, failures: failures.all, waitMs },
        'failed; it is started again after the wait',
      );
      // What was in flight when it failed is sent again by whoever comes next.
      outcome = runningSince === undefined ? outcome : 'undrained';
      await sleep(clock, waitMs, stop).catch(() => undefined);
    }
  }
  health.ended();
  return stop.reason === CAUGHT_UP ? 'drained' : outcome;
}

/** One life, with a signal of its own: what a connector leaves behind at its signal goes with it. */
async function runOnce(
  life: Life,
  onRunning: () => void,
  options: KeepRunningOptions,
  isRestart: boolean,
): Promise<RunOutcome> {
  const { clock, health, stop, shutdownTimeoutMs } = options;
  const own = new AbortController();
  const unfollow = follow(stop, own);
  const overdue = deferred<never>();
  let limit: TimerHandle | undefined;
  let isOver = false;
  let unexpose: (() => void) | undefined;
  const onEnding = (failure?: unknown): void => {
    health.stopping(failure);
    const failed = failure === undefined ? '' : 'failed and ';
    const error = (): Error =>
      new ConnectorError('SHUTDOWN_DEADLINE', `the connector ${failed}did not close in time`, {
        expected: `closed within ${shutdownTimeoutMs} ms`,
        found: 'still closing',
        cause: failure,
      });
    limit ??= clock.setTimer(() => overdue.reject(error()), mostTimeToStop(shutdownTimeoutMs) + GRACE_MS);
  };
  try {
    const hooks = {
      stop: own.signal,
      onRunning,
      onEnding,
      onStalled: health.stalled,
      onStatus: (read: () => ConnectorStatus) => {
        // One that was given up may still open: what is shown is of the life behind it.
        if (!isOver) {
          health.exposing(read);
        }
      },
      onMetrics: (metrics: MetricRegistry) => {
        unexpose = options.expose?.(metrics);
        metrics.instrument('instance_restarts').record(isRestart ? 1 : 0);
      },
    };
    return await Promise.race([life(hooks), overdue.promise]);
  } finally {
    isOver = true;
    unexpose?.();
    unfollow();
    if (limit !== undefined) {
      clock.clearTimer(limit);
    }
  }
}
