import { ConnectorError, explain } from '../../../src/errors';
import { NO_METRICS, type SinkContext } from '../../../src/io';
import { KinesisSink } from '../../../src/sink/kinesis-sink';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';
import { evenShards, SettledRecord } from '../../support/put-lab';
import { ScriptedPutApi, unavailable } from '../../support/scripted-put-api';

const CONFIG = {
  awsKinesisStreamName: 'orders',
  awsRegion: 'eu-west-1',
  lingerMs: 0,
  cloudwatchMetricsLevel: 'NONE',
};

/** A sink on virtual time against a scripted Kinesis. */
class SinkLab {
  readonly clock = new ManualClock();
  readonly api = new ScriptedPutApi(this.clock, evenShards(2));
  readonly fatal: Error[] = [];
  readonly settled: SettledRecord[] = [];
  readonly published: string[][] = [];
  readonly sink = new KinesisSink({
    kinesis: () => this.api,
    createMetricData: () => ({
      putMetricData: async (_namespace, data) => {
        this.published.push(data.map(({ name }) => name));
      },
      close: () => undefined,
    }),
  });

  open(config: object = {}, context: Partial<SinkContext> = {}): Promise<void> {
    return this.sink.open(
      { ...CONFIG, ...config },
      {
        tenant: 'public',
        namespace: 'default',
        name: 'export',
        instanceId: 0,
        numInstances: 1,
        logger: silentLogger,
        metrics: NO_METRICS,
        clock: this.clock,
        random: seededRandom(1),
        getSecret: () => undefined,
        shutdownTimeoutMs: 10_000,
        stalled: () => undefined,
        inputTopics: ['persistent://public/default/in'],
        subscriptionType: 'Failover',
        failureEnds: false,
        fatal: (error) => this.fatal.push(error),
        ...context,
      },
    );
  }

  write(key: string, text: string): { readonly record: SettledRecord; readonly room: Promise<void> } {
    const record = new SettledRecord(key, text, this);
    return { record, room: this.sink.write(record) };
  }
}

test('stores a record under its key and acks it', async () => {
  const lab = new SinkLab();
  await lab.open();
  const { record, room } = lab.write('customer-1', 'value');
  await room;
  await lab.clock.advance(10);
  expect(lab.api.stored).toMatchObject([{ partitionKey: 'customer-1', text: 'value' }]);
  expect(record.outcomes).toEqual(['acked']);
});

test('promises to settle every record', () => {
  expect(new KinesisSink().settlesEveryRecord).toBe(true);
});

describe('a record larger than the stream takes', () => {
  test.each([
    ['of just the size passes', 90, ['acked']],
    ['counts its key in bytes', 91, [expect.objectContaining({ code: 'SINK_RECORD_TOO_LARGE' })]],
  ])('%s', async (_what, length, outcomes) => {
    const lab = new SinkLab();
    lab.api.maxRecordBytes = 100;
    await lab.open();
    const { record, room } = lab.write('ééééé', 'x'.repeat(length));
    await room;
    await lab.clock.advance(10);
    expect(record.outcomes).toEqual(outcomes);
  });
});

describe('open', () => {
  test('waits while the stream is being created', async () => {
    const lab = new SinkLab();
    lab.api.status = 'CREATING';
    const opening = lab.open();
    await lab.clock.advance(30_000);
    lab.api.status = 'ACTIVE';
    await lab.clock.run(opening);
  });

  test.each(['CREATING', 'DELETING'] as const)('gives up on a stream that stays %s', async (status) => {
    const lab = new SinkLab();
    lab.api.status = status;
    await expect(lab.clock.run(lab.open())).rejects.toMatchObject({
      code: 'KINESIS_STREAM_NOT_READY',
      found: status,
    });
    expect(lab.api.closed).toBe(true);
  });

  test('waits for as long as the service does not answer, until it is closed', async () => {
    const lab = new SinkLab();
    lab.api.listingError = unavailable();
    const opening = lab.open();
    const refused = expect(opening).rejects.toMatchObject({ code: 'SINK_CLOSED' });
    await lab.clock.advance(600_000);
    await lab.sink.close();
    await refused;
    expect(lab.api.closed).toBe(true);
    expect(lab.clock.pending).toBe(0);
  });

  test.each([
    ['Shared', 'default', false],
    ['Key_Shared', 'default', false],
    ['Key_Shared', 'key', true],
    ['Exclusive', 'default', true],
    ['Failover', 'random', true],
  ] as const)(
    'with retainOrdering on %s and partitionColumn %s: %s',
    async (subscriptionType, column, kept) => {
      const lab = new SinkLab();
      const opening = lab.open(
        { retainOrdering: true, ...(column === 'default' ? {} : { partitionColumn: column }) },
        { subscriptionType },
      );
      await (kept ? opening : expect(opening).rejects.toMatchObject({ code: 'CONFIG_INVALID' }));
    },
  );
});

describe('close', () => {
  test('stores what was written first', async () => {
    const lab = new SinkLab();
    await lab.open({ lingerMs: 5000 });
    const { record } = lab.write('k', 'v');
    await lab.clock.run(lab.sink.close());
    expect(record.outcomes).toEqual(['acked']);
    expect(lab.api.closed).toBe(true);
    expect(lab.clock.pending).toBe(0);
  });

  test('says how much is left at the deadline, and settles none of it afterwards', async () => {
    const lab = new SinkLab();
    await lab.open();
    lab.api.onRequest = () => 'late';
    lab.write('a', '1');
    lab.write('b', '2');
    const closing = expect(lab.sink.close()).rejects.toMatchObject({
      code: 'SHUTDOWN_DEADLINE',
      found: '2 left',
    });
    await lab.clock.advance(10_000);
    await closing;
    await lab.clock.advance(60_000);
    expect(lab.settled).toEqual([]);
  });

  test('is no failure of its own after a fatal error', async () => {
    const lab = new SinkLab();
    await lab.open();
    lab.api.onRequest = () => new ConnectorError('AWS_ACCESS_DENIED', 'no');
    lab.write('a', '1');
    await lab.clock.advance(100);
    expect(lab.fatal).toHaveLength(1);
    await lab.clock.run(lab.sink.close());
    expect(lab.settled).toEqual([]);
  });

  test('before open is fine', async () => {
    await new KinesisSink().close();
  });
});

test('a record that no entry can be made of follows onError', async () => {
  const lab = new SinkLab();
  await lab.open({ explicitHashKeyColumn: 'key' });
  const { record, room } = lab.write('no number', 'value');
  await room;
  expect(record.outcomes).toEqual([expect.objectContaining({ code: 'SINK_RECORD_INVALID' })]);
});

test('where a failed record ends the instance, nothing behind it in its key is stored', async () => {
  const lab = new SinkLab();
  await lab.open({ recordTtl: 1000, retainOrdering: true }, { failureEnds: true });
  lab.api.onEntry = () => 'InternalFailure';
  const first = lab.write('key', 'first');
  await lab.clock.advance(500);
  const second = lab.write('key', 'second');
  lab.api.onEntry = () => (lab.clock.monotonic() < 1000 ? 'InternalFailure' : undefined);
  await lab.clock.advance(600);
  expect(lab.fatal).toMatchObject([{ code: 'SINK_RECORD_EXPIRED' }]);
  await lab.clock.run(lab.sink.close());
  expect(lab.api.stored).toEqual([]);
  expect([first, second].map(({ record }) => record.outcomes)).toEqual([[], []]);
});

test('the last metrics are published on close', async () => {
  const lab = new SinkLab();
  let read = 0;
  const sample = {
    name: 'sink_records_stored',
    labels: { stream: 'orders' },
    count: 1,
    sum: 1,
    min: 1,
    max: 1,
    last: 1,
  };
  const metrics = { ...NO_METRICS, reader: () => ({ read: () => (read++ === 0 ? [sample] : []) }) };
  await lab.open({ cloudwatchMetricsLevel: 'SUMMARY', cloudwatchNamespace: 'app' }, { metrics });
  await lab.clock.run(lab.sink.close());
  expect(lab.published).toEqual([['UserRecordsPut']]);
});

describe('a Kinesis that accepts nothing', () => {
  test.each([
    ['answers with errors', 'AWS_UNAVAILABLE'],
    ['refuses every record', 'ProvisionedThroughputExceededException'],
    ['does not answer', 'AWS_TIMEOUT'],
  ])('and %s is reported after putStallTimeout, and no longer once it accepts again', async (how, code) => {
    const lab = new SinkLab();
    const stalls: string[] = [];
    const stalled = (part: string, problem: Error | undefined) =>
      stalls.push(`${part}: ${problem === undefined ? 'well' : explain(problem)}`);
    await lab.open({ putStallTimeout: 20_000, retryMaxDelayInMillis: 5000 }, { stalled });
    lab.api.onRequest = () =>
      how === 'answers with errors' ? unavailable() : how === 'does not answer' ? 'silence' : 'answer';
    lab.api.onEntry = () => (how === 'refuses every record' ? code : undefined);
    const { record } = lab.write('a', '1');
    await lab.clock.advance(19_000);
    expect(stalls).toEqual([]);
    await lab.clock.advance(3000);
    expect(stalls).toHaveLength(1);
    expect(stalls[0]).toMatch(/^writes: SINK_STALLED: orders has accepted no record for 20000 ms/);
    expect(stalls[0]).toContain(`found ${code}`);
    await lab.clock.advance(100_000);
    expect(stalls).toHaveLength(1);
    expect(record.outcomes).toEqual([]);
    lab.api.onRequest = () => 'answer';
    lab.api.onEntry = () => undefined;
    await lab.clock.advance(20_000);
    expect(stalls.slice(1)).toEqual(['writes: well']);
    expect(record.outcomes).toEqual(['acked']);
    await lab.clock.run(lab.sink.close());
    expect(lab.clock.pending).toBe(0);
  });

  test('is no longer reported once nothing is left to store', async () => {
    const lab = new SinkLab();
    const stalls: string[] = [];
    const stalled = (part: string, problem: Error | undefined) =>
      stalls.push(`${part}: ${problem === undefined ? 'well' : 'stalled'}`);
    await lab.open({ putStallTimeout: 20_000, recordTtl: 60_000, onError: 'skip' }, { stalled });
    lab.api.onRequest = () => unavailable();
    const { record } = lab.write('a', '1');
    await lab.clock.advance(59_000);
    expect(stalls).toEqual(['writes: stalled']);
    await lab.clock.advance(30_000);
    expect(record.outcomes).toHaveLength(1);
    expect(stalls.slice(1)).toEqual(['writes: well']);
    await lab.clock.run(lab.sink.close());
  });

  test('for one shard, or for lack of records, is no stall', async () => {
    const lab = new SinkLab();
    const stalls: string[] = [];
    await lab.open({ putStallTimeout: 20_000, lingerMs: 60_000 }, { stalled: (part) => stalls.push(part) });
    await lab.clock.advance(600_000);
    lab.api.onEntry = (_entry, shardId) => (shardId === 'shard-0' ? 'InternalFailure' : undefined);
    for (let second = 0; second < 100; second++) {
      lab.write(`key-${second}`, 'value');
      lab.sink.flush();
      await lab.clock.advance(1000);
    }
    expect(lab.api.refusedEntries).toBeGreaterThan(10);
    lab.api.onEntry = () => undefined;
    await lab.clock.advance(60_000);
    // What lingers was not sent, and is not refused.
    lab.write('lingers', 'value');
    await lab.clock.advance(50_000);
    expect(stalls).toEqual([]);
    await lab.clock.run(lab.sink.close());
  });
});
