import { type Random, randomInt, seededRandom } from '../../../src/util/random';
import { type CrashPoint, crashPoint } from './crash-points';

export const STARTS = ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP'] as const;

/**
 * What may go wrong beside what happens in every life (joins, leaves, rolling restarts, reshards):
 * - `calm`: nothing.
 * - `faults`: answers of the lease table and of Kinesis are lost, late or slow, sends fail.
 * - `deaths`: also processes die, stand still or are cut off, and clocks jump.
 * - `steps`: nothing but one crash point.
 */
export type Trouble = 'calm' | 'faults' | 'deaths' | 'steps';

const TROUBLES: readonly Trouble[] = [
  'calm',
  'steps',
  'deaths',
  'steps',
  'faults',
  'steps',
  'deaths',
  'steps',
];

/** Everything about a life that is settled before it begins. */
export interface FleetPlan {
  readonly seed: number;
  readonly random: Random;
  readonly trouble: Trouble;
  readonly point: CrashPoint | undefined;
  readonly start: (typeof STARTS)[number];
  readonly shards: number;
  readonly workers: number;
  /** Milliseconds in which things happen. */
  readonly length: number;
  /** Milliseconds that Kinesis keeps records; undefined: all. */
  readonly retention: number | undefined;
  /** Whether the table begins with the row of a child whose parent has none. */
  readonly orphan: boolean;
  /** Whether the end waits until finished rows are cleaned up. */
  readonly cleaned: boolean;
  readonly failoverTime: number;
  readonly handoffTimeout: number;
  readonly checkpointInterval: number;
  readonly latencyMs: number;
  /** Milliseconds that a send takes at most. */
  readonly sendMs: number;
  readonly maxRecordsPerRead: number;
  readonly receiveQueueSize: number;
  readonly receiveQueueBytes: number;
}

/** @param given instead of what the seed decides. */
export function fleetPlan(
  seed: number,
  given: { readonly trouble?: Trouble | undefined; readonly point?: CrashPoint | undefined } = {},
): FleetPlan {
  const trouble = given.trouble ?? TROUBLES[seed % TROUBLES.length] ?? 'calm';
  const random = seededRandom(seed);
  const some = (from: number, to: number): number => from + randomInt(random, to - from + 1);
  const failoverTime = some(2000, 4000);
  const start = STARTS[some(0, 2)] ?? 'LATEST';
  return {
    seed,
    random,
    trouble,
    // Every second seed sweeps: successive ones take successive points.
    point: trouble === 'steps' ? (given.point ?? crashPoint(seed >> 1)) : undefined,
    start,
    orphan: start === 'TRIM_HORIZON' && random.next() < 0.2,
    shards: some(1, 4),
    workers: some(1, 3),
    length: some(5000, 12_000),
    retention: trouble === 'deaths' && random.next() < 0.2 ? some(4000, 20_000) : undefined,
    cleaned: random.next() < 0.04,
    failoverTime,
    handoffTimeout: some(1000, 4000),
    checkpointInterval: some(500, 2500),
    latencyMs: some(2, 40),
    sendMs: random.next() < 0.6 ? some(1, 40) : some(100, 900),
    maxRecordsPerRead: some(3, 25),
    receiveQueueSize: some(5, 60),
    receiveQueueBytes: some(600, 20_000),
  };
}
