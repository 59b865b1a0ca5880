import { systemClock } from '../../src/util/clock';
import { Ticker } from '../../src/util/ticker';
import { Application, FAULTLESS } from '../support/interop-application';
import { InteropLab } from '../support/interop-lab';
import { FAILOVER_MS } from '../support/interop-worker';

jest.setTimeout(240_000);

const SHARDS = 4;
/** 400 records a second. */
const LOAD = { records: 40, everyMs: 100 };

/** Source: KCL, LeaseCoordinator: twice the fail-over time and its epsilon. */
const KCL_TAKE_MS = 2 * (FAILOVER_MS + 25);

let lab: InteropLab;
let app: Application;
let load: Ticker;

beforeEach(async () => {
  lab = await InteropLab.open();
  app = new Application(lab, 'side-by-side', SHARDS);
  load = new Ticker(systemClock, LOAD.everyMs, () => app.put(LOAD.records));
});

afterEach(async () => {
  load.stop();
  await app.close();
  await lab.close();
});

const shares = () => Promise.all([app.shareOf('ours'), app.shareOf('kcl')]);

const balanced = async () => {
  const [ours, kcl] = await shares();
  return ours === SHARDS / 2 && kcl === SHARDS / 2;
};

const secondsSince = (since: number) => ((systemClock.monotonic() - since) / 1000).toFixed(1);

/** Every share of ours that the table has shown, from now until it is its fair one; each once. */
async function sharesOnTheWay(): Promise<number[]> {
  const seen: number[] = [];
  await app.until('a fair share', async () => {
    const [ours] = await shares();
    if (seen.at(-1) !== ours) {
      seen.push(ours);
    }
    return ours === SHARDS / 2;
  });
  return seen;
}

test('beside KCL 2.6.0 the shards are shared evenly, after a kill the KCL takes all, and ours gets its share back one by one', async () => {
  const first = app.ours('ours');
  await app.until('ours to hold all', async () => (await shares())[0] === SHARDS);

  let since = systemClock.monotonic();
  const kcl = await app.kcl('kcl');
  await app.until('an even share', balanced);
  console.info(`the KCL joins: balanced after ${secondsSince(since)} s`);
  // Longer than either side's take interval: nobody takes anything back.
  for (const from = systemClock.monotonic(); systemClock.monotonic() - from < KCL_TAKE_MS + 1_000; ) {
    await app.delivered();
    expect(await shares()).toEqual([SHARDS / 2, SHARDS / 2]);
  }

  since = systemClock.monotonic();
  await first.stop('SIGKILL');
  await app.until('the KCL to hold all', async () => (await shares())[1] === SHARDS);
  console.info(`ours is killed: the KCL holds all after ${secondsSince(since)} s`);
  await app.delivered();

  since = systemClock.monotonic();
  const again = app.ours('ours');
  expect(await sharesOnTheWay()).toEqual([0, 1, 2]);
  console.info(`ours starts again: balanced after ${secondsSince(since)} s`);

  load.stop();
  await app.delivered();
  expect(await again.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await kcl.stop('SIGTERM');
  expect(app.faults()).toEqual(FAULTLESS);
  console.info(`${app.sent.length} records, ${app.tally.duplicates} of them twice`);
});
