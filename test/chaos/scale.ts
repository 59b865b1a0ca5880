import { systemClock } from '../../src/util/clock';
import { gapFindings, gapsOf } from './handover';
import { type Finding, inLab, type Scenario, seconds, settled, takenOver } from './scenario';

const SHARDS = 100;
const LIMIT_MS = 180_000;

/** A second worker joins one that holds a hundred shards. */
export const scale: Scenario = {
  rounds: 1,
  run: ({ rounds, onRound }) =>
    inLab({ shards: SHARDS, recordsPerSecond: 400, keys: 400 }, async (lab): Promise<Finding[]> => {
      const findings: Finding[] = [];
      const first = lab.start();
      for (let round = 1; round <= rounds; round++) {
        await settled(lab);
        const since = systemClock.monotonic();
        const second = lab.start();
        const up = await second.up;
        await lab.until('the shards to be shared evenly', LIMIT_MS, () => lab.balanced());
        const shared = systemClock.monotonic();
        const moved = await takenOver(lab, lab.shardsOf(second), first, up, LIMIT_MS);
        await settled(lab);
        findings.push(
          { what: `until ${SHARDS} shards are shared evenly`, value: seconds(shared - up), unit: 's' },
          { what: 'until all that moved are read', value: seconds(moved - up), unit: 's' },
          ...gapFindings(gapsOf(lab, lab.shardsOf(second), first, since)),
          {
            what: 'more shards at one worker than at the other',
            value: Math.abs(lab.shardsOf(first).size - lab.shardsOf(second).size),
            unit: 'shards',
            atMost: 1,
          },
        );
        await second.stop();
        onRound(round);
      }
      await lab.delivered();
      findings.push({
        what: 'sent twice',
        value: lab.tally.duplicates,
        unit: 'records',
        atMost: 0,
        kcl: '12,720–18,882',
      });
      return findings;
    }),
};
