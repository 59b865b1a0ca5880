import type { Lease } from '../lease/lease';
import type { ShardReader } from '../retrieval/retrieval';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { ChildShard } from '../stream/shard';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { StopReason } from './consumer-states';
import type { DataLossWatch } from './data-loss-watch';
import type { KinesisRecord } from './kinesis-record';
import type { ReaderWatch } from './reader-watch';
import type { ReceiveBudget } from './receive-budget';
import type { ReceiveQueue } from './receive-queue';
import type { ShardMetrics } from './shard-metrics';
import type { ShardTenure, TenureLease } from './shard-tenure';

/** What a consumer needs of the lease it works under. */
export interface ConsumerLease extends TenureLease {
  readonly lease: Lease;
  /** Aborted with LEASE_LOST. */
  readonly signal: AbortSignal;
  /** Everything in the shard at `at` (service time, milliseconds since the epoch) is confirmed; the next write says so. */
  caughtUp(at: number): void;
  /** One write: newest confirmed checkpoint, and no owner. */
  evict(): Promise<void>;
  /** Writes SHARD_END with the children. */
  finish(childShardIds: readonly string[]): Promise<void>;
}

export interface ShardConsumerOptions {
  readonly lease: ConsumerLease;
  readonly tenure: ShardTenure;
  readonly queue: ReceiveQueue<KinesisRecord>;
  readonly budget: ReceiveBudget;
  /** Bytes of answers being read and decoded, which costs several times their size until it is done. */
  readonly decoding: ReceiveBudget;
  readonly receiveQueueSize: number;
  /** What becomes of sub-records whose key lies outside the shard. */
  readonly subRecordFilter: 'keep' | 'drop';
  /** Monotonic instant up to whose tip the shard has to be read to count as caught up. */
  readonly caughtUpTarget: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ShardMetrics;
  readonly watch: ReaderWatch;
  /** Consumers that share queue and budget now, this one included. */
  activeConsumers(): number;
  /** See LeaseCoordinator.renewalsFirst. */
  renewalsFirst(signal: AbortSignal): Promise<void>;
  /** Resolves when everything in all parents is stored. @throws the signal's reason */
  awaitParents(signal: AbortSignal): Promise<void>;
  openReader(checkpoint: ExtendedSequenceNumber): ShardReader;
  /** Sees whether records were trimmed before they were read. @param position what reading has come to */
  watchLoss(position: () => ExtendedSequenceNumber): DataLossWatch;
  /** Milliseconds that the shard is behind while there is no answer; see ShardConsumer.lag. */
  lagBefore(): number;
  /** Creates the lease rows of `children`; must not return before they exist. */
  createChildren(children: readonly ChildShard[]): Promise<void>;
  /** See SourceContext.closePartition. */
  closePartition(deadlineMs: number): Promise<boolean>;
}

/** How a consumer ended. `drained` is false when something in flight was not answered in time. */
export interface ConsumerOutcome {
  readonly reason: StopReason;
  readonly drained: boolean;
  readonly error: unknown;
}
