import type { Check } from './check';

/** What may be done next. */
export interface NextSteps {
  readonly start: readonly Check[];
  /** With the check that is to blame. */
  readonly skip: readonly (readonly [check: Check, because: Check])[];
}

/**
 * How far each check has come, by its key; one that has not begun is not there. `lost`: it failed, or was not made because
 * one that it needs was lost.
 */
export type Progress = ReadonlyMap<string, 'under way' | 'passed' | 'lost'>;

/**
 * Which of `checks` can start, and which have lost their sense. Those without anything to wait for start together.
 * @throws Error when the needs go round in a circle, or name a check that is not there
 */
export function nextSteps(checks: readonly Check[], progress: Progress): NextSteps {
  const byKey = new Map(checks.map((check) => [check.key, check]));
  const found = (check: Check, key: string): Check => {
    const needed = byKey.get(key);
    if (needed === undefined) {
      throw new Error(`${check.key} waits for ${key}, which is not there`);
    }
    return needed;
  };
  const isOver = ({ key }: Check): boolean => (progress.get(key) ?? 'under way') !== 'under way';
  const start: Check[] = [];
  const skip: (readonly [Check, Check])[] = [];
  for (const check of checks.filter(({ key }) => !progress.has(key))) {
    const needed = (check.needs ?? []).map((key) => found(check, key));
    const first = (check.after ?? []).map((key) => found(check, key));
    const lost = needed.find(({ key }) => progress.get(key) === 'lost');
    if (lost !== undefined) {
      skip.push([check, lost]);
    } else if ([...needed, ...first].every(isOver)) {
      start.push(check);
    }
  }
  const waiting = checks.some(({ key }) => !progress.has(key));
  if (waiting && start.length + skip.length === 0 && ![...progress.values()].includes('under way')) {
    throw new Error('checks wait for each other');
  }
  return { start, skip };
}
