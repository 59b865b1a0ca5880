import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
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
let admin: Server | undefined;

beforeEach(async () => {
  emulator = await startEmulator();
  emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 2 });
  broker = await FakePulsarBroker.start();
  broker.consumers.topic('orders');
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
});

afterEach(async () => {
  admin?.close();
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

/** Into the first shard. @returns its sequence number */
function putRecord(): string {
  const record = { StreamName: 'orders', PartitionKey: 'a', ExplicitHashKey: '0', Data: '' };
  return emulator.kinesis.call('PutRecord', record).SequenceNumber;
}

/** A REST API of the cluster. @returns its address */
async function startAdmin(answer: RequestListener): Promise<string> {
  admin = createServer(answer);
  await new Promise<void>((resolve) => admin?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(admin.address() as AddressInfo).port}`;
}

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
  const found = await doctor({ configs: { onError: 'dlq', deadLetterTopic: 'nowhere' } });
  expect(bad(found)).toEqual([]);
  expect(found.code).toBe(0);
  expect(found.line('credentials.identity')?.found).toContain('of account 000000000000');
  expect(found.line('topic.producer')).toMatchObject({ verdict: 'ok' });
  expect(found.line('topic.dead-letters')).toMatchObject({ verdict: 'warning' });
  expect(found.line('table.failover')?.found).toContain('within 5 s');
});

test('a warning fails with --strict, and no producer is opened with --no-connect-producer', async () => {
  const configs = { onError: 'dlq', deadLetterTopic: 'nowhere' };
  const { code, line } = await doctor({ configs, flags: ['--strict', '--no-connect-producer'] });
  expect(code).toBe(3);
  expect(line('topic.producer')).toBeUndefined();
  expect(broker.commands('producer')).toEqual([]);
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

  test('a sink is tried to put a record that no shard could hold, and needs no right to look at statistics', async () => {
    const admin = await startAdmin((_, response) => response.writeHead(403).end());
    const pulsar = { serviceUrl: broker.serviceUrl, adminUrl: admin };
    const file = join(folder, 'sink.json');
    const { configs, ...rest } = sourceOf({}) as { readonly configs: { readonly aws: object } };
    const sink = {
      ...rest,
      inputs: ['orders'],
      topicName: undefined,
      configs: { awsKinesisStreamName: 'orders', aws: configs.aws },
    };
    writeFileSync(file, JSON.stringify({ pulsar, sinks: [sink] }));
    const allowed = await run(file, '--json');
    expect(allowed.code).toBe(0);
    expect(allowed.stdout).toContain('it is not for this role to see');
    emulator.iam.attach('AKIDEXAMPLE', [
      allow('kinesis:DescribeStreamSummary', 'kinesis:ListShards', 'sts:*'),
    ]);
    const { code, stdout } = await run(file, '--json');
    expect(code).toBe(3);
    expect(stdout).toContain('Grant kinesis:PutRecords on');
  });
});

describe('what is wrong is found, and hides nothing else', () => {
  test('access keys that AWS does not know, and a cluster that is not there', async () => {
    emulator.iam.attach('SOMEBODYELSE', [allow('*')]);
    const { line, code } = await doctor({ pulsar: { serviceUrl: 'pulsar://127.0.0.1:1' } });
    expect(line('credentials.identity')).toMatchObject({ verdict: 'failed', code: 'AWS_CREDENTIALS' });
    expect(line('stream.state')).toMatchObject({ verdict: 'skipped' });
    expect(line('endpoint.reach', 'pulsar')).toMatchObject({ verdict: 'failed', code: 'PULSAR_UNAVAILABLE' });
    expect(line('topic.find')).toMatchObject({ verdict: 'skipped' });
    expect(code).toBe(3);
  });

  test('a clock that is off, and a stream that is not there', async () => {
    emulator.clock.advance(620_000);
    const { line } = await doctor({ configs: { awsKinesisStreamName: 'nowhere' } });
    expect(line('endpoint.clock')).toMatchObject({ verdict: 'failed', code: 'AWS_CLOCK_SKEW' });
    expect(line('stream.state')).toMatchObject({ verdict: 'failed', code: 'KINESIS_STREAM_NOT_FOUND' });
    expect(line('stream.shards')).toMatchObject({ verdict: 'skipped', found: 'because of "stream nowhere"' });
  });

  test('records that may not be decrypted, a table of another shape, and a producer that may not be made', async () => {
    emulator.faults.add({
      operation: 'GetRecords',
      fault: { kind: 'error', type: 'KMSAccessDeniedException' },
    });
    createTable(TABLE, 'id');
    broker.script.producerError = () => 4;
    const { line } = await doctor();
    expect(line('stream.read')).toMatchObject({ verdict: 'failed', code: 'KINESIS_KMS' });
    expect(line('table.state')).toMatchObject({ code: 'LEASE_TABLE_WRONG_SHAPE' });
    expect(line('topic.producer')).toMatchObject({ code: 'PULSAR_AUTHORIZATION' });
  });

  test('a shard and a consumer that are not there, no table where none may be created, no topic', async () => {
    const consumerArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/gone:1767225600';
    const { line } = await doctor({
      configs: {
        shardIds: ['shardId-000000000009'],
        retrievalMode: 'fan-out',
        consumerArn,
        leaseTableCreate: false,
      },
      source: { topicName: 'nowhere' },
    });
    expect(line('stream.shards')).toMatchObject({ verdict: 'failed' });
    expect(line('stream.consumer')).toMatchObject({ verdict: 'failed', code: 'KINESIS_CONSUMER_NOT_FOUND' });
    expect(line('table.state')).toMatchObject({ verdict: 'failed', code: 'LEASE_TABLE_NOT_FOUND' });
    expect(line('table.state')?.hint).toContain('aws dynamodb create-table');
    expect(line('topic.find')).toMatchObject({ verdict: 'warning', code: 'PULSAR_TOPIC_NOT_FOUND' });
    expect(line('topic.producer')).toMatchObject({ verdict: 'skipped' });
    expect(broker.commands('producer')).toEqual([]);
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

  test('rows of another stream, and a live KCL 3.x fleet in 3X mode', async () => {
    createTable();
    putRow(
      lease('shardId-000000000000', { streamArn: { S: 'arn:aws:kinesis:us-east-1:000000000000:stream/x' } }),
    );
    createTable(`${TABLE}-CoordinatorState`, 'key');
    createTable(`${TABLE}-WorkerMetricStats`, 'wid');
    putRow({ key: { S: 'Migration3.0' }, cv: { S: 'CLIENT_VERSION_3X' } }, `${TABLE}-CoordinatorState`);
    const lut = { N: String(Math.floor(emulator.clock.now() / 1000)) };
    putRow({ wid: { S: 'java' }, lut }, `${TABLE}-WorkerMetricStats`);
    const { line } = await doctor();
    expect(line('table.rows')).toMatchObject({ code: 'LEASE_TABLE_OTHER_STREAM' });
    expect(line('table.fleet-3x')).toMatchObject({ code: 'LEASE_TABLE_LIVE_3X_FLEET' });
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
    const sequenceNumbers = Array.from({ length: 3 }, () => putRecord());
    createTable();
    const [, checkpoint = ''] = sequenceNumbers;
    putRow(lease('shardId-000000000000', { checkpoint: { S: checkpoint } }));
    emulator.clock.advance(20 * 3_600_000);
    expect((await doctor()).line('stream.lag')).toMatchObject({ verdict: 'warning' });
  });

  test('a running connector that leaves no read to others is no failure', async () => {
    createTable();
    putRow(lease('shardId-000000000000', { checkpoint: { S: putRecord() } }));
    emulator.faults.add({
      operation: 'GetRecords',
      fault: { kind: 'error', type: 'ProvisionedThroughputExceededException' },
    });
    const found = await doctor();
    expect(found.line('stream.lag')).toMatchObject({ verdict: 'skipped' });
    expect(bad(found)).toEqual([]);
  });

  test('checkpoints of a stream of the same name that is no more are not looked for in this one', async () => {
    createTable();
    const id = '000000000000:orders:1600000000';
    const shardId = 'shardId-000000000000';
    putRow(
      lease(`${id}:${shardId}`, {
        streamName: { S: id },
        shardId: { S: shardId },
        checkpoint: { S: `4${'9'.repeat(55)}` },
      }),
    );
    const { line } = await doctor({ configs: { awsKinesisStreamName: 'orders*' } });
    expect(line('stream.lag')).toMatchObject({ verdict: 'skipped', found: 'nothing was stored yet' });
  });

  test('an endpoint where nobody listens, and a token that is refused', async () => {
    const { aws } = (sourceOf({}) as { readonly configs: { readonly aws: { readonly endpoints: object } } })
      .configs;
    const endpoints = { ...aws.endpoints, dynamodb: 'http://127.0.0.1:1' };
    broker.script.tokens = ['good'];
    const { line } = await doctor({
      configs: { aws: { ...aws, endpoints } },
      pulsar: { serviceUrl: broker.serviceUrl, authentication: { type: 'token', token: 'bad' } },
    });
    expect(line('endpoint.reach', 'dynamodb')).toMatchObject({ verdict: 'failed', code: 'AWS_UNAVAILABLE' });
    expect(line('pulsar.login')).toMatchObject({ verdict: 'failed', code: 'PULSAR_AUTHENTICATION' });
  });

  test('a topic that does not deduplicate, or takes another schema', async () => {
    const adminUrl = await startAdmin((request, response) => {
      response.end(request.url?.includes('/compatibility') ? '{"compatibility":false}' : 'false');
    });
    const { line } = await doctor({
      pulsar: { serviceUrl: broker.serviceUrl, adminUrl },
      source: { processingGuarantees: 'EFFECTIVELY_ONCE' },
      configs: { outputFormat: 'json' },
    });
    expect(line('topic.deduplication')).toMatchObject({
      verdict: 'failed',
      code: 'PULSAR_DEDUPLICATION_OFF',
    });
    expect(line('topic.schema')).toMatchObject({ verdict: 'failed', code: 'PULSAR_SCHEMA_REFUSED' });
  });
});
