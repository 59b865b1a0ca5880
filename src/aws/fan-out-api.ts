import type { IteratorPosition } from '../stream/iterator-position';
import type { ChildShard } from '../stream/shard';
import type { CallOptions, GetRecordsOptions, RawRecord } from './kinesis-api';

/** A registered consumer of a stream. Source: Kinesis API, ConsumerDescription. */
export interface StreamConsumer {
  readonly name: string;
  readonly arn: string;
  readonly status: 'CREATING' | 'DELETING' | 'ACTIVE';
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A consumer is named by its own ARN, or by its stream and its name. */
export type ConsumerRef =
  | { readonly consumerArn: string }
  | { readonly streamArn: string; readonly consumerName: string };

/** One event of a subscription. Source: Kinesis API, SubscribeToShardEvent. */
export interface SubscriptionEvent {
  /** In shard order; may be empty. */
  readonly records: readonly RawRecord[];
  /** Where the next subscription goes on (AFTER it); undefined in the last event of a shard. */
  readonly continuation: string | undefined;
  readonly millisBehindLatest: number;
  /** Named in the last event of a shard; empty otherwise. */
  readonly childShards: readonly ChildShard[];
}

/** What one SubscribeToShard pushes, for five minutes at most. */
export interface ShardSubscription {
  /** Date header of the answer that opened it, to the second below, milliseconds since the epoch. */
  readonly serviceTime: number | undefined;
  /**
   * The next event; undefined when the service has ended the subscription. Nothing is taken out of the connection
   * that was not asked for, so a reader that does not ask stops the stream. One call at a time.
   * @param options `admit` is asked with the size of the event before its body is read.
   * @throws ConnectorError of an exception event or of the connection: the subscription has ended; the signal's reason
   */
  next(options: GetRecordsOptions): Promise<SubscriptionEvent | undefined>;
  /** Ends the subscription, and frees its connection. Idempotent. */
  close(): void;
}

/** What enhanced fan-out needs of Kinesis; rules of KinesisApi. */
export interface FanOutApi {
  /** @throws ConnectorError KINESIS_CONSUMER_NOT_FOUND */
  describeStreamConsumer(consumer: ConsumerRef, options?: CallOptions): Promise<StreamConsumer>;
  /** @throws ConnectorError KINESIS_CONSUMER_LIMIT: the stream has as many as it may have, or too many are being made. */
  registerStreamConsumer(
    streamArn: string,
    consumerName: string,
    options?: CallOptions,
  ): Promise<StreamConsumer>;
  deregisterStreamConsumer(consumer: ConsumerRef, options?: CallOptions): Promise<void>;
  /**
   * Resolves once the subscription stands.
   * @throws ConnectorError KINESIS_SUBSCRIPTION_IN_USE: one of this consumer to this shard is younger than 5 s.
   */
  subscribeToShard(
    consumerArn: string,
    shardId: string,
    position: IteratorPosition,
    options?: CallOptions,
  ): Promise<ShardSubscription>;
}
