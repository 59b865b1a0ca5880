import { isConnectorError } from '../errors';
import { type Attempt, fleetLayouts, readFleet } from '../lease/fleet-layout';
import { type FleetState, signOfLife } from '../lease/fleet-state';
import type { Clock } from '../util/clock';
import { type Check, type Finding, failed, ok, warning } from './check';
import type { ExaminedTable } from './examined-table';
import type { SourceSubject } from './subject';

/** Milliseconds for which a worker's report counts as a sign of life (G12). */
const REPORT_AGE_MS = 60_000;

/** Whether a KCL 3.x fleet in 3X mode works on the table: side by side with it nothing goes well (G12). */
export function fleetCheck({ group, config }: SourceSubject, table: ExaminedTable, clock: Clock): Check {
  return {
    key: table.key('fleet-3x'),
    id: 'table.fleet-3x',
    group,
    title: 'KCL 3.x fleet',
    needs: [table.key('state')],
    run: async (signal) => {
      const unseen = new Set<string>();
      const attempt: Attempt = async (name, read) => {
        try {
          return await read();
        } catch (error) {
          if (isConnectorError(error, 'AWS_ACCESS_DENIED')) {
            unseen.add(name);
          } else if (!isConnectorError(error, 'LEASE_TABLE_NOT_FOUND')) {
            throw error;
          }
          return undefined;
        }
      };
      const layouts = fleetLayouts(config.applicationName, table.name);
      const looks = layouts.map((layout) => readFleet(table.dynamo, layout, clock, attempt, signal));
      const states = (await Promise.all(looks)).filter((state) => state !== undefined);
      return judgeFleet(states, [...unseen]);
    },
  };
}

/** @param unseen tables that may not be read */
export function judgeFleet(states: readonly FleetState[], unseen: readonly string[]): Finding {
  for (const state of states) {
    const sign = signOfLife(state, undefined, REPORT_AGE_MS);
    if (sign !== undefined) {
      return failed(
        `${state.version} in ${state.table}: ${sign}`,
        'Stop every worker of that fleet and start this source 60 s later, or use another applicationName.',
        'LEASE_TABLE_LIVE_3X_FLEET',
      );
    }
  }
  const [left] = states;
  if (left !== undefined) {
    const leader = left.leader === undefined ? 'nobody leads it' : `${left.leader.worker} was its leader`;
    return warning(
      `${left.version} in ${left.table}: no report for a minute, ${leader}`,
      'Make sure that fleet is stopped: the source watches its rows, and ends when one of them changes.',
    );
  }
  if (unseen.length > 0) {
    return warning(
      `may not be looked for in ${unseen.join(', ')}`,
      'Grant dynamodb:GetItem on it, or make sure yourself that no such fleet runs.',
    );
  }
  return ok('none in 3X mode');
}
