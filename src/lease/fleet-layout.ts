import type { DynamoApi, Item } from '../aws/dynamo-api';
import type { Clock } from '../util/clock';
import { type FleetState, isMode3x } from './fleet-state';
import { scanPages } from './table-pages';

/** Where a KCL 3.x fleet keeps what its workers share. */
export interface FleetLayout {
  /** Table of the rows `Migration3.0` and `Leader`. */
  readonly stateTable: string;
  readonly stateKey: string;
  /** Table of a row for each worker. */
  readonly reportTable: string;
  readonly reportKey: string;
  /** Tells rows of workers from others in the same table. */
  readonly entityType?: string;
}

/**
 * Three tables (3.0 to 3.4, and later when they are there already), or the lease table for everything (3.5 and later).
 * Source: KCL 3.x `CoordinatorStateTableConfig`, `WorkerMetricsTableConfig`, `CoordinatorState`, `WorkerMetricStats`.
 */
export function fleetLayouts(applicationName: string, leaseTable: string): readonly FleetLayout[] {
  return [
    {
      stateTable: `${applicationName}-CoordinatorState`,
      stateKey: 'key',
      reportTable: `${applicationName}-WorkerMetricStats`,
      reportKey: 'wid',
    },
    {
      stateTable: leaseTable,
      stateKey: 'leaseKey',
      reportTable: leaseTable,
      reportKey: 'leaseKey',
      entityType: 'WORKER_METRIC_STATS',
    },
  ];
}

/** A read that may be in vain: undefined when the table is not there, or may not be read. */
export type Attempt = <T>(table: string, read: () => Promise<T>) => Promise<T | undefined>;

/** Undefined, after the read of one row, unless a fleet in 3X mode was there at some time. */
export async function readFleet(
  dynamo: DynamoApi,
  layout: FleetLayout,
  clock: Clock,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<FleetState | undefined> {
  const { stateTable, stateKey, reportTable } = layout;
  const row = (name: string): Promise<Item | undefined> => {
    const input = { TableName: stateTable, Key: { [stateKey]: { S: name } }, ConsistentRead: true };
    return attempt(stateTable, () => dynamo.getItem(input, { signal }));
  };
  const version = (await row('Migration3.0'))?.cv?.S;
  if (!isMode3x(version)) {
    return undefined;
  }
  const leader = await row('Leader');
  const recordVersion = leader?.isReleased === undefined ? leader?.recordVersionNumber?.S : undefined;
  const found = await attempt(reportTable, () => readReports(dynamo, layout, signal));
  return {
    table: stateTable,
    version,
    leader:
      recordVersion === undefined ? undefined : { worker: leader?.ownerName?.S ?? 'unknown', recordVersion },
    reports: found?.reports ?? new Map(),
    // Workers stamp their reports by their own clocks, which are kept in step with the service's, or it would refuse
    // their signatures. Ours may be minutes off and still be accepted.
    at: found?.serviceTime ?? clock.now(),
  };
}

async function readReports(
  dynamo: DynamoApi,
  { reportTable, reportKey, entityType }: FleetLayout,
  signal: AbortSignal,
): Promise<{ readonly reports: ReadonlyMap<string, number>; readonly serviceTime: number | undefined }> {
  const reports = new Map<string, number>();
  let serviceTime: number | undefined;
  const input = {
    TableName: reportTable,
    ...(entityType !== undefined && {
      FilterExpression: 'entityType = :type',
      ExpressionAttributeValues: { ':type': { S: entityType } },
    }),
  };
  await scanPages(dynamo, input, signal, (page) => {
    for (const item of page.items) {
      const worker = item[reportKey]?.S;
      const reportedAt = Number(item.lut?.N);
      if (worker !== undefined && Number.isFinite(reportedAt)) {
        reports.set(worker, reportedAt);
      }
    }
    serviceTime ??= page.serviceTime;
  });
  return { reports, serviceTime };
}
