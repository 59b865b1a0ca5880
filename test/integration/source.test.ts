import { INTERNAL_FAILURE, THROTTLE } from '../../src/emulator';
import { ConnectorError } from '../../src/errors';
import { cleanReport, SourceLab } from '../support/source-lab';

let lab: SourceLab;

afterEach(() => lab.close());

describe('source over HTTP', () => {
  it('delivers everything once and in order, and leaves leases without owner behind', async () => {
    lab = await SourceLab.open(4);
    lab.put(2000);
    const run = lab.start({}, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(2000));
    const rows = lab.rows();
    expect(rows).toHaveLength(4);
    for (const row of rows) {
      expect(row.leaseOwner).toBeUndefined();
      expect(row.checkpoint?.S).toMatch(/^\d{56}$/);
    }
  });

  it('goes on where a graceful stop has ended: nothing lost, nothing twice', async () => {
    lab = await SourceLab.open(2);
    lab.broker.behaviour.latencyMs = 3;
    lab.put(3000);
    const first = lab.start({ maxRecordsPerRead: 100 });
    await lab.stored(500);
    expect(await first.stop()).toBe('drained');
    expect(lab.report().arrived).toBeLessThan(3000);
    lab.put(500);
    expect(await lab.start({}, { untilCaughtUp: true }).ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(3500));
  });

  it('follows splits and merges, parents before children, order per key kept', async () => {
    lab = await SourceLab.open(2);
    lab.put(1000);
    lab.split(0);
    lab.put(1000);
    lab.merge(1);
    lab.put(1000);
    const run = lab.start({ maxRecordsPerRead: 200 });
    await lab.stored(1500);
    lab.split(0);
    lab.put(1000);
    await lab.stored(4000);
    expect(await run.stop()).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(4000));
  });

  it('marks the row of a shard that has ended, names its children, and owns it no more', async () => {
    lab = await SourceLab.open(1);
    lab.put(100);
    const [parent] = lab.openShards().map((shard) => shard.ShardId);
    lab.split(0);
    lab.put(200);
    const run = lab.start();
    await lab.stored(300);
    await run.stop();
    const children = lab.openShards().map((shard) => shard.ShardId);
    const row = lab.rows().find(({ leaseKey }) => leaseKey?.S === parent);
    expect(row).toMatchObject({ checkpoint: { S: 'SHARD_END' } });
    expect(row?.childShardIds?.SS?.slice().sort()).toEqual(children.sort());
    expect(row).not.toHaveProperty('leaseOwner');
  });

  it('LATEST means the first start: what comes before the second one is not skipped', async () => {
    lab = await SourceLab.open(2);
    const first = lab.start({ initialPositionInStream: 'LATEST' });
    while ((await tableExists(lab)) === false || lab.rows().length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await first.stop();
    lab.put(50);
    await lab.start({ initialPositionInStream: 'LATEST' }, { untilCaughtUp: true }).ended;
    expect(lab.report()).toEqual(cleanReport(50));
    for (const row of lab.rows()) {
      expect(row.startAt?.N).toMatch(/^\d{13}$/);
    }
  });

  it('heals throttling, failures, lost connections and answers without losing or repeating a record', async () => {
    lab = await SourceLab.open(3);
    lab.put(1500);
    for (const operation of ['GetRecords', 'GetShardIterator', 'UpdateItem']) {
      lab.emulator.faults.add({ operation, fault: THROTTLE, probability: 0.1, times: 5 });
      lab.emulator.faults.add({
        operation,
        fault: { kind: 'disconnect', applied: true },
        probability: 0.1,
        times: 5,
      });
      lab.emulator.faults.add({
        operation,
        fault: { kind: 'disconnect', applied: false },
        probability: 0.1,
        times: 5,
      });
    }
    expect(await lab.start({ maxRecordsPerRead: 50 }, { untilCaughtUp: true }).ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(1500));
  });

  it('after a failed send goes back to the first unconfirmed record: order of first arrivals kept', async () => {
    lab = await SourceLab.open(2);
    lab.put(2000);
    lab.broker.behaviour.latencyMs = 2;
    const run = lab.start({ maxRecordsPerRead: 100 }, { untilCaughtUp: true });
    for (const stored of [200, 600, 1200]) {
      await lab.stored(stored);
      lab.broker.behaviour.failNext = 1;
    }
    expect(await run.ended).toBe('drained');
    const { lost, outOfOrder, altered, unknown } = lab.report();
    expect({ lost, outOfOrder, altered, unknown }).toEqual({
      lost: [],
      outOfOrder: [],
      altered: [],
      unknown: 0,
    });
  });

  it('a stop that cannot drain says so, and the next start delivers the rest', async () => {
    lab = await SourceLab.open(1);
    lab.put(100);
    lab.broker.behaviour.messagesPerSecond = 2;
    const run = lab.start({}, { shutdownTimeoutMs: 1500 });
    await lab.stored(3);
    expect(await run.stop()).toBe('undrained');
    lab.broker.behaviour.messagesPerSecond = Number.POSITIVE_INFINITY;
    expect(await lab.start({}, { untilCaughtUp: true }).ended).toBe('drained');
    const { lost, outOfOrder } = lab.report();
    expect({ lost, outOfOrder }).toEqual({ lost: [], outOfOrder: [] });
  });

  it('ends with a clear error when the stream does not exist', async () => {
    lab = await SourceLab.open(1);
    const run = lab.start({ awsKinesisStreamName: 'nowhere' });
    const error = await run.ended.catch((cause: unknown) => cause);
    expect((error as ConnectorError).code).toBe('KINESIS_STREAM_NOT_FOUND');
  });

  it('ends with a clear error when a record can never be stored, and the checkpoint stays before it', async () => {
    lab = await SourceLab.open(1);
    lab.put(10);
    lab.broker.behaviour.refuseMessage = ({ value }) =>
      Buffer.from(value).toString() === 'record 5'
        ? new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', 'too large')
        : undefined;
    const error = await lab.start().ended.catch((cause: unknown) => cause);
    expect((error as ConnectorError).code).toBe('PULSAR_MESSAGE_TOO_LARGE');
    lab.broker.behaviour.refuseMessage = () => undefined;
    expect(await lab.start({}, { untilCaughtUp: true }).ended).toBe('drained');
    const { lost, outOfOrder } = lab.report();
    expect({ lost, outOfOrder }).toEqual({ lost: [], outOfOrder: [] });
  });

  it('a record that can never be stored is not overtaken: what is behind it waits until it can be', async () => {
    lab = await SourceLab.open(1);
    lab.put(10, 1);
    lab.broker.behaviour.refuseMessage = ({ value }) =>
      Buffer.from(value).toString() === 'record 5'
        ? new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', 'too large')
        : undefined;
    await lab.start().ended.catch(() => undefined);
    expect(lab.broker.stored('orders')).toBe(5);
    lab.broker.behaviour.refuseMessage = () => undefined;
    expect(await lab.start({}, { untilCaughtUp: true }).ended).toBe('drained');
    const { lost, outOfOrder } = lab.report();
    expect({ lost, outOfOrder }).toEqual({ lost: [], outOfOrder: [] });
  });

  it('is not caught up before it has read the children of shards that were closed already', async () => {
    lab = await SourceLab.open(1);
    lab.put(100);
    lab.split(0);
    lab.put(100);
    // The end of a shard takes one more read than its last record.
    const run = lab.start({ maxReadsPerSecondPerShard: 2 }, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(200));
  });

  it('a stop ends in time when the lease table does not answer any more', async () => {
    lab = await SourceLab.open(1);
    lab.put(10);
    const run = lab.start({ failoverTime: 60_000 }, { shutdownTimeoutMs: 1000 });
    await lab.stored(10);
    lab.emulator.faults.add({ operation: 'UpdateItem', fault: { kind: 'silence', applied: false } });
    expect(await run.stop()).toBe('undrained');
  });

  it('a stop does not wait for a scan of the lease table before it gives shards up', async () => {
    lab = await SourceLab.open(1);
    lab.put(10);
    const run = lab.start({ aws: { requestTimeout: 4000 } });
    await lab.stored(10);
    const fault = lab.emulator.faults.add({
      operation: 'Scan',
      fault: { kind: 'silence', applied: false },
      times: 1,
    });
    await fault.reached(1);
    const asked = performance.now();
    const stopped = run.stop();
    while (lab.rows()[0]?.leaseOwner !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(performance.now() - asked).toBeLessThan(2000);
    expect(await stopped).toBe('drained');
  });

  it('a stop is heeded while services do not answer the opening', async () => {
    lab = await SourceLab.open(1);
    const fault = lab.emulator.faults.add({ operation: '*', fault: INTERNAL_FAILURE });
    const run = lab.start();
    await fault.reached(2);
    expect(await run.stop()).toBe('drained');
  });

  it('message key, event time and properties are those of the Java connector', async () => {
    lab = await SourceLab.open(1);
    lab.put(1);
    await lab.start({}, { untilCaughtUp: true }).ended;
    const [message] = lab.broker.messages('orders');
    expect(message?.key).toBe('key-0');
    expect(message?.properties).toEqual({
      'kinesis.arrival.timestamp': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/),
      'kinesis.encryption.type': 'NONE',
      'kinesis.partition.key': 'key-0',
      'kinesis.sequence.number': lab.rows()[0]?.checkpoint?.S,
    });
    expect(message?.eventTime).toBe(Date.parse(String(message?.properties['kinesis.arrival.timestamp'])));
  });

  it('reads only the shards it was given', async () => {
    lab = await SourceLab.open(2);
    lab.put(200);
    const shardId = 'shardId-000000000001';
    const properties = 'kinesis.shard.id';
    const run = lab.start(
      { shardIds: [shardId], kinesisRecordProperties: properties },
      { untilCaughtUp: true },
    );
    await run.ended;
    const shards = new Set(lab.broker.messages('orders').map((message) => message.properties[properties]));
    expect([...shards]).toEqual([shardId]);
  });

  it.each([1, 2])(
    'goes on behind shards that passed their retention unread, %d reshards long',
    async (reshards) => {
      lab = await SourceLab.open(1);
      lab.put(20);
      const first = lab.start({ maxRecordsPerRead: 5 });
      await lab.stored(5);
      await first.stop();
      const before = lab.broker.stored('orders');
      lab.split(0);
      lab.put(30);
      if (reshards === 2) {
        lab.split(0);
        lab.split(0);
        lab.put(10);
      }
      lab.emulator.clock.advance(26 * 3_600_000);
      lab.put(50);
      const second = lab.start({}, { untilCaughtUp: true });
      expect(await second.ended).toBe('drained');
      expect(second.warnings.join()).toContain('"code":"SOURCE_DATA_LOSS"');
      const report = lab.report();
      expect(report.arrived).toBe(before + 50);
      expect(report.outOfOrder).toEqual([]);
      expect(report.lost.every((n) => n < lab.putCount - 50)).toBe(true);
    },
  );
});

async function tableExists({ emulator }: SourceLab): Promise<boolean> {
  const { TableNames } = emulator.dynamodb.invoke('ListTables', {}) as { TableNames: string[] };
  return TableNames.includes('app');
}
