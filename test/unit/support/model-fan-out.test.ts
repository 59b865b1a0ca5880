import type { ShardSubscription } from '../../../src/aws/fan-out-api';
import type { KinesisOptions } from '../../../src/emulator/kinesis/options';
import { SHARD_READ_LIMITS } from '../../../src/emulator/kinesis/read-limits';
import { isConnectorError } from '../../../src/errors';
import { MAX_HASH_KEY, middleOf } from '../../../src/stream/hash-key';
import { ManualClock } from '../../support/manual-clock';
import { type ModelKinesis, modelKinesis } from '../../support/model-kinesis';

const ROOT = 'shardId-000000000000';
const HORIZON = { type: 'TRIM_HORIZON' } as const;
const TEXT = new TextDecoder();

let clock: ManualClock;
let kinesis: ModelKinesis;
let streamArn: string;

function start(options: Omit<KinesisOptions, 'clock' | 'timer'> = {}): void {
  clock = new ManualClock();
  kinesis = modelKinesis(clock, options);
  kinesis.model.call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
  const { StreamDescriptionSummary } = kinesis.model.call('DescribeStreamSummary', { StreamName: 'orders' });
  streamArn = StreamDescriptionSummary.StreamARN;
}

beforeEach(() => start());

const put = (...texts: string[]) =>
  kinesis.putRecords(
    { name: 'orders' },
    texts.map((text) => ({ data: Buffer.from(text), partitionKey: 'key' })),
  );

const subscribe = async (name = 'app'): Promise<ShardSubscription> =>
  kinesis.subscribeToShard((await kinesis.registerStreamConsumer(streamArn, name)).arn, ROOT, HORIZON);

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await clock.run(call);
    return 'accepted';
  } catch (error) {
    return isConnectorError(error) ? error.code : String(error);
  }
}

describe('fan-out of the model, as the connector meets it', () => {
  test('a consumer is described as AWS describes it', async () => {
    const made = await kinesis.registerStreamConsumer(streamArn, 'app');
    expect(made).toEqual({
      name: 'app',
      arn: `${streamArn}/consumer/app:${clock.now() / 1000}`,
      status: 'ACTIVE',
      createdAt: clock.now(),
    });
    expect(await kinesis.describeStreamConsumer({ consumerArn: made.arn })).toEqual(made);
    expect(await kinesis.describeStreamConsumer({ streamArn, consumerName: 'app' })).toEqual(made);
    await kinesis.deregisterStreamConsumer({ streamArn, consumerName: 'app' });
    expect(await codeOf(kinesis.describeStreamConsumer({ consumerArn: made.arn }))).toBe(
      'KINESIS_CONSUMER_NOT_FOUND',
    );
  });

  test('events hold bytes and times, then the children and nothing more', async () => {
    const [put0] = await put('a');
    const subscription = await subscribe();
    const first = await subscription.next({});
    expect(first).toMatchObject({
      records: [{ partitionKey: 'key', approximateArrival: clock.now(), encryptionType: 'NONE' }],
      millisBehindLatest: 0,
      childShards: [],
    });
    expect(first?.continuation).toBe(put0?.accepted === true && put0.sequenceNumber);
    expect(TEXT.decode(first?.records[0]?.data)).toBe('a');
    kinesis.model.call('SplitShard', {
      StreamName: 'orders',
      ShardToSplit: ROOT,
      NewStartingHashKey: middleOf({ start: 0n, end: MAX_HASH_KEY }).toString(),
    });
    expect(await subscription.next({})).toMatchObject({
      records: [],
      continuation: undefined,
      childShards: [
        { shardId: 'shardId-000000000001', parentShards: [ROOT] },
        { shardId: 'shardId-000000000002' },
      ],
    });
    expect(await subscription.next({})).toBeUndefined();
  });

  test('an event is given once it is admitted; meanwhile what comes stays in the model', async () => {
    await put('a');
    const subscription = await subscribe();
    let open: () => void = () => undefined;
    const sizes: number[] = [];
    const admit = (bytes: number): Promise<void> => {
      sizes.push(bytes);
      return new Promise((resolve) => {
        open = resolve;
      });
    };
    let given = false;
    const waiting = subscription.next({ admit }).finally(() => {
      given = true;
    });
    await clock.advance(10_000);
    await put('b', 'c');
    await clock.advance(10_000);
    expect([given, sizes]).toEqual([false, [204]]);
    open();
    expect((await clock.run(waiting))?.records).toHaveLength(1);
    expect((await subscription.next({}))?.records).toHaveLength(2);
  });

  test('what is not admitted ends the subscription', async () => {
    await put('a');
    const subscription = await subscribe();
    const refused = new Error('no room');
    await expect(subscription.next({ admit: () => Promise.reject(refused) })).rejects.toBe(refused);
    await expect(subscription.next({})).rejects.toBe(refused);
  });

  test('a signal ends a wait with its reason, an admission too, and leaves no timer', async () => {
    const reason = new Error('the lease is lost');
    for (const admit of [undefined, () => new Promise<void>(() => undefined)]) {
      start();
      const subscription = await subscribe();
      if (admit !== undefined) {
        await put('a');
      }
      const controller = new AbortController();
      const waiting = subscription.next({ signal: controller.signal, ...(admit && { admit }) });
      waiting.catch(() => undefined);
      await clock.advance(100);
      controller.abort(reason);
      await expect(waiting).rejects.toBe(reason);
      expect(clock.pending).toBe(0);
    }
  });

  test('a closed one ends the wait under way, and takes no other call', async () => {
    const subscription = await subscribe();
    const waiting = codeOf(subscription.next({}));
    await clock.advance(1);
    subscription.close();
    subscription.close();
    expect([await waiting, await codeOf(subscription.next({}))]).toEqual([
      'AWS_UNAVAILABLE',
      'AWS_UNAVAILABLE',
    ]);
    expect(clock.pending).toBe(0);
  });

  test('heartbeat and the end of life come on virtual time', async () => {
    start({ subscriptionMs: 12_000 });
    const subscription = await subscribe();
    const counts = [];
    for (let event = 0; event < 3; event++) {
      counts.push((await clock.run(subscription.next({})))?.records.length);
    }
    expect([counts, clock.monotonic()]).toEqual([[0, 0, undefined], 12_000]);
  });

  test('errors have the codes that the real client gives them', async () => {
    start({ consumerLimit: 2, settleMs: 1_000 });
    const atOnce = await codeOf(kinesis.registerStreamConsumer(streamArn, 'early'));
    await clock.advance(1_000);
    const { arn } = await kinesis.registerStreamConsumer(streamArn, 'app');
    const to = (consumer: string, shard = ROOT, position: typeof HORIZON | AtNumber = HORIZON) =>
      codeOf(kinesis.subscribeToShard(consumer, shard, position));
    const early = await to(arn);
    await clock.advance(1_000);
    await kinesis.registerStreamConsumer(streamArn, 'second');
    expect({
      atOnce,
      early,
      name: await codeOf(kinesis.registerStreamConsumer(streamArn, 'app')),
      limit: await codeOf(kinesis.registerStreamConsumer(streamArn, 'third')),
      stream: await codeOf(kinesis.registerStreamConsumer(`${streamArn}-2`, 'app')),
      unknown: await to(`${arn}0`),
      shard: await to(arn, 'shardId-000000000009'),
      position: await to(arn, ROOT, { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: '12' }),
      first: await to(arn),
      second: await to(arn),
    }).toEqual({
      atOnce: 'KINESIS_STREAM_NOT_READY',
      early: 'KINESIS_CONSUMER_NOT_READY',
      name: 'KINESIS_CONSUMER_NOT_READY',
      limit: 'KINESIS_CONSUMER_LIMIT',
      stream: 'KINESIS_STREAM_NOT_FOUND',
      unknown: 'KINESIS_CONSUMER_NOT_FOUND',
      shard: 'KINESIS_SHARD_NOT_FOUND',
      position: 'KINESIS_POSITION_REFUSED',
      first: 'accepted',
      second: 'KINESIS_SUBSCRIPTION_IN_USE',
    });
  });

  test('a takeover, a deleted consumer and a deleted stream end it with their codes', async () => {
    const first = await subscribe();
    const { arn } = await kinesis.describeStreamConsumer({ streamArn, consumerName: 'app' });
    await clock.advance(5_000);
    const second = await kinesis.subscribeToShard(arn, ROOT, HORIZON);
    const other = await subscribe('other');
    const codes = [await codeOf(first.next({}))];
    await kinesis.deregisterStreamConsumer({ consumerArn: arn });
    codes.push(await codeOf(second.next({})));
    kinesis.model.call('DeleteStream', { StreamName: 'orders', EnforceConsumerDeletion: true });
    codes.push(await codeOf(other.next({})));
    expect(codes).toEqual([
      'KINESIS_SUBSCRIPTION_IN_USE',
      'KINESIS_CONSUMER_NOT_FOUND',
      'KINESIS_STREAM_NOT_FOUND',
    ]);
  });

  test('reads that are too many are throttled', async () => {
    start({ readLimits: SHARD_READ_LIMITS });
    const stream = { name: 'orders', arn: streamArn };
    const iterator = await kinesis.getShardIterator(stream, ROOT, HORIZON);
    const codes: string[] = [];
    for (let call = 0; call < 6; call++) {
      codes.push(await codeOf(kinesis.getRecords(stream, { iterator, limit: 10 })));
    }
    expect(codes.slice(-2)).toEqual(['accepted', 'AWS_THROTTLED']);
  });
});

interface AtNumber {
  readonly type: 'AT_SEQUENCE_NUMBER';
  readonly sequenceNumber: string;
}
