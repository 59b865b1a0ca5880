import { isConnectorError, messageOf } from '../errors';
import type { CheckId } from './catalogue';

/** `failed`: the connector would not work, or not as configured. `warning`: it works, and somebody should know. */
export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped';

/** What a check has found, in one line of words; never a secret (G9). */
export interface Finding {
  readonly verdict: Verdict;
  readonly found: string;
  /** Of the error that the connector itself would meet. */
  readonly code?: string;
  readonly expected?: string;
  /** What to do. */
  readonly hint?: string;
  /** Checks that came of it. */
  readonly next?: readonly Check[];
}

/** One question to the surroundings of a connector. */
export interface Check {
  /** Tells it from every other check of a run. */
  readonly key: string;
  readonly id: CheckId;
  /** Of a connector, or of what several share. */
  readonly group: string;
  /** What it looks at, a few words. */
  readonly title: string;
  /** Keys of checks without whose success it would only say the same again. */
  readonly needs?: readonly string[];
  /** Keys of checks that come first, whatever becomes of them. */
  readonly after?: readonly string[];
  /** What it means when it has no answer in time: `failed` when absent. */
  readonly overdue?: 'warning';
  /** Milliseconds that it waits on purpose, beside the time that it may take. */
  readonly waits?: number;
  /** @throws what makes it fail */
  run(signal: AbortSignal): Promise<Finding>;
}

export interface CheckResult extends Omit<Finding, 'next'> {
  readonly key: string;
  readonly id: CheckId;
  readonly group: string;
  readonly title: string;
  /** Milliseconds that it took. */
  readonly took: number;
}

export const ok = (found: string, next?: readonly Check[]): Finding => ({
  verdict: 'ok',
  found,
  ...(next === undefined ? {} : { next }),
});

export const skipped = (why: string): Finding => ({ verdict: 'skipped', found: why });

export const warning = (found: string, hint: string): Finding => ({ verdict: 'warning', found, hint });

export const failed = (found: string, hint: string, code?: string): Finding => ({
  verdict: 'failed',
  found,
  hint,
  ...(code === undefined ? {} : { code }),
});

/** What an error says, as a finding. */
export function findingOf(error: unknown, verdict: 'warning' | 'failed' = 'failed'): Finding {
  if (!isConnectorError(error)) {
    return { verdict, found: firstLine(messageOf(error)), hint: 'Read the message; it is none of ours.' };
  }
  const { code, message, expected, found, hint, cause } = error;
  const text = firstLine(message);
  const why = cause === undefined ? '' : firstLine(messageOf(cause));
  const said = why === '' || text.includes(why) ? text : `${text}: ${why}`;
  return {
    verdict,
    code,
    found: found === undefined ? said : `${said} (found ${found})`,
    ...(expected === undefined ? {} : { expected }),
    hint,
  };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
