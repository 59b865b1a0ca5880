import type { EmulatorName } from './emulators';
import type { Lab } from './lab';

/** What an emulator that is not ours is known to answer instead. */
export interface Difference {
  readonly answers: unknown;
  /** What it does, in words. */
  readonly because: string;
}

export type Differences = { readonly [name in Exclude<EmulatorName, 'ours'>]?: Difference };

/** One promise of the Kinesis API, as something that can be asked of any emulator. */
export interface Scenario {
  readonly promise: string;
  /** Where AWS says so. */
  readonly source: string;
  readonly observe: (lab: Lab) => Promise<unknown>;
  /** What AWS's documentation supports. */
  readonly documented: unknown;
  readonly differences?: Differences;
}
