import type { KinesisSourceConfig } from '../config';
import type { SourceContext } from '../io';
import type { HeldLease } from '../lease/held-lease';
import type { LeaseCoordinator } from '../lease/lease-coordinator';
import { openPollingReader } from '../retrieval/polling-reader';
import type { PollingReaderOptions } from '../retrieval/polling-reader-options';
import type { RetrievalObserver, ShardReader } from '../retrieval/retrieval';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import { iteratorPosition } from '../stream/start-position';
import type { Watchdog } from '../util/watchdog';
import { DeliveryTimer } from './delivery-timer';
import { ReaderWatch } from './reader-watch';
import { ShardConsumer } from './shard-consumer';
import type { ShardConsumerOptions } from './shard-consumer-options';
import { ShardMetrics } from './shard-metrics';
import { ShardTenure } from './shard-tenure';

/** Milliseconds of the shutdown time kept for the writes that give leases up. */
const EVICT_RESERVE_MS = 3000;

export interface ShardConsumersOptions
  extends Pick<ShardConsumerOptions, 'queue' | 'budget' | 'decoding' | 'caughtUpTarget'>,
    Pick<PollingReaderOptions, 'kinesis' | 'stream' | 'backoff'> {
  readonly config: KinesisSourceConfig;
  readonly context: SourceContext;
  readonly leases: Pick<LeaseCoordinator, 'renewalsFirst' | 'awaitParents' | 'createChildren'>;
  readonly watchdog: Watchdog;
}

/** The consumers of one source: one for each lease it holds, from take to end. */
export class ShardConsumers {
  readonly #options: ShardConsumersOptions;
  readonly #consumers = new Map<string, ShardConsumer>();
  #stopping = false;

  constructor(options: ShardConsumersOptions) {
    this.#options = options;
  }

  get(shardId: string): ShardConsumer | undefined {
    return this.#consumers.get(shardId);
  }

  values(): Iterable<ShardConsumer> {
    return this.#consumers.values();
  }

  /** Asks every consumer to end, and those that come later too. */
  stop(): void {
    this.#stopping = true;
    for (const consumer of this.#consumers.values()) {
      consumer.stop('REQUESTED', this.#drainTime());
    }
  }

  /** Runs the consumer of one lease to its end. */
  async consume(held: HeldLease): Promise<void> {
    const { context, watchdog } = this.#options;
    const { shardId } = held;
    const watch = new ReaderWatch({
      shardId,
      limit: this.#options.config.watch.readerStallTimeout,
      restart: (problem) => consumer.restartReader(problem),
    });
    const consumer = this.#consumer(held, watch);
    this.#consumers.set(shardId, consumer);
    this.#stopWhenAsked(held, consumer);
    const unwatch = [watchdog.watch(watch.answers), watchdog.watch(watch.successes)];
    const { reason, error } = await consumer.run();
    this.#consumers.delete(shardId);
    for (const end of unwatch) {
      end();
    }
    if (reason === 'FAILED') {
      context.fatal(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #consumer(held: HeldLease, watch: ReaderWatch): ShardConsumer {
    const { config, context, queue, budget, decoding, caughtUpTarget, leases } = this.#options;
    const { clock, logger } = context;
    const stream = config.awsKinesisStreamName;
    const metrics = new ShardMetrics({ metrics: context.metrics, clock, stream, shardId: held.shardId });
    const tenure = new ShardTenure({
      lease: held,
      streamName: stream,
      messageKeyMode: config.messageKeyMode,
      properties: config.kinesisRecordProperties,
      timer: new DeliveryTimer(clock, metrics.deliveryTime),
      onRefused: (_record, cause) => context.fatal(cause),
    });
    return new ShardConsumer({
      lease: held,
      tenure,
      queue,
      budget,
      decoding,
      receiveQueueSize: config.receiveQueueSize,
      caughtUpTarget,
      clock,
      logger,
      metrics,
      watch,
      activeConsumers: () => this.#consumers.size,
      renewalsFirst: (signal) => leases.renewalsFirst(signal),
      awaitParents: (signal) => leases.awaitParents(held.lease, signal),
      openReader: (checkpoint) => this.#openReader(held, checkpoint, metrics.observer(logger, watch)),
      createChildren: (children) => leases.createChildren(held, children),
      closePartition: (deadlineMs) => context.closePartition(tenure, deadlineMs),
    });
  }

  #stopWhenAsked(held: HeldLease, consumer: ShardConsumer): void {
    // The asker counts handoffTimeout from the answer: half of it leaves time for the last write.
    const drainTime = Math.min(this.#drainTime(), this.#options.config.handoffTimeout / 2);
    const handOver = () => consumer.stop('REQUESTED', drainTime);
    held.asked.addEventListener('abort', handOver, { once: true });
    if (this.#stopping) {
      consumer.stop('REQUESTED', this.#drainTime());
    } else if (held.asked.aborted) {
      handOver();
    }
  }

  #openReader(held: HeldLease, checkpoint: ExtendedSequenceNumber, observer: RetrievalObserver): ShardReader {
    const { config, context, kinesis, stream, backoff } = this.#options;
    return openPollingReader({
      kinesis,
      stream,
      shardId: held.shardId,
      start: iteratorPosition(checkpoint, held.lease.startAt),
      maxRecordsPerRead: config.maxRecordsPerRead,
      maxReadsPerSecond: config.maxReadsPerSecondPerShard,
      backoff,
      numRetries: config.numRetries,
      requestTimeout: config.aws.requestTimeout,
      clock: context.clock,
      random: context.random,
      observer,
    });
  }

  #drainTime(): number {
    const { shutdownTimeoutMs } = this.#options.context;
    return Math.max(shutdownTimeoutMs / 2, shutdownTimeoutMs - EVICT_RESERVE_MS);
  }
}
