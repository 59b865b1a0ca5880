import type { WatchSettings } from '../config/types';
import type { Clock } from '../util/clock';
import { Watchdog } from '../util/watchdog';

/** What watches over the work with leases, and when it acts. */
export interface LeaseWatch {
  readonly watchdog: Watchdog;
  readonly settings: Pick<WatchSettings, 'scanStallTimeout' | 'childStallTimeout' | 'renewalLateTime'>;
}

/** A watch that nobody keeps. */
export function unwatched(clock: Clock): LeaseWatch {
  const ignore = (): void => undefined;
  return {
    watchdog: new Watchdog(clock, { stalled: ignore, restarting: ignore, recovered: ignore }),
    settings: { scanStallTimeout: 0, childStallTimeout: 0, renewalLateTime: Number.POSITIVE_INFINITY },
  };
}
