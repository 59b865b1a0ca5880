import type { Random } from '../util/random';

/** Milliseconds between two scans of a small table, and those that each row adds beyond the first 200. */
const SHORTEST_MS = 1000;
const MS_PER_ROW = 5;
/** Part of the interval by which it varies, so that workers which began together do not scan in step. */
const JITTER = 0.2;

/**
 * Milliseconds until the next scan: 1 s up to 200 rows, then in proportion to the table, at most 2 × failoverTime
 * (source: KCL `LeaseCoordinator`, takerIntervalMillis); never longer than that, up to a fifth less. Two intervals
 * at most pass between the death of a worker and the takes, beside failoverTime.
 * @param failoverTime milliseconds
 */
export function takeInterval(rows: number, failoverTime: number, random: Pick<Random, 'next'>): number {
  const longest = Math.max(SHORTEST_MS, 2 * failoverTime);
  const interval = Math.min(longest, Math.max(SHORTEST_MS, rows * MS_PER_ROW));
  return interval * (1 - JITTER * random.next());
}
