import type { WatchSettings } from '../config/types';
import type { Watchdog } from '../util/watchdog';

/** What watches over the work with leases, and when it acts. */
export interface LeaseWatch {
  readonly watchdog: Watchdog;
  readonly settings: Pick<WatchSettings, 'scanStallTimeout' | 'childStallTimeout' | 'renewalLateTime'>;
}
