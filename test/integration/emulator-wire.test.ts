import { createHash } from 'node:crypto';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  type KinesisClientConfig,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
  type SubscribeToShardCommandOutput,
} from '@aws-sdk/client-kinesis';
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler';
import { accessDenied, type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator';

const StreamName = 'orders';
const ShardId = 'shardId-000000000000';

const HANDLERS = [
  ['HTTP/1.1', () => new NodeHttpHandler()],
  ['HTTP/2, a connection for all', () => new NodeHttp2Handler()],
  ['HTTP/2, a connection a call', () => new NodeHttp2Handler({ disableConcurrentStreams: true })],
] as const;

describe.each(HANDLERS)("AWS' own client over %s", (_version, handler) => {
  let emulator: Emulator;
  let client: KinesisClient;

  async function start(options: EmulatorOptions = {}, config: KinesisClientConfig = {}): Promise<void> {
    emulator = await startEmulator(options);
    client = new KinesisClient({
      region: 'us-east-1',
      endpoint: emulator.kinesisEndpoint,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
      requestHandler: handler(),
      ...config,
    });
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  }

  afterEach(async () => {
    client.destroy();
    await emulator.close();
  });

  const put = (Data: Uint8Array) =>
    client.send(new PutRecordCommand({ StreamName, Data, PartitionKey: 'key' }));

  async function arnOf(ConsumerName: string): Promise<string> {
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
    const { Consumer } = await client.send(
      new RegisterStreamConsumerCommand({ StreamARN: StreamDescriptionSummary?.StreamARN, ConsumerName }),
    );
    return String(Consumer?.ConsumerARN);
  }

  const subscribe = (ConsumerARN: string): Promise<SubscribeToShardCommandOutput> =>
    client.send(
      new SubscribeToShardCommand({ ConsumerARN, ShardId, StartingPosition: { Type: 'TRIM_HORIZON' } }),
    );

  async function* eventsOf({ EventStream = [] as never }: SubscribeToShardCommandOutput) {
    for await (const { SubscribeToShardEvent: event } of EventStream) {
      yield event;
    }
  }

  test('gets the bytes that it put, in large answers too', async () => {
    await start();
    const Records = Array.from({ length: 500 }, (_, index) => ({
      Data: Buffer.alloc(10_000, index),
      PartitionKey: 'key',
    }));
    const { FailedRecordCount } = await client.send(new PutRecordsCommand({ StreamName, Records }));
    expect(FailedRecordCount).toBe(0);
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    const got = await client.send(new GetRecordsCommand({ ShardIterator }));
    const hashes = (records: readonly { readonly Data?: Uint8Array | undefined }[] = []) =>
      records.map(({ Data = [] }) => createHash('md5').update(Buffer.from(Data)).digest('hex'));
    expect(hashes(got.Records)).toEqual(hashes(Records));
  });

  test('subscribes, is pushed what is put later, and meets the end of the subscription', async () => {
    await start();
    await put(Buffer.from([0, 1, 2]));
    emulator.faults.add({
      operation: 'SubscribeToShard',
      fault: { kind: 'events', after: 2, ending: 'end' },
    });
    const seen: number[][] = [];
    for await (const event of eventsOf(await subscribe(await arnOf('reader')))) {
      seen.push((event?.Records ?? []).map(({ Data }) => Data?.[2] ?? -1));
      await put(Buffer.from([0, 1, 3]));
    }
    expect(seen).toEqual([[2], [3]]);
  });

  test('is told why a subscription ends: another one has taken its place', async () => {
    await start();
    await put(Buffer.from([1]));
    const consumer = await arnOf('reader');
    const first = eventsOf(await subscribe(consumer));
    expect((await first.next()).value?.Records).toHaveLength(1);
    await expect(subscribe(consumer)).rejects.toMatchObject({ name: 'ResourceInUseException' });
    emulator.clock.advance(5_000);
    const second = eventsOf(await subscribe(consumer));
    expect((await second.next()).value?.Records).toHaveLength(1);
    await expect(first.next()).rejects.toMatchObject({ name: 'ResourceInUseException' });
    await second.return?.(undefined);
  });

  test.each([
    'KMSAccessDeniedException',
    'KMSDisabledException',
    'KMSInvalidStateException',
    'KMSNotFoundException',
    'KMSOptInRequired',
    'KMSThrottlingException',
  ])('meets %s of an encrypted stream where reads, writes and subscriptions do', async (type) => {
    await start({}, { maxAttempts: 1 });
    const message = `The ciphertext refers to a key that answers ${type}.`;
    const ConsumerARN = await arnOf('reader');
    await put(Buffer.from([1]));
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    const fault = { kind: 'error', type, message } as const;
    const rules = ['GetRecords', 'PutRecord', 'PutRecords'].map((operation) =>
      emulator.faults.add({ operation, fault }),
    );
    const refusal = { name: type, message, $metadata: { httpStatusCode: 400 } };
    await expect(client.send(new GetRecordsCommand({ ShardIterator }))).rejects.toMatchObject(refusal);
    await expect(put(Buffer.from([2]))).rejects.toMatchObject(refusal);
    emulator.faults.add({ operation: '*', fault: { kind: 'events', after: 1, ending: fault } });
    const events = eventsOf(await subscribe(ConsumerARN));
    expect((await events.next()).value?.Records).toHaveLength(1);
    await expect(events.next()).rejects.toMatchObject({ name: type, message });
    for (const rule of rules) {
      rule.remove();
    }
    expect((await client.send(new GetRecordsCommand({ ShardIterator }))).Records).toHaveLength(1);
  });

  test('is denied access in the words of AWS', async () => {
    await start();
    const resource = `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`;
    emulator.faults.add({ operation: 'PutRecord', fault: accessDenied('kinesis:PutRecord', resource) });
    await expect(put(Buffer.from([1]))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:iam::000000000000:user/connector is not authorized to perform: kinesis:PutRecord on resource: ${resource} because no identity-based policy allows the kinesis:PutRecord action`,
    });
  });

  test('with a wrong clock is refused, and mends its clock by the Date header', async () => {
    await start({ checkSignatureTime: true });
    emulator.clock.advance(3_600_000);
    const { $metadata } = await put(Buffer.from([1]));
    expect($metadata.attempts).toBe(2);
    expect((await put(Buffer.from([2]))).$metadata.attempts).toBe(1);
  });

  test('is answered for the region it signs for', async () => {
    await start({}, { region: 'eu-west-1' });
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
    expect(StreamDescriptionSummary?.StreamARN).toBe('arn:aws:kinesis:eu-west-1:000000000000:stream/orders');
  });
});
