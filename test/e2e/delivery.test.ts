import { randomFillSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { faultless } from '../support/delivery-check';
import { DeliveryLab, type Scenario, type ScenarioOptions } from '../support/delivery-lab';
import { flightNumber, flights } from '../support/flights';
import type { PutEntry } from '../support/kinesis-fill';

jest.setTimeout(180_000);

const MIB = 1024 * 1024;
const RECEIVE_QUEUE_BYTES = 64 * MIB;
const FAILOVER_MS = 6_000;
/** A lease is renewed, and its checkpoint stored, each third of the fail-over time; and what a busy machine adds. */
const RENEWAL_MS = FAILOVER_MS / 3 + 500;
/** Slow enough that "in the middle" is in the middle: about 10,000 records/s. */
const PACED = { failoverTime: FAILOVER_MS, maxReadsPerSecondPerShard: 5, maxRecordsPerRead: 500 };

let lab: DeliveryLab;
let rows: PutEntry[];
let scenario: Scenario | undefined;

beforeAll(async () => {
  rows = flights();
  lab = await DeliveryLab.open();
});

afterEach(async () => {
  await scenario?.close();
  scenario = undefined;
});

afterAll(() => lab.close());

async function open(options: Partial<ScenarioOptions> & { readonly name: string }): Promise<Scenario> {
  scenario = await lab.scenario({ records: rows, indexOf: flightNumber, ...options });
  return scenario;
}

test('every one of the 231,083 flights arrives once, in the order of its key, byte for byte', async () => {
  expect(rows).toHaveLength(231_083);
  const flow = await open({ name: 'flights' });
  const connector = flow.startConnector();
  await flow.arrived(rows.length);
  expect(await connector.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await flow.settled();
  expect(flow.check.report()).toEqual({ ...faultless(rows.length), arrived: rows.length, duplicated: [] });
});

test('kill -9 in the middle loses nothing and repeats less than one renewal interval sends', async () => {
  const flow = await open({ name: 'flights-killed', configs: PACED });
  const first = flow.startConnector();
  await flow.arrived(Math.floor(rows.length / 3));
  await first.stop('SIGKILL');
  const killedAt = Date.now();
  expect(flow.check.complete).toBe(false);
  const second = flow.startConnector();
  await flow.arrived(rows.length);
  await second.stop('SIGTERM');
  await flow.settled();
  const { arrived, duplicated, ...rest } = flow.check.report();
  expect(rest).toEqual(faultless(rows.length));
  expect(arrived).toBe(rows.length + duplicated.length);
  const sentInLastInterval = flow.firstPublishedAt.filter(
    (time) => time <= killedAt && time > killedAt - RENEWAL_MS,
  );
  expect(duplicated.length).toBeLessThanOrEqual(sentInLastInterval.length);
  console.info(
    `kill -9: ${duplicated.length} duplicates of ${sentInLastInterval.length} sent in one interval`,
  );
});

test('SIGTERM in the middle and a restart lose nothing and repeat nothing', async () => {
  const flow = await open({ name: 'flights-stopped', configs: PACED });
  const first = flow.startConnector();
  await flow.arrived(Math.floor(rows.length / 3));
  expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await flow.settled();
  expect(flow.check.complete).toBe(false);
  const second = flow.startConnector();
  await flow.arrived(rows.length);
  await second.stop('SIGTERM');
  await flow.settled();
  expect(flow.check.report()).toEqual({ ...faultless(rows.length), arrived: rows.length, duplicated: [] });
});

test('a broker stopped and started in the middle loses nothing, keeps the order and bounds the memory', async () => {
  const flow = await open({
    name: 'flights-outage',
    configs: { ...PACED, receiveQueueBytes: RECEIVE_QUEUE_BYTES },
  });
  const connector = flow.startConnector();
  await flow.arrived(Math.floor(rows.length / 3));
  await lab.broker.stop();
  expect(flow.check.complete).toBe(false);
  await lab.broker.start();
  await flow.arrived(rows.length);
  expect(await connector.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await flow.settled();
  const { arrived, duplicated, ...rest } = flow.check.report();
  expect(rest).toEqual(faultless(rows.length));
  expect(arrived).toBe(rows.length + duplicated.length);
  expect(connector.peakRss).toBeLessThan(RECEIVE_QUEUE_BYTES + 150 * MIB);
  console.info(
    `outage: ${duplicated.length} duplicates, ${Math.round(connector.peakRss / MIB)} MiB resident at most`,
  );
});

test('payloads of every byte value, gzip, not UTF-8, large or empty arrive exactly', async () => {
  const payloads = [
    ...Array.from({ length: 256 }, (_, byte) => Buffer.of(byte)),
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    gzipSync(Buffer.concat(rows.slice(0, 1_000).map((row) => row.payload))),
    Buffer.from('c3280000eda080f09f', 'hex'),
    randomFillSync(Buffer.alloc(700 * 1024)),
    Buffer.alloc(0),
  ];
  const records = payloads.map((payload, index) => ({ key: `key-${index}`, payload }));
  const flow = await open({
    name: 'bytes',
    records,
    indexOf: ({ key }) => Number(key?.replace('key-', '')),
  });
  const connector = flow.startConnector();
  await flow.arrived(records.length);
  await connector.stop('SIGTERM');
  await flow.settled();
  expect(flow.check.report()).toEqual({
    ...faultless(records.length),
    arrived: records.length,
    duplicated: [],
  });
});
