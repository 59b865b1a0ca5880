import type { Phase } from './permission';

/** One action on some kind of resource, and why; see Permission. */
export interface Need {
  readonly action: string;
  readonly phases: readonly Phase[];
  readonly reason: string;
  /** False when absent. */
  readonly optional?: boolean;
}

/** A connector at work. */
export const RUNNING: readonly Phase[] = ['first-start', 'steady'];
/** Commands that move positions. */
export const MOVING: readonly Phase[] = ['offsets', 'migration'];
