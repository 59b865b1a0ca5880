import fc from 'fast-check';
import { type Emulator, INTERNAL_FAILURE, startEmulator } from '../../../src/emulator';
import { readCbor, writeCbor } from '../../../src/emulator/cbor-value';
import { SettableClock } from '../../../src/emulator/clock';
import type { WireTypes } from '../../../src/emulator/service-model';
import { framesOf } from '../../support/event-frames';
import { bodyOf, WIRE_CLIENTS, type WireClient } from '../../support/wire-client';

const CBOR = 'application/x-amz-cbor-1.1';
const JSON_1_1 = 'application/x-amz-json-1.1';
const START = Date.UTC(2026, 0, 1, 12) + 345;
/** START: tag 1, then its milliseconds in eight bytes. */
const INSTANT = 'c11b0000019b796dd759';
const StreamName = 'orders';
const ShardId = 'shardId-000000000000';
const TYPES: WireTypes = { blobs: new Set(['Data']), timestamps: new Set(['Timestamp']) };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const text = (value: string): string => hex(Buffer.from(value));

describe('CBOR as AWS speaks it', () => {
  test('bytes are a byte string, instants tag 1 with whole milliseconds, everything else as in JSON', () => {
    const value = {
      Data: 'AAEC',
      Timestamp: START / 1000,
      Limit: 7,
      Empty: undefined,
      List: [true, null],
    };
    expect(hex(writeCbor(value, TYPES))).toBe(
      `a4 64${text('Data')} 43000102 69${text('Timestamp')} ${INSTANT} 65${text('Limit')} 07 64${text('List')} 82f5f6`.replaceAll(
        ' ',
        '',
      ),
    );
  });

  test('maps, lists, texts and bytes of unknown length are understood, as the Java SDK sends them', () => {
    const sent = bytes(
      `bf 64${text('Data')} 5f 4100 420102 ff 69${text('Timestamp')} ${INSTANT} 64${text('Name')} 7f 62${text('ab')} 61${text('c')} ff 64${text('List')} 9f 01 ff ff`,
    );
    expect(readCbor(sent, TYPES)).toEqual({
      Data: 'AAEC',
      Timestamp: START / 1000,
      Name: 'abc',
      List: [1],
    });
  });

  test('what is written is read as it was', () => {
    const instant = fc.integer({ min: -1e12, max: 1e14 }).map((ms) => ms / 1000);
    const blob = fc.uint8Array().map((data) => Buffer.from(data).toString('base64'));
    const structure = fc.letrec((tie) => ({
      value: fc.oneof(
        fc.string(),
        fc.integer(),
        fc.double({ noNaN: true }),
        fc.boolean(),
        tie('map'),
        tie('list'),
      ),
      list: fc.array(tie('value'), { maxLength: 5 }),
      map: fc.record(
        { Data: blob, Timestamp: instant, Name: fc.string(), Members: tie('list'), Inner: tie('map') },
        { requiredKeys: [] },
      ),
    })).map;
    fc.assert(
      fc.property(structure, (value) => {
        // CBOR keeps what JSON does: not the sign of a zero.
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(readCbor(writeCbor(plain, TYPES), TYPES)).toEqual(plain);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ['no CBOR', 'ff'],
    ['CBOR that breaks off', `a1 64${text('Data')} 43 00`],
    ['text for bytes', `a1 64${text('Data')} 64 ${text('AAEC')}`],
    ['bytes for text', `a1 64${text('Name')} 43 000102`],
    ['a number for an instant', `a1 69${text('Timestamp')} 1b0000019b796dd759`],
    ['an instant for a number', `a1 65${text('Limit')} c1 01`],
    ['bytes for the body', '43000102'],
  ])('%s is refused', (_what, sent) => {
    expect(() => readCbor(bytes(sent), TYPES)).toThrow(
      expect.objectContaining({ type: 'SerializationException' }),
    );
  });

  test('a member that is null is none, whatever its type', () => {
    expect(readCbor(bytes(`a2 64${text('Data')} f6 69${text('Timestamp')} f6`), TYPES)).toEqual({
      Data: null,
      Timestamp: null,
    });
  });
});

describe.each(WIRE_CLIENTS)('Kinesis by CBOR over %s', (_version, open) => {
  let emulator: Emulator;
  let client: WireClient;

  async function start(options: { readonly cbor?: boolean } = {}): Promise<void> {
    emulator = await startEmulator({ clock: new SettableClock({ now: () => START }), ...options });
    client = open(emulator.kinesisPort);
    emulator.kinesis.call('CreateStream', { StreamName, ShardCount: 1 });
  }

  afterEach(async () => {
    client.close();
    await emulator.close();
  });

  async function call(operation: string, input: unknown, type = CBOR) {
    const wireTypes = emulator.kinesis.wireTypes;
    const answer = await client.post(
      { 'content-type': type, 'x-amz-target': `Kinesis_20131202.${operation}` },
      type === CBOR ? writeCbor(input, wireTypes) : JSON.stringify(input),
    );
    const { status, headers } = answer;
    const sent = await bodyOf(answer);
    const read = () =>
      headers['content-type'] === CBOR ? readCbor(sent, wireTypes) : JSON.parse(sent.toString());
    return { status, type: headers['content-type'], sent, value: read() };
  }

  test('every answer says what JSON says', async () => {
    await start();
    const put = await call('PutRecords', {
      StreamName,
      Records: [
        { Data: 'AAEC', PartitionKey: 'a' },
        { Data: '', PartitionKey: 'ä' },
      ],
    });
    expect(put).toMatchObject({ status: 200, type: CBOR, value: { FailedRecordCount: 0 } });
    const at = { StreamName, ShardId, ShardIteratorType: 'AT_TIMESTAMP', Timestamp: START / 1000 };
    const { ShardIterator } = (await call('GetShardIterator', at)).value as { ShardIterator: string };
    for (const [operation, input] of [
      ['GetRecords', { ShardIterator }],
      ['DescribeStreamSummary', { StreamName }],
      ['ListShards', { StreamName, ShardFilter: { Type: 'AT_TIMESTAMP', Timestamp: START / 1000 } }],
      ['ListStreams', {}],
    ] as const) {
      const [byCbor, byJson] = [await call(operation, input), await call(operation, input, JSON_1_1)];
      expect(byCbor.type).toBe(CBOR);
      expect(byCbor.value).toEqual(byJson.value);
    }
    const records = (await call('GetRecords', { ShardIterator })).sent;
    expect(hex(records)).toContain(`64${text('Data')}43000102`);
    expect(hex(records)).toContain(`${text('ApproximateArrivalTimestamp')}${INSTANT}`);
  });

  test('an error is CBOR as well', async () => {
    await start();
    expect(await call('DescribeStreamSummary', { StreamName: 'none' })).toMatchObject({
      status: 400,
      type: CBOR,
      value: {
        __type: 'ResourceNotFoundException',
        message: 'Stream none under account 000000000000 not found.',
      },
    });
    expect(await call('Fly', {})).toMatchObject({ status: 400, type: CBOR });
  });

  test('events and exceptions of a subscription carry CBOR, its frame is that of JSON', async () => {
    await start();
    await call('PutRecord', { StreamName, Data: 'AAEC', PartitionKey: 'a' });
    const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`;
    const { Consumer } = (await call('RegisterStreamConsumer', { StreamARN, ConsumerName: 'reader' }))
      .value as {
      Consumer: { ConsumerARN: string; ConsumerCreationTimestamp: number };
    };
    expect(Consumer.ConsumerCreationTimestamp).toBe(Math.floor(START / 1000));
    emulator.faults.add({
      operation: 'SubscribeToShard',
      fault: { kind: 'events', after: 1, ending: INTERNAL_FAILURE },
    });
    const subscription = await client.post(
      { 'content-type': CBOR, 'x-amz-target': 'Kinesis_20131202.SubscribeToShard' },
      writeCbor({ ConsumerARN: Consumer.ConsumerARN, ShardId, StartingPosition: { Type: 'TRIM_HORIZON' } }),
    );
    const stream = await bodyOf(subscription);
    const frames = framesOf(stream);
    expect(frames.map(({ headers }) => headers[':content-type'])).toEqual([CBOR, CBOR, CBOR]);
    expect(frames.map(({ body }) => readCbor(body, emulator.kinesis.wireTypes))).toEqual([
      {},
      expect.objectContaining({
        Records: [expect.objectContaining({ Data: 'AAEC', ApproximateArrivalTimestamp: START / 1000 })],
      }),
      { __type: 'InternalFailure', message: '' },
    ]);
  });

  test('faults strike it as they strike JSON', async () => {
    await start();
    emulator.faults.add({
      operation: 'PutRecords',
      fault: { kind: 'refuse-entries', share: 1, errorCode: 'InternalFailure' },
    });
    const { value } = await call('PutRecords', {
      StreamName,
      Records: [{ Data: 'AAEC', PartitionKey: 'a' }],
    });
    expect(value).toEqual({
      FailedRecordCount: 1,
      Records: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'Internal Service Failure' }],
    });
  });

  test('an emulator without CBOR refuses it in JSON, and nothing is done', async () => {
    await start({ cbor: false });
    expect(await call('DeleteStream', { StreamName })).toMatchObject({
      status: 404,
      type: JSON_1_1,
      value: { __type: 'UnknownOperationException' },
    });
    expect((await call('DescribeStreamSummary', { StreamName }, JSON_1_1)).status).toBe(200);
  });

  test('a service that does not speak it refuses it', async () => {
    await start();
    const answer = await client.post(
      { 'content-type': CBOR, 'x-amz-target': 'DynamoDB_20120810.ListTables' },
      writeCbor({}),
    );
    expect([answer.status, readCbor(await bodyOf(answer))]).toEqual([
      404,
      { __type: 'UnknownOperationException', message: `Content type ${CBOR} is not emulated.` },
    ]);
  });
});
