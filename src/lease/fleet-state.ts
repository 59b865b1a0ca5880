/**
 * What a KCL 3.x fleet that assigns leases by its leader (3X mode) shows of itself at one moment.
 * Source: KCL 3.x `MigrationClientVersionState`, `DynamoDBLockBasedLeaderDecider`, `WorkerMetricStats`.
 */
export interface FleetState {
  /** Where it was found, for people. */
  readonly table: string;
  /** For example CLIENT_VERSION_3X. */
  readonly version: string;
  /** Its record changes with every heartbeat; absent when there is no leader, or it has released. */
  readonly leader: { readonly worker: string; readonly recordVersion: string } | undefined;
  /** Seconds since the epoch of each worker's last report, by the worker's own clock. */
  readonly reports: ReadonlyMap<string, number>;
  /** When that was read, milliseconds since the epoch. */
  readonly at: number;
}

/** Client versions with which a leader assigns every lease, and a worker that reports nothing gets none. */
const MODES_3X = ['CLIENT_VERSION_3X', 'CLIENT_VERSION_3X_WITH_ROLLBACK'];

export function isMode3x(version: string | undefined): version is string {
  return version !== undefined && MODES_3X.includes(version);
}

/**
 * What shows that a worker of the fleet runs; undefined when everything may have been left by workers that stopped.
 * @param before an earlier look at the same place, in 3X mode as well
 * @param reportAge milliseconds for which a report counts by itself
 */
export function signOfLife(
  now: FleetState,
  before: FleetState | undefined,
  reportAge: number,
): string | undefined {
  for (const [worker, reportedAt] of now.reports) {
    const age = now.at - reportedAt * 1000;
    // A report from the future says that its clock, or ours, is wrong: then only a change of it counts.
    if (Math.abs(age) < reportAge) {
      return `worker ${worker} reported ${Math.max(0, Math.round(age / 1000))} s ago`;
    }
    const earlier = before?.reports.get(worker);
    if (earlier !== undefined && earlier !== reportedAt) {
      return `worker ${worker} reported while it was watched`;
    }
  }
  const { leader } = now;
  if (leader !== undefined && before !== undefined && before.leader?.recordVersion !== leader.recordVersion) {
    return `leader ${leader.worker} renewed its record while it was watched`;
  }
  return undefined;
}
