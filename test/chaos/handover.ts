import { systemClock } from '../../src/util/clock';
import { type Gap, gapOf } from '../support/arrival-tally';
import { type ChaosLab, FAILOVER_MS } from './chaos-lab';
import type { ConnectorProcess } from './connector-process';
import { type Finding, inLab, type Scenario, seconds, settled, takenOver } from './scenario';

/** A second worker joins one that holds every shard, gets its share, and is stopped gracefully again. */
export const handover: Scenario = {
  rounds: 3,
  run: ({ rounds, onRound }) =>
    inLab({ shards: 4, recordsPerSecond: 200, keys: 64 }, async (lab): Promise<Finding[]> => {
      const gaps: Gap[] = [];
      let joined = 0;
      let left = 0;
      const first = lab.start();
      for (let round = 1; round <= rounds; round++) {
        await settled(lab);
        const since = systemClock.monotonic();
        const second = lab.start();
        const up = await second.up;
        await lab.until('the shards to be shared evenly', 6 * FAILOVER_MS, () => lab.balanced());
        const moved = await takenOver(lab, lab.shardsOf(second), first, up, FAILOVER_MS);
        joined = Math.max(joined, moved - up);
        await settled(lab);
        const shardIds = lab.shardsOf(second);
        gaps.push(...gapsOf(lab, shardIds, first, since));
        const stopped = systemClock.monotonic();
        await second.stop();
        left = Math.max(left, (await takenOver(lab, shardIds, second, stopped, 3 * FAILOVER_MS)) - stopped);
        onRound(round);
      }
      await lab.delivered();
      return [
        ...gapFindings(gaps),
        { what: 'sent twice', value: lab.tally.duplicates, unit: 'records', atMost: 0, kcl: '12,720–18,882' },
        { what: 'until the new worker has its share, longest', value: seconds(joined), unit: 's' },
        {
          what: 'until the other worker reads what a stopped one gave up, longest',
          value: seconds(left),
          unit: 's',
          kcl: '28–30 s',
        },
      ];
    }),
};

export function gapsOf(
  lab: ChaosLab,
  shardIds: ReadonlySet<string>,
  old: ConnectorProcess,
  since: number,
): Gap[] {
  const gaps = [...shardIds].map((shardId) => gapOf(lab.tally.ofShard(shardId), old.name, since));
  return gaps.filter((gap) => gap !== undefined);
}

/** The silence of a shard that moved, beyond the one it has between two answers of Kinesis anyway. */
export function gapFindings(gaps: readonly Gap[]): Finding[] {
  const beyond = gaps.map(({ ms, usualMs }) => Math.max(0, ms - usualMs));
  return [
    {
      what: 'silence of a shard that moves, beyond the usual one, longest',
      value: seconds(Math.max(0, ...beyond)),
      unit: 's',
      atMost: 1,
    },
    { what: 'shards that moved', value: gaps.length, unit: 'shards' },
  ];
}
