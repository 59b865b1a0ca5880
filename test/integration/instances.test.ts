import type { Arrival } from '../../src/cli/quickstart-run';
import type { InstanceHealth } from '../../src/runtime/health';
import { eventsOf, InstancesLab, type LogEvent, until } from '../support/instances-lab';

/** Source of a user that gives one record in its first life and fails behind it; runs well in its second. */
const FLAKY = `
const { existsSync, writeFileSync } = require('node:fs');
exports.Source = class {
  async open(config) {
    this.fails = !existsSync(config.mark);
    writeFileSync(config.mark, '');
    this.closed = new Promise((_, reject) => { this.close = async () => reject(
      Object.assign(new Error('closed'), { code: 'SOURCE_CLOSED' })); });
    this.closed.catch(() => undefined);
  }
  async read() {
    if (this.fails) {
      throw new TypeError('a defect of the user');
    }
    return this.closed;
  }
  async close() {}
};`;

const SHARDS = 4;
const RECORDS = 400;

/** Tells on standard output that SIGTERM is listened to. */
const TELL = `
const { on } = process;
process.on = function (name, listener) {
  on.call(this, name, listener);
  if (name === 'SIGTERM') {
    process.stdout.write('"listening"\\n');
  }
  return this;
};`;

const source = (name: string, configs: object = {}) => ({
  name,
  topicName: 'all',
  parallelism: 2,
  configs: {
    awsKinesisStreamName: name,
    initialPositionInStream: 'TRIM_HORIZON',
    useEnhancedFanOut: false,
    failoverTime: 3000,
    leaseTableName: `${name}-leases`,
    ...configs,
  },
});

const sink = {
  name: 'exports',
  inputs: ['all'],
  parallelism: 2,
  sourceSubscriptionPosition: 'Earliest',
  configs: { awsKinesisStreamName: 'exports', lingerMs: 5 },
};

describe('several instances in one process', () => {
  let lab: InstancesLab;
  beforeEach(async () => {
    lab = await InstancesLab.open();
    for (const name of ['orders', 'payments']) {
      lab.stream(name, SHARDS);
      lab.put(name, 0, RECORDS);
    }
  });
  afterEach(() => lab.close());

  const balanced = (table: string): boolean => {
    const counts = Object.values(lab.owners(table));
    return counts.length === 2 && counts.every((count) => count === SHARDS / 2);
  };
  const texts = (arrivals: readonly Arrival[]): string[] =>
    arrivals.map(({ value }) => Buffer.from(value).toString());
  const all = ['orders', 'payments'].flatMap((name) =>
    Array.from({ length: RECORDS }, (_, n) => `${name} ${n}`),
  );
  const saying = (log: readonly LogEvent[], text: string): LogEvent[] =>
    log.filter(({ msg }) => msg.includes(text));

  it('share the shards, survive the failure of another connector, and give all leases up at a stop', async () => {
    const exports = lab.stream('exports', 2);
    const flaky = {
      name: 'flaky',
      topicName: 'all',
      className: lab.write('flaky.cjs', FLAKY),
      configs: { mark: `${lab.write('flaky', '')}.mark` },
    };
    const program = lab.run({
      http: { port: 0 },
      restart: { initialDelayMs: 50 },
      sources: [source('orders'), source('payments'), flaky],
      sinks: [sink],
    });
    const arrived: string[] = [];
    await until('every record is exported', () => {
      arrived.push(...texts(exports.arrivals()));
      return arrived.length >= all.length;
    });
    expect(arrived.sort()).toEqual([...all].sort());
    await until('the shards are shared', () => balanced('orders-leases') && balanced('payments-leases'));
    const [listening] = saying(eventsOf(program), 'answering');
    await until('all run', async () => (await fetch(`${listening?.url}/ready`)).status === 200);
    const ready = (await (await fetch(`${listening?.url}/ready`)).json()) as { instances: InstanceHealth[] };
    const told = ready.instances.map(
      ({ name, instanceId, numRestarts }) => `${name} ${instanceId} ${numRestarts}`,
    );
    expect(told).toEqual([
      'public/default/orders 0 0',
      'public/default/orders 1 0',
      'public/default/payments 0 0',
      'public/default/payments 1 0',
      'public/default/flaky 0 1',
      'public/default/exports 0 0',
      'public/default/exports 1 0',
    ]);
    expect(saying(eventsOf(program), 'failed; it is started again')).toMatchObject([
      { source: 'flaky', instance: 0, code: 'TypeError', error: 'a defect of the user', failures: 1 },
    ]);
    expect(await program.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect([lab.owners('orders-leases'), lab.owners('payments-leases')]).toEqual([{}, {}]);
    expect(texts(exports.rest())).toEqual([]);
  });

  it('when a stream is deleted, the process ends with 3 and the rest is drained first', async () => {
    const program = lab.run({ sources: [source('orders'), source('payments')] });
    await until('the shards are shared', () => balanced('orders-leases') && balanced('payments-leases'));
    lab.emulator.kinesis.call('DeleteStream', { StreamName: 'orders' });
    expect(await program.ended).toEqual({ code: 3, signal: null });
    expect(program.log).toContain('KINESIS_STREAM_NOT_FOUND');
    expect(saying(eventsOf(program), 'started again')).toMatchObject([{ source: 'orders' }]);
    expect(lab.owners('payments-leases')).toEqual({});
  });

  it('catch up together, and publish metrics of which none counts twice', async () => {
    const half = source('orders', {
      maxLeasesForWorker: SHARDS / 2,
      cloudwatchMetricsLevel: 'SUMMARY',
      cloudwatchEndpoint: lab.emulator.kinesisEndpoint,
    });
    const program = lab.run({ sources: [half] }, ['--service-url', 'stdout:', '--until-caught-up']);
    const heard: string[] = [];
    while (heard.length < RECORDS) {
      const { value } = await program.hear<{ value: string }>();
      heard.push(Buffer.from(value, 'base64').toString());
    }
    expect(await program.ended).toEqual({ code: 0, signal: null });
    await expect(program.hear()).rejects.toThrow('ended before');
    expect(heard.sort()).toEqual(all.slice(0, RECORDS).sort());
    expect(lab.owners('orders-leases')).toEqual({});
    const put = (metric: string) => lab.emulator.cloudwatch.data().filter(({ name }) => name === metric);
    const sum = (metric: string) => put(metric).reduce((total, { statistics }) => total + statistics.sum, 0);
    expect([sum('RecordsProcessed'), sum('RecordsDelivered'), sum('TakenLeases')]).toEqual([
      RECORDS,
      RECORDS,
      SHARDS,
    ]);
    const workers = put('TakenLeases').flatMap(({ dimensions }) =>
      dimensions.filter(({ name }) => name === 'WorkerIdentifier').map(({ value }) => value.slice(0, 9)),
    );
    expect([...new Set(workers)].sort()).toEqual(['orders-0-', 'orders-1-']);
  });

  it('a signal that comes while the program is still loading ends it, before it starts anything', async () => {
    const program = lab.run({ sources: [source('orders')] }, [], [lab.write('tell.cjs', TELL)]);
    await program.hear();
    expect(await program.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(eventsOf(program)[0]).toMatchObject({
      signal: 'SIGTERM',
      msg: expect.stringContaining('stopping'),
    });
    expect(lab.emulator.dynamodb.invoke('ListTables', {})).toEqual({ TableNames: [] });
  });
});
