import { ERRORS, type ErrorCode } from '../errors';
import type { CheckResult, Verdict } from './check';

export interface ResultGroup {
  readonly name: string;
  readonly results: readonly CheckResult[];
}

/** What doctor has to say of one configuration. */
export interface DoctorReport {
  readonly file: string;
  /** Whether nothing failed; warnings count where they are meant to. */
  readonly ok: boolean;
  /** Whether it is the configuration that failed. */
  readonly configFailed: boolean;
  readonly counts: { readonly [verdict in Verdict]: number };
  readonly groups: readonly ResultGroup[];
}

/** @param strict whether a warning is as bad as a failure */
export function reportOf(file: string, results: readonly CheckResult[], strict: boolean): DoctorReport {
  const count = (verdict: Verdict): number => results.filter((one) => one.verdict === verdict).length;
  const groups = new Map<string, CheckResult[]>();
  for (const result of results) {
    groups.set(result.group, [...(groups.get(result.group) ?? []), result]);
  }
  return {
    file,
    ok: count('failed') === 0 && !(strict && count('warning') > 0),
    configFailed: results.some(
      ({ id, verdict, code }) => id === 'config.file' && verdict === 'failed' && isOfConfig(code),
    ),
    counts: {
      ok: count('ok'),
      warning: count('warning'),
      failed: count('failed'),
      skipped: count('skipped'),
    },
    groups: Array.from(groups, ([name, members]) => ({ name, results: members })),
  };
}

/** What keeps a configuration from being read, a secret that does not arrive for example, is none of its mistakes. */
function isOfConfig(code: string | undefined): boolean {
  return code === undefined || !(code in ERRORS) || ERRORS[code as ErrorCode].treatment === 'config';
}
