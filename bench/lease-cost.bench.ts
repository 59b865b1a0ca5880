import { monthlyPrice } from '../test/support/dynamo-meter';
import { kclCost, measureLeaseCost } from '../test/support/lease-cost';
import type { Figure } from './result';

const SHARDS = [1, 10, 100, 1000];
const WORKERS = [1, 4, 16];
/** About three minutes of virtual time. */
const RENEWALS = 54;

/**
 * What a fleet asks of DynamoDB a minute beside what a KCL 2.x fleet does: the real lease coordinators on virtual
 * time, records flowing in every shard, failoverTime 10 s. Units are those of on-demand capacity.
 */
export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const shards of SHARDS) {
    for (const workers of WORKERS) {
      const fleet = { shards, workers };
      const { use, kclTableBytes } = await measureLeaseCost(fleet, RENEWALS);
      const kcl = kclCost(fleet, kclTableBytes);
      const name = `${shards} shards, ${workers} workers`;
      for (const [what, unit] of [
        ['writes', 'requests/min'],
        ['writeUnits', 'WRU/min'],
        ['reads', 'requests/min'],
        ['readUnits', 'RRU/min'],
      ] as const) {
        figures.push({ name: `${name}: ${what}`, value: use[what], unit, kcl: kcl[what] });
      }
      const value = monthlyPrice(use);
      figures.push({ name: `${name}: price`, value, unit: 'US$/month', kcl: monthlyPrice(kcl) });
    }
  }
  return figures;
}
