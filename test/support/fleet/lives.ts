import { sinkLife } from '../sink-fleet/sink-life';
import { fleetLife } from './fleet-life';
import type { History } from './history';

/** What one life came to. */
export interface LifeResult {
  readonly seed: number;
  /** What kind of life it was, in words. */
  readonly kind: string;
  readonly records: number;
  readonly duplicates: number;
  /** Leases taken from owners that still held them. */
  readonly steals: number;
  readonly virtualMs: number;
  /** Whether its crash point was come to, if it had one. */
  readonly met: boolean;
  readonly history: History;
}

/** Seeds that end in one of these are lives of sinks: every fifth; all are even, the odd ones sweep. */
const SINKS = [0, 4];

/** The life of that seed: the same every time, on every machine. */
export function live(seed: number): Promise<LifeResult> {
  return SINKS.includes(seed % 10) ? sinkLife(seed) : fleetLife(seed);
}
