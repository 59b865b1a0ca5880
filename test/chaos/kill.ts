import { FAILOVER_MS, RENEWAL_MS } from './chaos-lab';
import { type Finding, inLab, type Scenario, seconds, settled, takenOver } from './scenario';

/** Two workers share the shards; one of them is killed, and a new one joins for the next round. */
export const kill: Scenario = {
  rounds: 3,
  run: ({ rounds, onRound }) =>
    inLab({ shards: 4, recordsPerSecond: 200, keys: 64 }, async (lab): Promise<Finding[]> => {
      let longest = 0;
      let twice = 0;
      let allowed = 0;
      lab.start();
      lab.start();
      for (let round = 1; round <= rounds; round++) {
        await settled(lab);
        const [victim] = lab.running;
        if (victim === undefined) {
          throw new Error('no worker is running');
        }
        const shardIds = lab.shardsOf(victim);
        const before = lab.tally.duplicates;
        const at = victim.kill();
        longest = Math.max(longest, (await takenOver(lab, shardIds, victim, at, 3 * FAILOVER_MS)) - at);
        await lab.delivered();
        twice += lab.tally.duplicates - before;
        allowed += lab.tally.within(at - RENEWAL_MS, Number.POSITIVE_INFINITY, victim.name, shardIds).length;
        onRound(round);
        if (round < rounds) {
          lab.start();
        }
      }
      return [
        {
          what: 'until every shard of the dead worker moved again, longest',
          value: seconds(longest),
          unit: 's',
          atMost: (FAILOVER_MS + 3000) / 1000,
          kcl: '33–37 s',
        },
        {
          what: 'sent twice, at most what one renewal interval sent',
          value: twice,
          unit: 'records',
          atMost: allowed,
        },
      ];
    }),
};
