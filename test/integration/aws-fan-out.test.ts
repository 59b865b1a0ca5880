import {
  CreateStreamCommand,
  type KinesisClient,
  PutRecordsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { createKinesisClient } from '../../src/aws/clients';
import type { FanOutApi, ShardSubscription, SubscriptionEvent } from '../../src/aws/fan-out-api';
import { createFanOutApi } from '../../src/aws/fan-out-client';
import type { KinesisApi, RawRecord } from '../../src/aws/kinesis-api';
import { createKinesisApi } from '../../src/aws/kinesis-client';
import type { SubscriptionSettings } from '../../src/config/types';
import { startEmulator } from '../../src/emulator';
import type { ErrorFault, EventsFault } from '../../src/emulator/faults';
import { systemClock } from '../../src/util/clock';
import { seededRandom } from '../../src/util/random';
import { EMULATORS, type RunningKinesis } from '../contract/kinesis/emulators';
import { awsSettings } from '../support/aws-settings';

const CASES: readonly [keyof typeof EMULATORS, SubscriptionSettings['protocol']][] = [
  ['ours', 'http1'],
  ['ours', 'http2'],
  ['kinesis-local', 'auto'],
];
const HORIZON = { type: 'TRIM_HORIZON' } as const;
const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';

describe.each(CASES)('enhanced fan-out of %s over %s', (name, protocol) => {
  let service: RunningKinesis;
  let fanOut: FanOutApi & { close(): void };
  let kinesis: KinesisApi & { close(): void };
  let client: KinesisClient;
  let streams = 0;

  beforeAll(async () => {
    service = await EMULATORS[name]();
    const given = awsSettings(service.endpoint);
    const settings = { ...given, subscriptions: { ...given.subscriptions, protocol } };
    fanOut = createFanOutApi(settings, { clock: systemClock });
    kinesis = createKinesisApi(settings, { clock: systemClock });
    client = createKinesisClient(settings, { clock: systemClock });
  });
  afterAll(async () => {
    fanOut.close();
    kinesis.close();
    client.destroy();
    await service.stop();
  });

  async function active(stream: string) {
    for (;;) {
      const description = await kinesis.describeStream({ name: stream });
      if (description.status === 'ACTIVE') {
        return description;
      }
    }
  }

  async function createStream() {
    const stream = `stream-${++streams}`;
    await client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: 1 }));
    const { arn } = await active(stream);
    const { shards } = await kinesis.listShards({ name: stream }, {});
    return { stream, arn, shardId: shards[0]?.shardId ?? '' };
  }

  async function register(streamArn: string, consumerName: string): Promise<string> {
    const { arn } = await fanOut.registerStreamConsumer(streamArn, consumerName);
    while ((await fanOut.describeStreamConsumer({ consumerArn: arn })).status !== 'ACTIVE') {}
    return arn;
  }

  const put = (stream: string, payloads: readonly Uint8Array[]) =>
    client.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: payloads.map((Data) => ({ Data, PartitionKey: 'key' })),
      }),
    );

  /** Records of a subscription, up to `count` of them or the end of the shard. */
  async function take(subscription: ShardSubscription, count = Number.POSITIVE_INFINITY) {
    const records: RawRecord[] = [];
    let last: SubscriptionEvent | undefined;
    while (records.length < count && (last === undefined || last.continuation !== undefined)) {
      last = await subscription.next({ admit: async () => undefined });
      if (last === undefined) {
        throw new Error('the subscription ended early');
      }
      records.push(...last.records);
    }
    return { records, last };
  }

  it('registers a consumer, describes it by both its names, and deregisters it', async () => {
    const { arn } = await createStream();
    const made = await fanOut.registerStreamConsumer(arn, 'reader');
    expect(made).toMatchObject({ name: 'reader', arn: expect.stringContaining(`${arn}/consumer/reader:`) });
    expect(Math.abs(made.createdAt - Date.now())).toBeLessThan(60_000);
    while ((await fanOut.describeStreamConsumer({ consumerArn: made.arn })).status !== 'ACTIVE') {}
    expect(await fanOut.describeStreamConsumer({ streamArn: arn, consumerName: 'reader' })).toEqual({
      ...made,
      status: 'ACTIVE',
    });
    await fanOut.deregisterStreamConsumer({ consumerArn: made.arn });
  });

  it('names what is not there, and what is there already', async () => {
    const { arn } = await createStream();
    await expect(
      fanOut.describeStreamConsumer({ streamArn: arn, consumerName: 'nobody' }),
    ).rejects.toMatchObject({ code: 'KINESIS_CONSUMER_NOT_FOUND' });
    await register(arn, 'reader');
    await expect(fanOut.registerStreamConsumer(arn, 'reader')).rejects.toMatchObject({
      code: 'KINESIS_CONSUMER_NOT_READY',
    });
    await expect(
      fanOut.registerStreamConsumer(arn.replace(/stream-\d+$/, 'nowhere'), 'reader'),
    ).rejects.toMatchObject({ code: 'KINESIS_STREAM_NOT_FOUND' });
  });

  it('gives every record once, in order, byte for byte, then what is put later; the time of the service with it', async () => {
    const { stream, arn, shardId } = await createStream();
    const consumer = await register(arn, 'reader');
    const payloads = Array.from({ length: 200 }, (_, i) => Buffer.from([i, 0, 255, 10]));
    await put(stream, payloads);
    const subscription = await fanOut.subscribeToShard(consumer, shardId, HORIZON);
    const { records } = await take(subscription, payloads.length);
    expect(records.map(({ data }) => Buffer.from(data))).toEqual(payloads);
    expect(
      records.every(({ approximateArrival }) => Math.abs(approximateArrival - Date.now()) < 60_000),
    ).toBe(true);
    if (name === 'ours') {
      expect(Math.abs((subscription.serviceTime ?? 0) - Date.now())).toBeLessThan(60_000);
    }
    await put(stream, [Buffer.from('later')]);
    const { records: later } = await take(subscription, 1);
    expect(later.map(({ data }) => Buffer.from(data).toString())).toEqual(['later']);
    subscription.close();
  });

  it('starts behind a sequence number, and at one', async () => {
    const { stream, arn, shardId } = await createStream();
    const consumer = await register(arn, 'reader');
    const { Records = [] } = await put(
      stream,
      ['a', 'b', 'c'].map((text) => Buffer.from(text)),
    );
    const sequenceNumber = Records[1]?.SequenceNumber ?? '';
    const read = async (
      consumerArn: string,
      type: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER',
      count: number,
    ) => {
      const subscription = await fanOut.subscribeToShard(consumerArn, shardId, { type, sequenceNumber });
      const { records } = await take(subscription, count);
      subscription.close();
      return records.map(({ data }) => Buffer.from(data).toString());
    };
    expect(await read(consumer, 'AT_SEQUENCE_NUMBER', 2)).toEqual(['b', 'c']);
    expect(await read(await register(arn, 'other'), 'AFTER_SEQUENCE_NUMBER', 1)).toEqual(['c']);
  });

  // kinesis-local sends empty events for ever in both cases.
  if (name === 'ours') {
    it('names a shard that is not there', async () => {
      const { arn } = await createStream();
      const consumer = await register(arn, 'reader');
      await expect(fanOut.subscribeToShard(consumer, 'shardId-000000000099', HORIZON)).rejects.toMatchObject({
        code: 'KINESIS_SHARD_NOT_FOUND',
      });
    });

    it('comes to the end of a closed shard, which names the children', async () => {
      const { stream, arn, shardId } = await createStream();
      const consumer = await register(arn, 'reader');
      await put(stream, [Buffer.from('before')]);
      const half = (1n << 127n).toString();
      await client.send(
        new SplitShardCommand({ StreamName: stream, ShardToSplit: shardId, NewStartingHashKey: half }),
      );
      await active(stream);
      const { records, last } = await take(await fanOut.subscribeToShard(consumer, shardId, HORIZON));
      expect(records).toHaveLength(1);
      expect(last?.childShards.map(({ parentShards }) => parentShards)).toEqual([[shardId], [shardId]]);
    });
  }
});

describe.each(['http1', 'http2'] as const)('a subscription to our emulator over %s', (protocol) => {
  const denied: ErrorFault = { kind: 'error', type: 'KMSDisabledException', message: 'the key is off' };
  const endings: readonly [EventsFault['ending'], string | undefined][] = [
    ['end', undefined],
    ['silence', 'AWS_TIMEOUT'],
    ['disconnect', 'AWS_UNAVAILABLE'],
    [denied, 'KINESIS_KMS'],
  ];

  it('says how it has ended: with its time, without a word, with the connection, with an exception', async () => {
    const emulator = await startEmulator({ random: seededRandom(5) });
    const given = awsSettings(emulator.kinesisEndpoint);
    const settings = { ...given, subscriptions: { ...given.subscriptions, protocol, idleTimeout: 300 } };
    const fanOut = createFanOutApi(settings, { clock: systemClock });
    const client = createKinesisClient(settings, { clock: systemClock });
    try {
      await client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 1 }));
      const Records = [{ Data: Buffer.from('a'), PartitionKey: 'k' }];
      await client.send(new PutRecordsCommand({ StreamName: 's', Records }));
      for (const [ending, code] of endings) {
        const name = `reader-${endings.findIndex(([one]) => one === ending)}`;
        const { arn } = await fanOut.registerStreamConsumer(STREAM_ARN, name);
        const fault = { kind: 'events', after: 1, ending } as const;
        emulator.faults.add({ operation: 'SubscribeToShard', fault, times: 1 });
        const subscription = await fanOut.subscribeToShard(arn, 'shardId-000000000000', HORIZON);
        expect((await subscription.next({}))?.records).toHaveLength(1);
        const next = subscription.next({});
        if (code === undefined) {
          expect(await next).toBeUndefined();
        } else {
          await expect(next).rejects.toMatchObject({ code });
        }
      }
    } finally {
      fanOut.close();
      client.destroy();
      await emulator.close();
    }
  });
});
