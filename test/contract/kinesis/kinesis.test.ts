import { EMULATORS, type EmulatorName, type RunningKinesis } from './emulators';
import { Lab } from './lab';
import { LISTING } from './scenarios/listing';
import { POSITIONS } from './scenarios/positions';
import { RECORDS } from './scenarios/records';
import { REFUSALS } from './scenarios/refusals';
import { RESHARDING } from './scenarios/resharding';
import { RETENTION } from './scenarios/retention';
import { SCALING } from './scenarios/scaling';
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
];

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

  for (const { promise, observe, documented, differences } of SCENARIOS) {
    const difference = name === 'ours' ? undefined : differences?.[name];
    const title = difference === undefined ? promise : `${promise} — not here: ${difference.because}`;
    test(title, async () => {
      expect(await observe(lab)).toEqual(difference === undefined ? documented : difference.answers);
    });
  }
});
