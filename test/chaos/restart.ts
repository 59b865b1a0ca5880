import { type Finding, flowing, inLab, type Scenario, seconds, settled } from './scenario';

/** The only worker is stopped gracefully, and started again as soon as it has ended. */
export const restart: Scenario = {
  rounds: 5,
  run: ({ rounds, onRound }) =>
    inLab({ shards: 4, recordsPerSecond: 200, keys: 64 }, async (lab): Promise<Finding[]> => {
      let afterUp = 0;
      let afterStart = 0;
      let silence = 0;
      let worker = lab.start();
      for (let round = 1; round <= rounds; round++) {
        await settled(lab);
        await worker.stop();
        const last = lab.tally.arrivals.at(-1)?.at ?? 0;
        worker = lab.start();
        const up = await worker.up;
        const flows = await flowing(lab, up);
        afterUp = Math.max(afterUp, flows - up);
        afterStart = Math.max(afterStart, flows - worker.startedAt);
        silence = Math.max(silence, flows - last);
        onRound(round);
      }
      await lab.delivered();
      return [
        {
          what: 'until every shard moved after the new process was up, longest',
          value: seconds(afterUp),
          unit: 's',
          atMost: 2,
          kcl: '28–30 s',
        },
        { what: 'from the start of that process, longest', value: seconds(afterStart), unit: 's' },
        { what: 'from the last record of the old process, longest', value: seconds(silence), unit: 's' },
        { what: 'sent twice', value: lab.tally.duplicates, unit: 'records', atMost: 0 },
      ];
    }),
};
