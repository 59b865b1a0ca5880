import type { RestartSettings } from '../config/types';
import { isConnectorError } from '../errors';
import { fullJitter } from '../util/backoff';
import type { Random } from '../util/random';

/** Failures of one instance in a row, none of them behind a time in which it ran well. */
export interface Failures {
  readonly all: number;
  /** Those that may not heal: of an unknown kind, or tried in vain for as long as made sense. */
  readonly doubtful: number;
}

export const NO_FAILURES: Failures = { all: 0, doubtful: 0 };

export type RestartDecision =
  | { readonly action: 'restart'; readonly failures: Failures; readonly waitMs: number }
  /** Starting it again cannot help, or has not helped for too long. */
  | { readonly action: 'end'; readonly failures: Failures };

/** Whether `error` is one that only a person can mend. */
export function isHopeless(error: unknown): boolean {
  return isConnectorError(error) && (error.treatment === 'fatal' || error.treatment === 'config');
}

/**
 * What becomes of an instance that failed. Pure.
 * @param before Its failures up to now.
 * @param ranMs How long it had been running, milliseconds; 0 when it never did.
 * @param mended Whether what it failed of has been set right since.
 */
export function decideRestart(
  error: unknown,
  before: Failures,
  ranMs: number,
  settings: RestartSettings,
  random: Random,
  mended = false,
): RestartDecision {
  const { all, doubtful } = ranMs >= settings.resetAfterMs ? NO_FAILURES : before;
  const heals = mended || (isConnectorError(error) && error.treatment === 'retry');
  const failures = { all: all + 1, doubtful: doubtful + (heals ? 0 : 1) };
  if ((!mended && isHopeless(error)) || failures.doubtful >= settings.maxFailures) {
    return { action: 'end', failures };
  }
  const bounds = { initialMs: settings.initialDelayMs, maxMs: settings.maxDelayMs };
  return { action: 'restart', failures, waitMs: fullJitter(all, bounds, random) };
}
