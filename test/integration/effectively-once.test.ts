import { ConnectorError } from '../../src/errors';
import type {
  OutgoingMessage,
  Producer,
  ProducerOptions,
  ProducerTransport,
} from '../../src/pulsar/transport';
import { frameOf, subRecord, wire } from '../support/kpl-frame';
import { cleanReport, type LabRun, SourceLab } from '../support/source-lab';

const EFFECTIVELY_ONCE = { processingGuarantees: 'EFFECTIVELY_ONCE' };

let lab: SourceLab;

beforeEach(async () => {
  lab = await SourceLab.open(2);
});

afterEach(() => lab.close());

const start = (configs: object = {}): LabRun => lab.start({ ...configs }, EFFECTIVELY_ONCE);
const catchUp = async (configs: object = {}): Promise<LabRun> => {
  const run = lab.start({ ...configs }, { ...EFFECTIVELY_ONCE, untilCaughtUp: true });
  await run.ended;
  return run;
};
const generations = (): (string | undefined)[] => lab.rows().map(({ generation }) => generation?.S);
type Row = ReturnType<SourceLab['rows']>[number];

/** The table as it was once `count` messages were stored, owners gone: a process that was killed leaves it so. */
async function killedAfter(count: number, change: (row: Row) => Row = (row) => row): Promise<LabRun> {
  const run = start();
  await lab.stored(count);
  const rows = lab.rows();
  await run.stop();
  for (const { leaseOwner: _, ...row } of rows) {
    lab.emulator.dynamodb.invoke('PutItem', { TableName: 'app', Item: change(row) });
  }
  return run;
}

test('after a clean stop numbering goes on: the same generation, and the row counts every record', async () => {
  lab.put(200);
  const first = start();
  await lab.stored(200);
  await first.stop();
  const begun = generations();
  expect(begun).not.toContain(undefined);
  lab.put(100);
  const second = await catchUp();
  expect(lab.report()).toEqual(cleanReport(300));
  expect(generations()).toEqual(begun);
  expect(lab.rows().reduce((sum, { ordinal }) => sum + Number(ordinal?.N), 0)).toBe(300);
  expect(second.count('generations_begun')).toBe(0);
});

test('what a killed worker had sent is sent again with the same numbers, and stored once', async () => {
  lab.put(200);
  await killedAfter(200);
  lab.put(100);
  const second = await catchUp();
  expect(lab.report()).toEqual(cleanReport(300));
  expect(second.count('records_deduplicated')).toBe(200);
});

test('a checkpoint that others have moved begins a generation: copies, no loss, and it is told', async () => {
  lab.put(200);
  const first = start();
  await lab.stored(200);
  await first.stop();
  for (const row of lab.rows()) {
    const moved = { ...row, checkpoint: { S: 'TRIM_HORIZON' } };
    lab.emulator.dynamodb.invoke('PutItem', { TableName: 'app', Item: moved });
  }
  lab.put(10);
  const second = await catchUp();
  const report = lab.report();
  expect(report.lost).toEqual([]);
  expect(report.duplicated).toHaveLength(200);
  expect(second.count('generations_begun', 'MOVED')).toBe(2);
  expect(second.warnings.filter((line) => line.includes('NUMBERING_BEGUN'))).toHaveLength(2);
});

test('a row that begins at no record is trusted only where the same record comes first', async () => {
  lab.put(200);
  await killedAfter(200, (row) => ({ ...row, firstSequence: { S: '1' } }));
  const second = await catchUp();
  expect(lab.report().lost).toEqual([]);
  expect(lab.report().duplicated).toHaveLength(200);
  expect(second.count('generations_begun', 'TRIMMED')).toBe(2);
});

test('the generation stands in the row before the first message is stored', async () => {
  lab.put(1);
  const run = start();
  await lab.stored(1);
  expect(generations().filter((one) => one !== undefined)).toHaveLength(1);
  await run.stop();
});

test('sub-records that are left out count: those behind them keep their numbers', async () => {
  const records = lab.expect(40);
  const keys = [...new Set(records.map(({ key }) => key))];
  const data = frameOf(
    ...keys.map((key) => wire.bytes(1, key)),
    wire.bytes(2, '0'),
    wire.bytes(2, String(2n ** 128n - 1n)),
    ...records.map(({ key, payload }, i) => subRecord(keys.indexOf(key), payload, i % 2)),
  );
  lab.emulator.kinesis.call('PutRecord', {
    StreamName: 'orders',
    PartitionKey: 'frame',
    ExplicitHashKey: '0',
    Data: data.toString('base64'),
  });
  const run = lab.start({ subRecordFilter: 'drop' }, { ...EFFECTIVELY_ONCE, untilCaughtUp: true });
  await run.ended;
  expect(lab.broker.stored('orders')).toBe(20);
  const [row] = lab.rows().filter(({ generation }) => generation !== undefined);
  expect(row?.ordinal?.N).toBe('40');
});

test('with ATLEAST_ONCE no row says anything of numbers', async () => {
  lab.put(20);
  const run = lab.start({}, { untilCaughtUp: true });
  await run.ended;
  expect(generations()).toEqual([undefined, undefined]);
});

test('an ATLEAST_ONCE run in between makes the numbers worthless, and they are not used', async () => {
  lab.put(100);
  await catchUp();
  lab.put(100);
  await lab.start({}, { untilCaughtUp: true }).ended;
  lab.put(100);
  const third = await catchUp();
  expect(lab.report()).toEqual(cleanReport(300));
  expect(third.count('generations_begun', 'MOVED')).toBe(2);
});

test('numbers that were given up are gone from the row, and the shard is sent again under others', async () => {
  lab.put(100);
  const begun = await generationsAfter(100);
  const clash = new ConnectorError('SEQUENCE_ID_CLASH', 'passed over');
  const run = lab.start(
    {},
    { ...EFFECTIVELY_ONCE, wrap: (transport) => new ClashingTransport(transport, clash) },
  );
  lab.put(20);
  await expect(run.ended).rejects.toMatchObject({ code: 'SEQUENCE_ID_CLASH' });
  expect(generations().filter((one) => begun.includes(one)).length).toBeLessThan(2);
  await catchUp();
  expect(lab.report().lost).toEqual([]);
});

/** A clean run until `count` messages are stored. @returns the generations it has begun */
async function generationsAfter(count: number): Promise<(string | undefined)[]> {
  const run = start();
  await lab.stored(count);
  await run.stop();
  return generations();
}

/** Its producers fail at their first message. */
class ClashingTransport implements ProducerTransport {
  readonly chunks = true;
  readonly sequences = true;
  readonly maxMessageBytes = undefined;

  constructor(
    private readonly inner: ProducerTransport,
    private readonly error: ConnectorError,
  ) {}

  async createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    const producer = await this.inner.createProducer(options);
    const send = (): void => queueMicrotask(() => options.listener.failed(this.error));
    return new Proxy(producer, {
      get: (of, name) =>
        (name === 'send' ? send : Reflect.get(of, name, of)?.bind?.(of)) ?? Reflect.get(of, name, of),
    });
  }

  close(deadlineMs: number): Promise<void> {
    return this.inner.close(deadlineMs);
  }
}
