import { EMULATORS, type EmulatorName, type RunningKinesis } from './emulators';
import { Lab } from './lab';
import type { Scenario } from './scenario';
import { CONSUMERS } from './scenarios/consumers';
import { LISTING } from './scenarios/listing';
import { POSITIONS } from './scenarios/positions';
import { RECORDS } from './scenarios/records';
import { REFUSALS } from './scenarios/refusals';
import { RESHARDING } from './scenarios/resharding';
import { RETENTION } from './scenarios/retention';
import { SCALING } from './scenarios/scaling';
import { SUBSCRIPTIONS } from './scenarios/subscriptions';
import { WRITES } from './scenarios/writes';

const SCENARIOS = [
  ...LISTING,
  ...RECORDS,
  ...POSITIONS,
  ...RESHARDING,
  ...SCALING,
  ...RETENTION,
  ...REFUSALS,
  ...WRITES,
  ...CONSUMERS,
];

/** kinesis-local takes 10 MiB in a third of a minute, on a machine with nothing else to do. */
const LIMIT_MS = 120_000;

describe.each(Object.keys(EMULATORS) as EmulatorName[])('Kinesis as %s answers it', (name) => {
  let running: RunningKinesis;
  let lab: Lab;

  beforeAll(async () => {
    running = await EMULATORS[name]();
    lab = new Lab(running.endpoint);
  });

  afterAll(async () => {
    lab.close();
    await running.stop();
  });

  const check = (scenario: Scenario, observed: () => Promise<unknown>): void => {
    const { promise, documented, differences } = scenario;
    const difference = name === 'ours' ? undefined : differences?.[name];
    const title = difference === undefined ? promise : `${promise} — not here: ${difference.because}`;
    test(
      title,
      async () => {
        expect(await observed()).toEqual(difference === undefined ? documented : difference.answers);
      },
      LIMIT_MS,
    );
  };

  for (const scenario of SCENARIOS) {
    check(scenario, () => scenario.observe(lab));
  }

  describe('by subscriptions', () => {
    /** Side by side: some emulators take a second for every event. */
    const observed = new Map<Scenario, Promise<unknown>>();

    beforeAll(() => {
      for (const scenario of SUBSCRIPTIONS) {
        const observation = scenario.observe(lab);
        observation.catch(() => undefined);
        observed.set(scenario, observation);
      }
    });

    for (const scenario of SUBSCRIPTIONS) {
      check(scenario, async () => observed.get(scenario));
    }
  });
});
