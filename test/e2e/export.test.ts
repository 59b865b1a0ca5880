import { type Emulator, startEmulator } from '../../src/emulator';
import { sleep, systemClock } from '../../src/util/clock';
import { seededRandom } from '../../src/util/random';
import { faultless } from '../support/delivery-check';
import { type Export, ExportLab, type ExportOptions } from '../support/export-lab';
import { flightNumber, flights } from '../support/flights';
import type { PutEntry } from '../support/kinesis-fill';
import { type PulsarBroker, startPulsarBroker } from '../support/pulsar-broker';

jest.setTimeout(300_000);

/** Rows of the runs with faults: what is to be seen there does not need all of them. */
const SOME = 40_000;
const OUTAGE_MS = 90_000;
/** What the sink may hold without having it acknowledged: its buffer, and the rest of a batch of the producer. */
const MAX_PENDING = 10_000;
const BATCH = 1000;

const ORDERED = { sink: { retainOrdering: true }, configs: { retainOrdering: true, lingerMs: 20 } };

let broker: PulsarBroker;
let emulator: Emulator;
let lab: ExportLab;
let rows: PutEntry[];
let flow: Export | undefined;

beforeAll(async () => {
  rows = flights();
  [broker, emulator] = await Promise.all([startPulsarBroker(), startEmulator()]);
  lab = new ExportLab(broker, emulator.kinesisEndpoint);
});

afterEach(async () => {
  emulator.faults.clear();
  await flow?.close();
  flow = undefined;
});

afterAll(async () => {
  lab.close();
  await Promise.all([emulator.close(), broker.dispose()]);
});

async function open(options: Partial<ExportOptions> & { readonly name: string }): Promise<Export> {
  flow = await lab.scenario({ records: rows, indexOf: flightNumber, ...options });
  return flow;
}

test('all 231,083 flights are exported once, in the order of their key, byte for byte', async () => {
  const run = await open({ name: 'export', ...ORDERED });
  const connector = run.startConnector();
  await run.arrived(rows.length);
  expect(await connector.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await run.settled();
  expect(run.check.report()).toEqual({ ...faultless(rows.length), arrived: rows.length, duplicated: [] });
});

test('refused entries, failed requests, lost answers, an outage and kill -9 lose nothing and keep the order', async () => {
  const records = rows.slice(0, SOME);
  const run = await open({ name: 'export-faults', records, ...ORDERED });
  const { faults } = emulator;
  const throttled = 'ProvisionedThroughputExceededException';
  faults.add({
    operation: 'PutRecords',
    fault: { kind: 'refuse-entries', share: 0.2, errorCode: throttled },
  });
  faults.add({
    operation: 'PutRecords',
    probability: 0.05,
    fault: { kind: 'error', type: 'InternalFailure', status: 500 },
  });
  const random = seededRandom(5);
  let unanswered = 0;
  faults.add({
    operation: 'PutRecords',
    when: (input) => {
      const struck = random.next() < 0.02;
      unanswered += struck ? (input as { readonly Records: readonly unknown[] }).Records.length : 0;
      return struck;
    },
    fault: { kind: 'disconnect', applied: true },
  });
  const first = run.startConnector();
  await run.arrived(records.length / 4);
  await first.stop('SIGKILL');
  await run.settled();
  const missingAtKill = new Set(run.check.report().lost);
  const second = run.startConnector();
  await run.arrived(records.length / 2);
  const outage = faults.add({ operation: 'PutRecords', fault: { kind: 'disconnect', applied: false } });
  await sleep(systemClock, OUTAGE_MS);
  outage.remove();
  await run.arrived(records.length);
  expect(await second.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await run.settled();
  const { arrived, duplicated, ...rest } = run.check.report();
  expect(rest).toEqual(faultless(records.length));
  expect(arrived).toBe(records.length + duplicated.length);
  const fromLostAnswers = duplicated.filter((index) => missingAtKill.has(index)).length;
  const fromKill = duplicated.length - fromLostAnswers;
  expect(unanswered).toBeGreaterThan(0);
  expect(fromLostAnswers).toBeLessThanOrEqual(unanswered);
  expect(fromKill).toBeLessThanOrEqual(unanswered + MAX_PENDING + BATCH);
  console.info(
    `faults: ${fromKill} duplicates of what was stored at kill -9, ${fromLostAnswers} later; ` +
      `${unanswered} entries in requests whose answer was lost`,
  );
});

test('a broker stopped and started in the middle loses nothing, repeats nothing and keeps the order', async () => {
  const run = await open({ name: 'export-restart', ...ORDERED, records: rows.slice(0, SOME * 2) });
  const slow = emulator.faults.add({
    operation: 'PutRecords',
    fault: { kind: 'latency', ms: 20, applied: true },
  });
  const connector = run.startConnector();
  await run.arrived(SOME / 2);
  await broker.stop();
  expect(run.check.complete).toBe(false);
  await broker.start();
  slow.remove();
  await run.arrived(SOME * 2);
  expect(await connector.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await run.settled();
  expect(run.check.report()).toEqual({ ...faultless(SOME * 2), arrived: SOME * 2, duplicated: [] });
});

test('SIGTERM in the middle and a restart lose nothing and repeat nothing', async () => {
  const run = await open({ name: 'export-stopped', ...ORDERED, records: rows.slice(0, SOME * 2) });
  const first = run.startConnector();
  await run.arrived(SOME / 2);
  expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await run.settled();
  expect(run.check.complete).toBe(false);
  const second = run.startConnector('--until-caught-up');
  expect(await second.ended).toEqual({ code: 0, signal: null });
  await run.settled();
  expect(run.check.report()).toEqual({ ...faultless(SOME * 2), arrived: SOME * 2, duplicated: [] });
});
