import { type Random, randomInt, seededRandom } from '../../../src/util/random';
import { STEP_FATES, type StepFate } from './process-gate';
import { randomSettings, type SinkSettings } from './sink-settings';

/**
 * What may go wrong beside what happens in every life (joins, leaves, rolling restarts, reshards):
 * - `calm`: nothing.
 * - `refusals`: Kinesis refuses entries and requests, and whatever fails has had no effect.
 * - `faults`: also answers are lost or late, connections are cut, acknowledgements do not arrive.
 * - `deaths`: also processes die or stand still.
 * - `steps`: nothing but one crash point.
 */
export type SinkTrouble = (typeof TROUBLES)[number];

const TROUBLES = ['calm', 'steps', 'faults', 'deaths', 'steps', 'refusals', 'deaths', 'steps'] as const;

/** Steps among which the crash point is chosen; a life without troubles has about as many. */
const STEPS = 600;

/** The n-th step of all processes together, and what happens there. */
export interface CrashStep {
  readonly nth: number;
  readonly fate: StepFate;
}

/** Everything about a life that is settled before it begins. */
export interface SinkPlan {
  readonly random: Random;
  readonly trouble: SinkTrouble;
  readonly crash: CrashStep | undefined;
  readonly instances: number;
  readonly shards: number;
  /** Milliseconds in which things happen. */
  readonly length: number;
  readonly latencyMs: number;
  readonly settings: SinkSettings;
}

export function sinkPlan(seed: number, wanted?: SinkTrouble): SinkPlan {
  const random = seededRandom(seed);
  const drawn = TROUBLES[randomInt(random, TROUBLES.length)] ?? 'calm';
  const trouble = wanted ?? drawn;
  const fate = STEP_FATES[randomInt(random, STEP_FATES.length)] as StepFate;
  return {
    random,
    trouble,
    crash: trouble === 'steps' ? { nth: randomInt(random, STEPS), fate } : undefined,
    instances: 2 + randomInt(random, 3),
    shards: 1 + randomInt(random, 4),
    // Some are long enough to see what comes only every few seconds.
    length: 2000 + randomInt(random, 5000) + (random.next() < 0.2 ? 8000 : 0),
    latencyMs: 2 + randomInt(random, 30),
    settings: randomSettings(random, trouble === 'calm' || trouble === 'steps'),
  };
}
