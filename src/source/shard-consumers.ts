import type { KinesisSourceConfig } from '../config';
import { topicOf } from '../config/topic-template';
import { type ErrorCode, isConnectorError } from '../errors';
import type { SourceContext } from '../io';
import type { HeldLease } from '../lease/held-lease';
import { instantOfLease } from '../lease/lease';
import type { LeaseCoordinator } from '../lease/lease-coordinator';
import type { RetrievalObserver, ShardReader } from '../retrieval/retrieval';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import { iteratorPosition } from '../stream/start-position';
import { withDeadline } from '../util/deadline';
import type { Watchdog } from '../util/watchdog';
import type { DataLossPolicy } from './data-loss-policy';
import { DeliveredRecords } from './delivered-records';
import { DeliveryTimer } from './delivery-timer';
import { outputOf } from './output';
import { ReaderWatch } from './reader-watch';
import { RecordNumbering } from './record-numbering';
import { RecordRefusals } from './record-refusals';
import { ShardConsumer } from './shard-consumer';
import type { ShardConsumerOptions } from './shard-consumer-options';
import { ShardMetrics } from './shard-metrics';
import { ShardTenure } from './shard-tenure';
import type { SourceStream } from './source-stream';
import type { SourceTally } from './source-tally';
import type { StreamReaders } from './stream-readers';

/** Errors by which a stream meets positions of another one. */
const OF_ANOTHER_STREAM: readonly ErrorCode[] = [
  'KINESIS_POSITION_REFUSED',
  'KINESIS_SHARD_NOT_FOUND',
  'KINESIS_SHARD_END_UNPROVEN',
  'KINESIS_CONSUMER_NOT_FOUND',
  'KINESIS_STREAM_NOT_FOUND',
];

/** Milliseconds of the shutdown time kept for the writes that give leases up. */
const EVICT_RESERVE_MS = 3000;

export interface ShardConsumersOptions
  extends Pick<ShardConsumerOptions, 'queue' | 'budget' | 'decoding' | 'caughtUpTarget'> {
  readonly readers: StreamReaders;
  readonly config: KinesisSourceConfig;
  readonly context: SourceContext;
  readonly leases: Pick<
    LeaseCoordinator<SourceStream>,
    'renewalsFirst' | 'awaitParents' | 'createChildren' | 'check' | 'identityOf' | 'shards'
  >;
  readonly dataLoss: DataLossPolicy;
  readonly watchdog: Watchdog;
  readonly tally: SourceTally;
}

/** The consumers of one source: one for each lease it holds, from take to end. */
export class ShardConsumers {
  readonly #options: ShardConsumersOptions;
  readonly #consumers = new Map<string, ShardConsumer>();
  readonly #refusals: RecordRefusals;
  #stopping = false;

  constructor(options: ShardConsumersOptions) {
    this.#options = options;
    this.#refusals = new RecordRefusals(options);
  }

  /** @param name of the shard, see SourceStream.nameOf: the id of its partition */
  get(name: string): ShardConsumer | undefined {
    return this.#consumers.get(name);
  }

  /** Whether shards of the stream are being read. */
  isRead(stream: SourceStream): boolean {
    return [...this.#consumers.keys()].some((name) => name.startsWith(stream.nameOf('')));
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

  /** Runs the consumer of one lease, of a shard of `stream`, to its end. */
  async consume(held: HeldLease, stream: SourceStream): Promise<void> {
    const { context, watchdog } = this.#options;
    const { name } = held;
    const watch = new ReaderWatch({
      shardId: name,
      limit: this.#options.config.watch.readerStallTimeout,
      restart: (problem) => consumer.restartReader(problem),
    });
    const consumer = this.#consumer(held, stream, watch);
    this.#consumers.set(name, consumer);
    this.#stopWhenAsked(held, consumer);
    const unwatch = [watch.answers, watch.successes, watch.places].map((part) => watchdog.watch(part));
    const { reason, error } = await consumer.run();
    this.#consumers.delete(name);
    consumer.metrics.ended();
    for (const end of unwatch) {
      end();
    }
    if (reason === 'FAILED' && (await stream.isThere().catch(() => true))) {
      const cause = await this.#causeOf(error, stream);
      context.fatal(cause instanceof Error ? cause : new Error(String(cause)));
    }
  }

  /** What a stream refuses that was made anew under its name is refused for that reason. */
  async #causeOf(error: unknown, stream: SourceStream): Promise<unknown> {
    if (!isConnectorError(error, ...OF_ANOTHER_STREAM)) {
      return error;
    }
    const { config, context, leases } = this.#options;
    const late = (): Error => new Error('the stream could not be looked at in time');
    try {
      const { requestTimeout } = config.aws;
      const look = (signal: AbortSignal): Promise<void> => leases.check(stream, signal);
      await withDeadline(context.clock, requestTimeout, new AbortController().signal, late, look);
    } catch (found) {
      return isConnectorError(found, 'KINESIS_STREAM_RECREATED', 'KINESIS_STREAM_NOT_FOUND') ? found : error;
    }
    return error;
  }

  #consumer(held: HeldLease, stream: SourceStream, watch: ReaderWatch): ShardConsumer {
    const {
      config,
      context,
      queue,
      budget,
      decoding,
      caughtUpTarget,
      leases,
      readers,
      dataLoss,
      tally: source,
    } = this.#options;
    const { clock } = context;
    const { logger } = stream;
    const tally = source.begin(held.name, () => leases.shards.names());
    const metrics = new ShardMetrics({
      metrics: context.metrics,
      clock,
      stream: stream.label,
      shardId: held.shardId,
      tally,
    });
    const began = clock.monotonic();
    const ages = context.metrics.instrument('end_to_end_time', { stream: stream.label });
    const tenure = new ShardTenure({
      lease: held,
      streamName: stream.ref.name,
      messageKeyMode: config.messageKeyMode,
      properties: config.kinesisRecordProperties,
      timer: new DeliveryTimer(clock, metrics.deliveryTime),
      delivered: new DeliveredRecords(clock, ages, (records) => source.delivered(records)),
      sequencing: this.#numbering(held, stream),
      schema: outputOf(config.outputFormat).schema,
      destinationTopic: topicOf(context.outputTopic, { stream: stream.ref.name, shardId: held.shardId }),
      onRefused: (record, cause, inTurn) => this.#refusals.refuse(record, cause, stream.label, inTurn),
    });
    return new ShardConsumer({
      lease: held,
      tenure,
      queue,
      budget,
      decoding,
      receiveQueueSize: config.receiveQueueSize,
      subRecordFilter: config.subRecordFilter,
      caughtUpTarget,
      clock,
      logger,
      metrics,
      watch,
      activeConsumers: () => this.#consumers.size,
      renewalsFirst: (signal) => leases.renewalsFirst(signal),
      awaitParents: async (signal) => {
        await leases.awaitParents(held.lease, signal);
        await readers.decide(stream, signal);
      },
      lagBefore: () => {
        const reached = leases.shards.reachedInstant(held.lease);
        return reached === undefined ? clock.monotonic() - began : Math.max(0, clock.now() - reached);
      },
      openReader: (checkpoint) => this.#openReader(stream, held, checkpoint, metrics.observer(logger, watch)),
      watchLoss: (position) => dataLoss.watch(held, stream, position, () => tenure.leap()),
      createChildren: (children) => leases.createChildren(held, children),
      closePartition: (deadlineMs) => context.closePartition(tenure, deadlineMs),
    });
  }

  /** Undefined unless the broker is to tell copies by the numbers of records. */
  #numbering(held: HeldLease, stream: SourceStream): RecordNumbering | undefined {
    const { config, context, leases } = this.#options;
    if (context.processingGuarantees !== 'EFFECTIVELY_ONCE') {
      return undefined;
    }
    const { random, metrics } = context;
    return new RecordNumbering({
      lease: held,
      name: `${config.applicationName}/${leases.identityOf(stream)}/${held.shardId}`,
      enablesDeduplication: config.enableDeduplication,
      random,
      logger: stream.logger,
      onGeneration: (reason) =>
        metrics.instrument('generations_begun', { stream: stream.label, reason }).record(1),
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

  #openReader(
    stream: SourceStream,
    held: HeldLease,
    checkpoint: ExtendedSequenceNumber,
    observer: RetrievalObserver,
  ): ShardReader {
    const start = iteratorPosition(checkpoint, instantOfLease(held.lease));
    return this.#options.readers.open(stream, { shardId: held.shardId, start, observer });
  }

  #drainTime(): number {
    const { shutdownTimeoutMs } = this.#options.context;
    return Math.max(shutdownTimeoutMs / 2, shutdownTimeoutMs - EVICT_RESERVE_MS);
  }
}
