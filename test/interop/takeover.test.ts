import { compareSequenceNumbers } from '../../src/stream/extended-sequence-number';
import { systemClock } from '../../src/util/clock';
import { Application, FAULTLESS } from '../support/interop-application';
import { InteropLab } from '../support/interop-lab';

jest.setTimeout(180_000);

const SHARDS = 4;
const RECORDS = 6_000;

let lab: InteropLab;
let app: Application;

async function open(name: string, dynamodb: 'ours' | 'dynalite'): Promise<void> {
  lab = await InteropLab.open(dynamodb);
  app = new Application(lab, name, SHARDS);
  app.put(RECORDS);
}

afterEach(async () => {
  await app.close();
  await lab.close();
});

/** Seconds from `since` to the first record that `worker` sent. */
function firstRecordAfter(since: number, worker: string): number {
  const first = app.tally.arrivals.find((arrival) => arrival.worker === worker);
  return ((first?.at ?? Number.NaN) - since) / 1000;
}

const numbersOf = (worker: string) =>
  app.tally.arrivals.filter((arrival) => arrival.worker === worker).map(({ number }) => number);

test('KCL 2.6.0 stops half way: ours takes its table over in place and repeats only what it had not checkpointed', async () => {
  await open('kcl-to-ours', 'ours');
  const kcl = await app.kcl('kcl', { 'checkpoint-records': 170, 'leave-unsaved': 'true' });
  await app.arrived(RECORDS / 2);
  await kcl.stop('SIGTERM');
  expect(app.events.at(-1)).toMatchObject({ event: 'stopped' });
  expect(app.tally.missingCount).toBeGreaterThan(0);
  const leases = await app.leases();
  expect(leases.map(({ owner }) => owner)).toEqual(Array(SHARDS).fill('kcl'));
  const checkpoints = new Map(leases.map(({ shardId, checkpoint }) => [shardId, checkpoint.sequenceNumber]));
  const unsaved = numbersOf('kcl').filter((number) => {
    const { shardId, sequenceNumber } = app.sent[number] ?? { shardId: '', sequenceNumber: '' };
    return compareSequenceNumbers(sequenceNumber, checkpoints.get(shardId) ?? '') > 0;
  });
  expect(unsaved.length).toBeGreaterThan(0);

  const startedAt = systemClock.monotonic();
  const ours = app.ours('ours');
  await app.delivered();
  expect(await ours.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(app.faults()).toEqual(FAULTLESS);
  const seen = new Set(numbersOf('kcl'));
  const repeated = numbersOf('ours').filter((number) => seen.has(number));
  expect(repeated.sort((a, b) => a - b)).toEqual(unsaved.sort((a, b) => a - b));
  const seconds = firstRecordAfter(startedAt, 'ours').toFixed(1);
  console.info(`KCL to ours: ${repeated.length} repeated, first record ${seconds} s after the start`);
});

test.each([
  ['the embedded DynamoDB', 'ours'],
  ['a DynamoDB that is not ours', 'dynalite'],
] as const)(
  'on %s ours stops half way: KCL 2.6.0 goes on within seconds, nothing is lost and nothing comes twice',
  async (_title, dynamodb) => {
    await open('ours-to-kcl', dynamodb);
    const ours = app.ours('ours');
    await app.arrived(RECORDS / 2);
    expect(await ours.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(app.tally.missingCount).toBeGreaterThan(0);
    expect((await app.leases()).map(({ owner }) => owner)).toEqual(Array(SHARDS).fill(undefined));

    const startedAt = systemClock.monotonic();
    // A lease with an owner would have to stand still for that long before the KCL takes it.
    const kcl = await app.kcl('kcl', { failover: 60_000 });
    await app.delivered();
    await kcl.stop('SIGTERM');
    expect(app.faults()).toEqual(FAULTLESS);
    expect(app.tally.duplicates).toBe(0);
    const seconds = firstRecordAfter(startedAt, 'kcl');
    expect(seconds).toBeLessThan(30);
    console.info(
      `ours to KCL (${dynamodb}): first record ${seconds.toFixed(1)} s after the start of its JVM`,
    );
  },
);
