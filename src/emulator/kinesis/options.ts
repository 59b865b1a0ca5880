import { type Clock, systemClock } from '../../util/clock';
import type { ServiceClock } from '../service-model';
import type { ReadLimits } from './read-limits';
import type { WriteLimits } from './write-limits';

export interface KinesisOptions {
  readonly clock: ServiceClock;
  /** Timers of subscriptions that wait; the system's when absent. */
  readonly timer?: Clock;
  /** Twelve digits: whose streams plain names mean; 000000000000 when absent. */
  readonly account?: string;
  /** Where plain names are looked up when the caller does not say where it calls; us-east-1 when absent. */
  readonly region?: string;
  /** How long changes of streams, consumers (and tables) take, milliseconds; 0 when absent. */
  readonly settleMs?: number;
  /** Open shards of all streams of an account in a region together; 20,000 when absent. */
  readonly shardLimit?: number;
  /**
   * Whether the end of a closed shard comes with its last records, or as an empty answer behind them (as AWS
   * does). Readers must take both. `behind` when absent.
   */
  readonly shardEnd?: 'behind' | 'with-records';
  /** Calls of UpdateShardCount on one stream within 24 hours (10 at AWS); any number when absent. */
  readonly scalingsPerDay?: number;
  /** Of every open shard, see SHARD_WRITE_LIMITS; none when absent. */
  readonly writeLimits?: WriteLimits;
  /** Of every shard and its subscriptions, see SHARD_READ_LIMITS; none when absent. */
  readonly readLimits?: ReadLimits;
  /** Registered consumers of a stream; 20 when absent. Source: Kinesis API, RegisterStreamConsumer. */
  readonly consumerLimit?: number;
  /** How long a subscription lives, milliseconds; five minutes when absent. Source: Kinesis API, SubscribeToShard. */
  readonly subscriptionMs?: number;
  /** After how many milliseconds without records a subscription sends an empty event; 5,000 when absent. */
  readonly heartbeatMs?: number;
  /** Data and partition keys of one event, bytes; a record larger than that goes alone. 1 MiB when absent. */
  readonly eventBytes?: number;
  /**
   * What an older subscription meets when a new one takes its place. AWS: "the previous connection expires or fails
   * with a ResourceInUseException"; readers must take both. `fails` when absent.
   */
  readonly takenOver?: 'fails' | 'expires';
}

/** Every option with its value; limits may change while the model runs. */
export interface KinesisSettings extends Required<Omit<KinesisOptions, 'writeLimits' | 'readLimits'>> {
  writeLimits: WriteLimits | undefined;
  readLimits: ReadLimits | undefined;
}

export function settingsOf(options: KinesisOptions): KinesisSettings {
  return {
    timer: systemClock,
    account: '000000000000',
    region: 'us-east-1',
    settleMs: 0,
    shardLimit: 20_000,
    shardEnd: 'behind',
    scalingsPerDay: Number.POSITIVE_INFINITY,
    consumerLimit: 20,
    subscriptionMs: 300_000,
    heartbeatMs: 5_000,
    eventBytes: 1024 * 1024,
    takenOver: 'fails',
    writeLimits: undefined,
    readLimits: undefined,
    ...options,
  };
}
