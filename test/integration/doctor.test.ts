import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../src/cli/program';
import type { CheckResult } from '../../src/doctor/check';
import type { DoctorReport } from '../../src/doctor/report';
import { type Emulator, startEmulator } from '../../src/emulator';
import { FakePulsarBroker } from '../support/fake-pulsar-broker';

const TABLE = 'app';

let emulator: Emulator;
let broker: FakePulsarBroker;
let folder: string;

beforeEach(async () => {
  emulator = await startEmulator();
  emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 2 });
  broker = await FakePulsarBroker.start();
  broker.consumers.topic('orders');
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
});

afterEach(async () => {
  await Promise.all([emulator.close(), broker.stop()]);
  rmSync(folder, { recursive: true });
});

interface Given {
  readonly pulsar?: object;
  readonly configs?: object;
  readonly source?: object;
  readonly flags?: readonly string[];
}

interface Diagnosis {
  readonly code: number;
  readonly report: DoctorReport;
  /** Of a check by its id and, where several have it, words of its title. */
  line(id: string, title?: string): CheckResult | undefined;
}

function sourceOf({ configs, source }: Given): object {
  const endpoint = emulator.kinesisEndpoint;
  return {
    name: 'orders',
    topicName: 'orders',
    configs: {
      awsKinesisStreamName: 'orders',
      applicationName: TABLE,
      failoverTime: 2000,
      aws: {
        region: 'us-east-1',
        endpoints: { kinesis: endpoint, dynamodb: endpoint, cloudwatch: endpoint, sts: endpoint },
        credentials: { type: 'static', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
      },
      ...configs,
    },
    ...source,
  };
}

async function doctor(given: Given = {}): Promise<Diagnosis> {
  const { pulsar = { serviceUrl: broker.serviceUrl }, flags = [] } = given;
  const file = join(folder, 'connectors.json');
  writeFileSync(file, JSON.stringify({ pulsar, sources: [sourceOf(given)] }));
  const { code, stdout } = await run(file, ...flags, '--json');
  const report = JSON.parse(stdout) as DoctorReport;
  const results = report.groups.flatMap((group) => group.results);
  const line = (id: string, title = ''): CheckResult | undefined =>
    results.find((result) => result.id === id && result.title.includes(title));
  return { code, report, line };
}

async function run(
  file: string,
  ...flags: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const out: string[] = [];
  const err: string[] = [];
  let code = -1;
  await runProgram(['doctor', '-c', file, ...flags], {
    stdout: (text) => out.push(text),
    stderr: (text) => err.push(text),
    isTty: false,
    env: {},
    setExitCode: (given) => {
      code = given;
    },
  });
  return { code, stdout: out.join(''), stderr: err.join('') };
}

const bad = ({ report }: Diagnosis): string[] =>
  report.groups
    .flatMap(({ results }) => results)
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ id, title }) => `${id} ${title}`);

function createTable(name = TABLE, key = 'leaseKey'): void {
  emulator.dynamodb.invoke('CreateTable', {
    TableName: name,
    AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
    KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
}

function putRow(row: object, table = TABLE): void {
  emulator.dynamodb.invoke('PutItem', { TableName: table, Item: row });
}

const lease = (shardId: string, more: object = {}): object => ({
  leaseKey: { S: shardId },
  leaseCounter: { N: '7' },
  checkpoint: { S: 'TRIM_HORIZON' },
  ...more,
});

const allow = (...actions: string[]) => ({
  Statement: [{ Effect: 'Allow' as const, Action: actions, Resource: '*' }],
});

const NEEDED = [
  'kinesis:DescribeStreamSummary',
  'kinesis:ListShards',
  'kinesis:GetShardIterator',
  'kinesis:GetRecords',
  'dynamodb:DescribeTable',
  'dynamodb:Scan',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'cloudwatch:PutMetricData',
];

test('a source that would work has nothing that failed, and the command ends with 0', async () => {
  const found = await doctor();
  expect(bad(found)).toEqual([]);
  expect(found.code).toBe(0);
  expect(found.line('credentials.identity')?.found).toContain('of account 000000000000');
  expect(found.line('topic.producer')).toMatchObject({ verdict: 'ok' });
  expect(found.line('table.failover')?.found).toContain('within 5 s');
});

test('a warning fails with --strict only', async () => {
  const configs = { onError: 'dlq', deadLetterTopic: 'nowhere' };
  expect((await doctor({ configs })).code).toBe(0);
  expect((await doctor({ configs, flags: ['--strict'] })).code).toBe(3);
});

test('every problem of a configuration is a line, nothing is asked of anybody, and the exit code is 2', async () => {
  const found = await doctor({ configs: { failoverTime: -1, awsKinesisStreamNam: 'x' } });
  expect(found.code).toBe(2);
  expect(bad(found)).toEqual([
    'config.file file',
    'config.file sources[0].configs.awsKinesisStreamNam',
    'config.file sources[0].configs.failoverTime',
  ]);
  expect(found.report.groups).toHaveLength(1);
});

test('a connector that is not in the file is a wrong command line', async () => {
  const { code, line } = await doctor({ flags: ['--connector', 'other'] });
  expect(line('config.file')).toMatchObject({ verdict: 'failed', code: 'USAGE' });
  expect(code).toBe(2);
});

describe('permissions', () => {
  test('nothing is written, whatever is allowed', async () => {
    createTable();
    putRow(lease('shardId-000000000000'));
    emulator.iam.attach('AKIDEXAMPLE', [allow('*')]);
    const before = emulator.dynamodb.invoke('Scan', { TableName: TABLE });
    expect(bad(await doctor())).toEqual([]);
    expect(emulator.dynamodb.invoke('Scan', { TableName: TABLE })).toEqual(before);
    const tried = emulator.iam.used().map(({ action }) => action);
    expect(tried).toEqual(expect.arrayContaining(NEEDED));
    expect(tried.filter((action) => /Create|Register|Tag|Enable|Increase/.test(action))).toEqual([]);
    expect(emulator.cloudwatch.data()).toEqual([]);
    const iterator = emulator.kinesis.call('GetShardIterator', {
      StreamName: 'orders',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }).ShardIterator;
    expect(emulator.kinesis.call('GetRecords', { ShardIterator: iterator }).Records).toEqual([]);
  });

  test('each action that is not allowed has a line that names it; one that can be done without warns only', async () => {
    createTable();
    const seen = ['kinesis:DescribeStreamSummary', 'kinesis:ListShards', 'kinesis:GetShardIterator'];
    emulator.iam.attach('AKIDEXAMPLE', [allow(...seen)]);
    const blind = await doctor();
    emulator.iam.attach('AKIDEXAMPLE', [allow(...NEEDED.filter((action) => !seen.includes(action)))]);
    const deaf = await doctor();
    for (const action of NEEDED) {
      expect((seen.slice(0, 2).includes(action) ? deaf : blind).line('permission', action)).toMatchObject(
        action === 'kinesis:GetShardIterator'
          ? { verdict: 'ok' }
          : {
              verdict: action.startsWith('cloudwatch') ? 'warning' : 'failed',
              code: 'AWS_ACCESS_DENIED',
              hint: expect.stringContaining(action),
            },
      );
    }
    expect(bad(deaf)).toEqual(expect.arrayContaining(['stream.state stream orders']));
  });

  test('a sink is tried to put a record that no shard could hold', async () => {
    const file = join(folder, 'sink.json');
    const { configs, ...rest } = sourceOf({}) as { readonly configs: { readonly aws: object } };
    const sink = {
      ...rest,
      inputs: ['orders'],
      topicName: undefined,
      configs: { awsKinesisStreamName: 'orders', aws: configs.aws },
    };
    writeFileSync(file, JSON.stringify({ pulsar: { serviceUrl: broker.serviceUrl }, sinks: [sink] }));
    expect((await run(file, '--json')).code).toBe(0);
    emulator.iam.attach('AKIDEXAMPLE', [
      allow('kinesis:DescribeStreamSummary', 'kinesis:ListShards', 'sts:*'),
    ]);
    const { code, stdout } = await run(file, '--json');
    expect(code).toBe(3);
    expect(stdout).toContain('Grant kinesis:PutRecords on');
  });
});

describe('what is wrong is found', () => {
  test('access keys that AWS does not know', async () => {
    emulator.iam.attach('SOMEBODYELSE', [allow('*')]);
    const { line, code } = await doctor();
    expect(line('credentials.identity')).toMatchObject({ verdict: 'failed', code: 'AWS_CREDENTIALS' });
    expect(line('stream.state')).toMatchObject({ verdict: 'skipped' });
    expect(code).toBe(3);
  });

  test('a clock that is off', async () => {
    emulator.clock.advance(20_000);
    expect((await doctor()).line('endpoint.clock')).toMatchObject({ verdict: 'warning' });
    emulator.clock.advance(600_000);
    expect((await doctor()).line('endpoint.clock')).toMatchObject({
      verdict: 'failed',
      code: 'AWS_CLOCK_SKEW',
    });
  });

  test('a stream that is not there', async () => {
    const { line } = await doctor({ configs: { awsKinesisStreamName: 'nowhere' } });
    expect(line('stream.state')).toMatchObject({ verdict: 'failed', code: 'KINESIS_STREAM_NOT_FOUND' });
    expect(line('stream.shards')).toMatchObject({ verdict: 'skipped', found: 'because of "stream nowhere"' });
  });

  test('records that may not be decrypted', async () => {
    emulator.faults.add({
      operation: 'GetRecords',
      fault: { kind: 'error', type: 'KMSAccessDeniedException' },
    });
    expect((await doctor()).line('stream.read')).toMatchObject({ verdict: 'failed', code: 'KINESIS_KMS' });
  });

  test('a shard that shardIds names and the stream has not', async () => {
    const { line } = await doctor({ configs: { shardIds: ['shardId-000000000009'] } });
    expect(line('stream.shards')).toMatchObject({ verdict: 'failed' });
  });

  test('a consumer that must be there, and is not', async () => {
    const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/gone:1767225600';
    const { line } = await doctor({ configs: { retrievalMode: 'fan-out', consumerArn: arn } });
    expect(line('stream.consumer')).toMatchObject({ verdict: 'failed', code: 'KINESIS_CONSUMER_NOT_FOUND' });
  });

  test('patterns that match nothing', async () => {
    const { line } = await doctor({ configs: { awsKinesisStreamName: 'x-*' } });
    expect(line('stream.find')).toMatchObject({ verdict: 'warning' });
  });

  test('streams that patterns match are looked at one by one', async () => {
    emulator.kinesis.call('CreateStream', { StreamName: 'orders-2', ShardCount: 1 });
    const { line } = await doctor({ configs: { awsKinesisStreamName: 'orders*' } });
    expect(line('stream.find')?.found).toBe('2 streams: orders, orders-2');
    expect(line('stream.state', 'orders-2')).toMatchObject({ verdict: 'ok' });
  });

  test('no table where none may be created', async () => {
    const found = (await doctor({ configs: { leaseTableCreate: false } })).line('table.state');
    expect(found).toMatchObject({ verdict: 'failed', code: 'LEASE_TABLE_NOT_FOUND' });
    expect(found?.hint).toContain('aws dynamodb create-table');
  });

  test('a table of another shape', async () => {
    createTable(TABLE, 'id');
    expect((await doctor()).line('table.state')).toMatchObject({ code: 'LEASE_TABLE_WRONG_SHAPE' });
  });

  test('rows of another stream', async () => {
    createTable();
    putRow(
      lease('shardId-000000000000', { streamArn: { S: 'arn:aws:kinesis:us-east-1:000000000000:stream/x' } }),
    );
    expect((await doctor()).line('table.rows')).toMatchObject({ code: 'LEASE_TABLE_OTHER_STREAM' });
  });

  test('a live KCL 3.x fleet in 3X mode', async () => {
    createTable();
    createTable(`${TABLE}-CoordinatorState`, 'key');
    createTable(`${TABLE}-WorkerMetricStats`, 'wid');
    putRow({ key: { S: 'Migration3.0' }, cv: { S: 'CLIENT_VERSION_3X' } }, `${TABLE}-CoordinatorState`);
    const lut = { N: String(Math.floor(emulator.clock.now() / 1000)) };
    putRow({ wid: { S: 'java' }, lut }, `${TABLE}-WorkerMetricStats`);
    expect((await doctor()).line('table.fleet-3x')).toMatchObject({ code: 'LEASE_TABLE_LIVE_3X_FLEET' });
  });

  test('who holds leases and is silent is told apart from who writes', async () => {
    createTable();
    putRow(lease('shardId-000000000000', { leaseOwner: { S: 'alive' } }));
    putRow(lease('shardId-000000000001', { leaseOwner: { S: 'dead' } }));
    let counter = 7;
    emulator.faults.add({
      operation: 'Scan',
      fault: { kind: 'latency', ms: 0, applied: true },
      when: () => {
        const leaseCounter = { N: String(++counter) };
        putRow(lease('shardId-000000000000', { leaseOwner: { S: 'alive' }, leaseCounter }));
        return false;
      },
    });
    const { line } = await doctor({ configs: { failoverTime: 1000 } });
    expect(line('table.owners')?.found).toBe('running: alive with 1 lease; silent for 500 ms: dead');
  });

  test('a checkpoint that Kinesis will soon have trimmed', async () => {
    emulator.kinesis.call('PutRecord', { StreamName: 'orders', PartitionKey: 'a', Data: '' });
    const { SequenceNumber: checkpoint, ShardId: shardId } = emulator.kinesis.call('PutRecord', {
      StreamName: 'orders',
      PartitionKey: 'a',
      Data: '',
    });
    emulator.kinesis.call('PutRecord', { StreamName: 'orders', PartitionKey: 'a', Data: '' });
    createTable();
    putRow(lease(shardId, { checkpoint: { S: checkpoint } }));
    expect((await doctor()).line('stream.lag')).toMatchObject({ verdict: 'ok' });
    emulator.clock.advance(20 * 3_600_000);
    emulator.faults.clear();
    expect((await doctor()).line('stream.lag')).toMatchObject({ verdict: 'warning' });
  });

  test('an endpoint where nobody listens', async () => {
    const { aws } = (sourceOf({}) as { readonly configs: { readonly aws: { readonly endpoints: object } } })
      .configs;
    const endpoints = { ...aws.endpoints, dynamodb: 'http://127.0.0.1:1' };
    const { line } = await doctor({ configs: { aws: { ...aws, endpoints } } });
    expect(line('endpoint.reach', 'dynamodb')).toMatchObject({ verdict: 'failed', code: 'AWS_UNAVAILABLE' });
  });

  test('what does not answer in time', async () => {
    emulator.faults.add({ operation: 'ListShards', fault: { kind: 'silence', applied: false } });
    const { line } = await doctor({ flags: ['--timeout', '300'] });
    expect(line('stream.shards')).toMatchObject({ verdict: 'failed', code: 'DOCTOR_TIMEOUT' });
  });
});

describe('Pulsar', () => {
  test('a cluster that is not there', async () => {
    const { line, code } = await doctor({ pulsar: { serviceUrl: 'pulsar://127.0.0.1:1' } });
    expect(line('endpoint.reach', 'pulsar')).toMatchObject({ verdict: 'failed', code: 'PULSAR_UNAVAILABLE' });
    expect(line('topic.find')).toMatchObject({ verdict: 'skipped' });
    expect(code).toBe(3);
  });

  test('a token that is refused', async () => {
    broker.script.tokens = ['good'];
    const authentication = { type: 'token', token: 'bad' };
    const { line } = await doctor({ pulsar: { serviceUrl: broker.serviceUrl, authentication } });
    expect(line('pulsar.login')).toMatchObject({ verdict: 'failed', code: 'PULSAR_AUTHENTICATION' });
  });

  test('a topic that is not there is no reason to create it', async () => {
    const { line } = await doctor({ source: { topicName: 'nowhere' } });
    expect(line('topic.find')).toMatchObject({ verdict: 'warning', code: 'PULSAR_TOPIC_NOT_FOUND' });
    expect(line('topic.producer')).toMatchObject({ verdict: 'skipped' });
    expect(broker.commands('producer')).toEqual([]);
  });

  test('a producer that may not be made', async () => {
    broker.script.producerError = () => 4;
    expect((await doctor()).line('topic.producer')).toMatchObject({ code: 'PULSAR_AUTHORIZATION' });
  });

  test('no producer is opened with --no-connect-producer', async () => {
    const { line } = await doctor({ flags: ['--no-connect-producer'] });
    expect(line('topic.producer')).toBeUndefined();
    expect(broker.commands('producer')).toEqual([]);
  });

  test('a topic that does not deduplicate, or takes another schema', async () => {
    const server = createServer((request, response) => {
      response.end(request.url?.includes('/compatibility') ? '{"compatibility":false}' : 'false');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const adminUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { line } = await doctor({
      pulsar: { serviceUrl: broker.serviceUrl, adminUrl },
      source: { processingGuarantees: 'EFFECTIVELY_ONCE' },
      configs: { outputFormat: 'json' },
    });
    server.close();
    expect(line('topic.deduplication')).toMatchObject({
      verdict: 'failed',
      code: 'PULSAR_DEDUPLICATION_OFF',
    });
    expect(line('topic.schema')).toMatchObject({ verdict: 'failed', code: 'PULSAR_SCHEMA_REFUSED' });
  });
});
