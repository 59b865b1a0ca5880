import type { Writable } from 'node:stream';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { Network } from './network';

/** What checks are made with. */
export interface DoctorParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly network: Network;
  /** Never written to: a transport wants one. */
  readonly stdout: Writable;
}
