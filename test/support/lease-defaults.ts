import type { AuditSettings, LeaseTableSettings } from '../../src/config/types';
import type { LeaseWatch } from '../../src/lease/lease-watch';
import type { Clock } from '../../src/util/clock';
import { Watchdog } from '../../src/util/watchdog';

/** As a source that says nothing of its lease table has it. */
export const DEFAULT_TABLE: LeaseTableSettings = {
  create: true,
  billing: { mode: 'PAY_PER_REQUEST' },
  tags: {},
  pointInTimeRecovery: false,
  deletionProtection: false,
};

/** What else a source says of its leases when its configuration does not. */
export const LEASE_DEFAULTS: {
  readonly leaseTable: LeaseTableSettings;
  readonly audit: AuditSettings;
  readonly handoffTimeout: number;
  readonly maxConcurrentHandovers: number;
} = {
  leaseTable: DEFAULT_TABLE,
  audit: { interval: 120_000, threshold: 3 },
  handoffTimeout: 30_000,
  maxConcurrentHandovers: 10,
};

/** A watch that nobody keeps. */
export function unwatched(clock: Clock): LeaseWatch {
  const ignore = (): void => undefined;
  return {
    watchdog: new Watchdog(clock, { stalled: ignore, restarting: ignore, recovered: ignore }),
    settings: { scanStallTimeout: 0, childStallTimeout: 0, renewalLateTime: Number.POSITIVE_INFINITY },
  };
}
