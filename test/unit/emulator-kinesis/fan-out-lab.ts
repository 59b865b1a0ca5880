import { createKinesisModel, type KinesisModel } from '../../../src/emulator/kinesis/model';
import type { KinesisOptions } from '../../../src/emulator/kinesis/options';
import type { Subscription, WireShardEvent } from '../../../src/emulator/kinesis/subscription';
import { MAX_HASH_KEY, middleOf } from '../../../src/stream/hash-key';
import { ManualClock } from '../../support/manual-clock';

export const [ROOT, LOWER, UPPER] = [0, 1, 2].map(
  (number) => `shardId-${String(number).padStart(12, '0')}`,
) as [string, string, string];

const StreamName = 'orders';

type Start = Parameters<KinesisModel['subscribe']>[0]['StartingPosition'];

/** A stream of one shard with one consumer, both ACTIVE, on virtual time. */
export class FanOutLab {
  readonly clock = new ManualClock();
  readonly kinesis: KinesisModel;
  readonly streamArn: string;
  readonly never: AbortSignal = new AbortController().signal;

  constructor(options: Omit<KinesisOptions, 'clock' | 'timer'> = {}) {
    this.kinesis = createKinesisModel({ ...options, clock: this.clock, timer: this.clock });
    this.streamArn = this.create();
  }

  /** @returns ARN of the stream */
  create(): string {
    this.kinesis.call('CreateStream', { StreamName, ShardCount: 1 });
    return this.kinesis.call('DescribeStreamSummary', { StreamName }).StreamDescriptionSummary.StreamARN;
  }

  /** @returns ARN of the consumer */
  register(ConsumerName = 'app'): string {
    return this.kinesis.call('RegisterStreamConsumer', { StreamARN: this.streamArn, ConsumerName }).Consumer
      .ConsumerARN;
  }

  status(ConsumerName = 'app'): string {
    const { ConsumerDescription } = this.kinesis.call('DescribeStreamConsumer', {
      StreamARN: this.streamArn,
      ConsumerName,
    });
    return ConsumerDescription.ConsumerStatus;
  }

  /** @returns its sequence number */
  put(text: string, PartitionKey = 'key'): string {
    const Data = Buffer.from(text).toString('base64');
    return this.kinesis.call('PutRecord', { StreamName, Data, PartitionKey }).SequenceNumber;
  }

  split(): void {
    this.kinesis.call('SplitShard', {
      StreamName,
      ShardToSplit: ROOT,
      NewStartingHashKey: middleOf({ start: 0n, end: MAX_HASH_KEY }).toString(),
    });
  }

  delete(): void {
    this.kinesis.call('DeleteStream', { StreamName, EnforceConsumerDeletion: true });
  }

  retain(ms: number): void {
    this.kinesis.retain(StreamName, ms);
  }

  subscribe(
    ConsumerARN: string,
    StartingPosition: Start = { Type: 'TRIM_HORIZON' },
    ShardId: string = ROOT,
  ): Subscription {
    return this.kinesis.subscribe({ ConsumerARN, ShardId, StartingPosition });
  }

  next(subscription: Subscription): Promise<WireShardEvent | undefined> {
    return this.clock.run(subscription.next(this.never));
  }

  /** Texts of the next event. */
  async texts(subscription: Subscription): Promise<string[] | undefined> {
    return (await this.next(subscription))?.Records.map(({ Data }) => Buffer.from(Data, 'base64').toString());
  }

  /** Milliseconds until the next event has come, with its texts; `ended` when there is none. */
  async arrival(subscription: Subscription): Promise<readonly [number, string[] | 'ended']> {
    const begun = this.clock.monotonic();
    const texts = await this.texts(subscription);
    return [this.clock.monotonic() - begun, texts ?? 'ended'];
  }

  /** A call of `next` under way. */
  wait(subscription: Subscription): Promise<WireShardEvent | undefined> {
    const waiting = subscription.next(this.never);
    waiting.catch(() => undefined);
    return waiting;
  }
}
