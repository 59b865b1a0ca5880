import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { SettableClock } from '../../../src/emulator/clock';
import { Faults, THROTTLE } from '../../../src/emulator/faults';
import { createKinesisModel, type KinesisModel } from '../../../src/emulator/kinesis/model';
import { type RunningServer, startServer } from '../../../src/emulator/server';
import { systemClock } from '../../../src/util/clock';
import { seededRandom } from '../../../src/util/random';
import { bodyOf, WIRE_CLIENTS, type WireClient, type WireHead } from '../../support/wire-client';

const START = Date.UTC(2026, 0, 1, 12);
const StreamName = 'orders';
/** What clients of either version say of a connection that ends before the answer. */
const CUT = /socket hang up|cut before an answer/;

interface Answer {
  readonly status: number;
  readonly headers: WireHead['headers'];
  readonly body: { readonly [name: string]: unknown };
}

let kinesis: KinesisModel;
let faults: Faults;
let server: RunningServer;
let client: WireClient;

beforeEach(async () => {
  const clock = new SettableClock({ now: () => START });
  kinesis = createKinesisModel({ clock });
  kinesis.call('CreateStream', { StreamName, ShardCount: 1 });
  faults = new Faults(seededRandom(1));
  server = await startServer({
    services: [kinesis],
    clock,
    timer: systemClock,
    random: seededRandom(1),
    faults,
    host: '127.0.0.1',
    port: 0,
  });
});

afterEach(async () => {
  client.close();
  await server.close();
});

async function post(
  operation: string,
  input: unknown,
  headers: { [name: string]: string } = {},
): Promise<Answer> {
  const answer = await client.post(
    {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Kinesis_20131202.${operation}`,
      ...headers,
    },
    typeof input === 'string' || input instanceof Uint8Array ? input : JSON.stringify(input),
  );
  return { ...answer, body: JSON.parse((await bodyOf(answer)).toString()) };
}

const put = () => post('PutRecord', { StreamName, Data: 'AAEC', PartitionKey: 'key' });

function stored(): number {
  const { ShardIterator } = kinesis.call('GetShardIterator', {
    StreamName,
    ShardId: 'shardId-000000000000',
    ShardIteratorType: 'TRIM_HORIZON',
  });
  return kinesis.call('GetRecords', { ShardIterator }).Records.length;
}

describe.each(WIRE_CLIENTS)('emulator over %s', (_version, open) => {
  beforeEach(() => {
    client = open(server.port);
  });

  test('an answer carries the time of the settable clock, a request id and the content type of the call', async () => {
    const answer = await post('ListStreams', {}, { 'content-type': 'application/x-amz-json-1.0' });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      date: 'Thu, 01 Jan 2026 12:00:00 GMT',
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-requestid': expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    });
  });

  test.each([
    ['an unknown operation', 'Fly', {}, {}, 400, 'UnknownOperationException'],
    ['an unknown service', 'Get', {}, { 'x-amz-target': 'Other_1.Get' }, 400, 'UnknownOperationException'],
    ['no target', 'Get', {}, { 'x-amz-target': '' }, 400, 'UnknownOperationException'],
    [
      'another content type',
      'ListStreams',
      {},
      { 'content-type': 'text/plain' },
      404,
      'UnknownOperationException',
    ],
    ['a body that is no JSON', 'ListStreams', '{', {}, 400, 'SerializationException'],
    ['a wrong type', 'CreateStream', { StreamName: 7 }, {}, 400, 'SerializationException'],
    [
      'bytes that are no base64',
      'PutRecord',
      { StreamName, Data: 'A-_=', PartitionKey: 'k' },
      {},
      400,
      'SerializationException',
    ],
    ['an unknown stream', 'DescribeStream', { StreamName: 'none' }, {}, 400, 'ResourceNotFoundException'],
  ])('%s is refused as AWS refuses it', async (_what, operation, input, headers, status, type) => {
    const answer = await post(operation, input, headers);
    expect([answer.status, answer.body.__type]).toEqual([status, type]);
  });

  test('every broken constraint of a request is named, in the words of AWS', async () => {
    const { body } = await post('PutRecords', { StreamName: '', Records: [{ Data: '', PartitionKey: '' }] });
    expect(body).toEqual({
      __type: 'ValidationException',
      message:
        "3 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: Member must have length " +
        "greater than or equal to 1; Value '' at 'streamName' failed to satisfy constraint: Member must satisfy " +
        "regular expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'records.1.member.partitionKey' failed to satisfy " +
        'constraint: Member must have length greater than or equal to 1',
    });
  });

  test('a compressed body is unpacked, and the answer may be larger than what a connection takes at once', async () => {
    const Data = Buffer.alloc(1_000_000, 'a').toString('base64');
    for (let count = 0; count < 4; count++) {
      const input = gzipSync(JSON.stringify({ StreamName, Data, PartitionKey: 'key' }));
      expect((await post('PutRecord', input, { 'content-encoding': 'gzip' })).status).toBe(200);
    }
    const { ShardIterator } = kinesis.call('GetShardIterator', {
      StreamName,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    });
    const { body } = await post('GetRecords', { ShardIterator });
    expect((body.Records as { Data: string }[]).map((record) => record.Data)).toEqual([
      Data,
      Data,
      Data,
      Data,
    ]);
  });

  test('an error fault is answered and nothing is done', async () => {
    faults.add({ operation: 'PutRecord', fault: THROTTLE, times: 1 });
    const answer = await put();
    expect([answer.status, answer.body.__type]).toEqual([400, 'ProvisionedThroughputExceededException']);
    expect(stored()).toBe(0);
    expect((await put()).status).toBe(200);
  });

  test.each([
    ['done', true, 1],
    ['not done', false, 0],
  ])('a call that is cut off is %s when the fault says so', async (_what, applied, count) => {
    faults.add({ operation: 'PutRecord', fault: { kind: 'disconnect', applied } });
    await expect(put()).rejects.toThrow(CUT);
    expect(stored()).toBe(count);
  });

  test.each([
    ['done', true, 1],
    ['not done', false, 0],
  ])('a call that is never answered is %s when the fault says so', async (_what, applied, count) => {
    const rule = faults.add({ operation: 'PutRecord', fault: { kind: 'silence', applied } });
    const unanswered = put();
    await rule.reached(1);
    // A later call on another connection is answered: then the silent one had its turn.
    await post('ListStreams', {});
    expect(stored()).toBe(count);
    await server.close();
    await expect(unanswered).rejects.toThrow(CUT);
  });

  test('a delayed call is done before or after its delay', async () => {
    const late = faults.add({
      operation: 'PutRecord',
      fault: { kind: 'latency', ms: 60, applied: false },
      times: 1,
    });
    const first = put();
    await late.reached(1);
    expect(stored()).toBe(0);
    await first;
    expect(stored()).toBe(1);
    const slow = faults.add({
      operation: 'PutRecord',
      fault: { kind: 'latency', ms: 60, applied: true },
      times: 1,
    });
    const start = systemClock.monotonic();
    const second = put();
    await slow.reached(1);
    await post('ListStreams', {});
    expect(stored()).toBe(2);
    await second;
    expect(systemClock.monotonic() - start).toBeGreaterThanOrEqual(59);
  });

  test('some entries of PutRecords are refused and the others are stored', async () => {
    faults.add({
      operation: 'PutRecords',
      fault: { kind: 'refuse-entries', share: 0.5, errorCode: 'InternalFailure' },
    });
    const Records = Array.from({ length: 20 }, () => ({ Data: 'AAEC', PartitionKey: 'key' }));
    const { body } = await post('PutRecords', { StreamName, Records });
    expect(stored()).toBe(20 - Number(body.FailedRecordCount));
    expect(body.Records).toContainEqual({
      ErrorCode: 'InternalFailure',
      ErrorMessage: 'Internal Service Failure',
    });
  });

  test('close cuts idle and busy connections and frees the port', async () => {
    const idle = connect(server.port, '127.0.0.1');
    await once(idle, 'connect');
    // Answered behind it: then the server knows of the other one.
    await post('ListStreams', {});
    const cut = once(idle, 'close');
    await server.close();
    await cut;
    const refused = connect(server.port, '127.0.0.1');
    const [error] = await once(refused, 'error');
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
