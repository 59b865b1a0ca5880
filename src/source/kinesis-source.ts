import { hostname } from 'node:os';
import type { StreamRef } from '../aws/kinesis-api';
import { type KinesisSourceConfig, parseKinesisSourceConfig } from '../config';
import { ConnectorError } from '../errors';
import type { ConnectorConfig, Record, RecordPartition, Source, SourceContext } from '../io';
import type { HeldLease } from '../lease/held-lease';
import type { Lease } from '../lease/lease';
import { LeaseCoordinator } from '../lease/lease-coordinator';
import { openPollingReader } from '../retrieval/polling-reader';
import type { ShardReader } from '../retrieval/retrieval';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import { iteratorPosition } from '../stream/start-position';
import type { BackoffBounds } from '../util/backoff';
import { Ticker } from '../util/ticker';
import { awaitCaughtUp } from './caught-up';
import { DeliveryTimer } from './delivery-timer';
import type { KinesisRecord } from './kinesis-record';
import { ReceiveBudget } from './receive-budget';
import { ReceiveQueue } from './receive-queue';
import { ShardConsumer } from './shard-consumer';
import { ShardMetrics } from './shard-metrics';
import { ShardTenure } from './shard-tenure';
import { SourceGauges } from './source-gauges';
import { type SourceDependencies, SourceServices } from './source-services';

/** Milliseconds of the shutdown time kept for the writes that give leases up. */
const EVICT_RESERVE_MS = 3000;

/** Bytes of answers read and decoded at the same time; one larger than that goes alone. */
const DECODING_BYTES = 8 * 1024 * 1024;

/** Milliseconds between two looks at queue and lag. */
const GAUGE_MS = 1000;

/** Milliseconds that the last metrics may take to be published: nobody waits for them but the process. */
const PUBLISH_MS = 2000;

const accepted = (): boolean => true;

/** What exists between open and close. */
interface OpenSource {
  readonly config: KinesisSourceConfig;
  readonly context: SourceContext;
  readonly backoff: BackoffBounds;
  readonly stream: StreamRef;
  readonly services: SourceServices;
  readonly budget: ReceiveBudget;
  readonly decoding: ReceiveBudget;
  readonly queue: ReceiveQueue<KinesisRecord>;
  readonly leases: LeaseCoordinator;
  readonly gauges: Ticker;
  /** Monotonic instant of open(). */
  readonly openedAt: number;
}

/**
 * Reads a Kinesis stream: takes leases of its shards, reads each in order, hands records out fairly, and stores
 * in the lease table how far they are confirmed.
 */
export class KinesisSource implements Source<Uint8Array> {
  readonly #dependencies: SourceDependencies;
  readonly #consumers = new Map<string, ShardConsumer>();
  readonly #closing = new AbortController();
  #open: OpenSource | undefined;
  #closed: Promise<void> | undefined;

  constructor(dependencies: SourceDependencies = {}) {
    this.#dependencies = dependencies;
  }

  /**
   * @param config `configs` of a Pulsar SourceConfig.
   * @throws ConnectorError CONFIG_INVALID with every problem; or what cannot heal of stream and lease table.
   */
  async open(config: ConnectorConfig, context: SourceContext): Promise<void> {
    const { clock, random, logger, metrics } = context;
    const parsed = parseKinesisSourceConfig(config, (name) => context.getSecret(name), clock.now());
    const stream: StreamRef = {
      name: parsed.awsKinesisStreamName,
      ...(parsed.awsKinesisStreamArn === undefined ? {} : { arn: parsed.awsKinesisStreamArn }),
    };
    const services = new SourceServices(parsed, context, this.#dependencies);
    const backoff = { initialMs: parsed.backoffTime, maxMs: parsed.maxBackoffTime };
    const leases = new LeaseCoordinator({
      dynamo: services.dynamo,
      kinesis: services.kinesis,
      clock,
      random,
      logger,
      metrics,
      tableName: parsed.leaseTableName,
      stream,
      worker: `${context.name}-${context.instanceId}-${hostname()}-${random.hex(4)}`,
      initialPosition: parsed.initialPosition,
      failoverTime: parsed.failoverTime,
      checkpointInterval: parsed.checkpointInterval,
      maxLeases: parsed.maxLeasesForWorker,
      ...(parsed.shardIds === undefined ? {} : { shardIds: parsed.shardIds }),
      backoff,
      onAcquired: (held) => this.#consume(held),
      onFatal: (error) => context.fatal(error),
    });
    const queue = new ReceiveQueue<KinesisRecord>((partition) =>
      this.#consumers.get(partition.id)?.tenure.changed(),
    );
    const budget = new ReceiveBudget(parsed.receiveQueueBytes);
    const decoding = new ReceiveBudget(DECODING_BYTES);
    const shards = () => this.#consumers.values();
    const gauges = new SourceGauges({ metrics, stream: stream.name, queue, budget, shards });
    const openedAt = clock.monotonic();
    this.#open = {
      config: parsed,
      context,
      backoff,
      stream,
      services,
      budget,
      decoding,
      queue,
      leases,
      gauges: new Ticker(clock, GAUGE_MS, () => gauges.sample()),
      openedAt,
    };
    await leases.start();
  }

  async read(): Promise<Record<Uint8Array>> {
    const [record] = await this.readBatch(1);
    if (record === undefined) {
      throw new ConnectorError('ILLEGAL_STATE', 'the receive queue handed out nothing');
    }
    return record;
  }

  readBatch(
    max: number,
    accepts: (partition: RecordPartition) => boolean = accepted,
  ): Promise<KinesisRecord[]> {
    const { queue } = this.#opened();
    return queue.take(max, accepts);
  }

  wake(): void {
    this.#open?.queue.wake();
  }

  /** Resolves once every shard was read to where its tip was at `open`, and all of that is confirmed. */
  async whenCaughtUp(): Promise<void> {
    const { config, context, backoff, services, stream, leases } = this.#opened();
    const { clock, random } = context;
    const isWanted = ({ shardId }: Lease): boolean => config.shardIds?.includes(shardId) ?? true;
    await awaitCaughtUp(
      {
        kinesis: services.kinesis,
        stream,
        retry: { clock, random, bounds: backoff },
        leases: () => leases.leases().filter(isWanted),
        reached: (shardId) => this.#consumers.get(shardId)?.caughtUp === true,
      },
      this.#closing.signal,
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #opened(): OpenSource {
    if (this.#open === undefined) {
      throw new ConnectorError('ILLEGAL_STATE', 'the source was not opened');
    }
    return this.#open;
  }

  /** Runs the consumer of one lease to its end. */
  async #consume(held: HeldLease): Promise<void> {
    const { config, context, queue, budget, decoding, leases, openedAt } = this.#opened();
    const { shardId } = held;
    const { clock, logger } = context;
    const stream = config.awsKinesisStreamName;
    const metrics = new ShardMetrics({ metrics: context.metrics, clock, stream, shardId });
    const tenure = new ShardTenure({
      lease: held,
      streamName: stream,
      messageKeyMode: config.messageKeyMode,
      properties: config.kinesisRecordProperties,
      timer: new DeliveryTimer(clock, metrics.deliveryTime),
      onRefused: (_record, cause) => context.fatal(cause),
    });
    const consumer = new ShardConsumer({
      lease: held,
      tenure,
      queue,
      budget,
      decoding,
      receiveQueueSize: config.receiveQueueSize,
      caughtUpTarget: openedAt,
      clock,
      logger,
      metrics,
      activeConsumers: () => this.#consumers.size,
      awaitParents: (signal) => leases.awaitParents(held.lease, signal),
      openReader: (checkpoint) => this.#openReader(held, checkpoint, metrics),
      createChildren: (children) => leases.createChildren(held, children),
      closePartition: (deadlineMs) => context.closePartition(tenure, deadlineMs),
    });
    this.#consumers.set(shardId, consumer);
    if (this.#closing.signal.aborted) {
      consumer.stop('REQUESTED', this.#drainTime());
    }
    const { reason, error } = await consumer.run();
    this.#consumers.delete(shardId);
    if (reason === 'FAILED') {
      context.fatal(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #openReader(held: HeldLease, checkpoint: ExtendedSequenceNumber, metrics: ShardMetrics): ShardReader {
    const { config, context, backoff, services, stream, leases } = this.#opened();
    // Of the table, not of the row: two workers that start together may freeze two instants, the earlier counts.
    const startAt = leases.startAt();
    return openPollingReader({
      kinesis: services.kinesis,
      stream,
      shardId: held.shardId,
      start: iteratorPosition(checkpoint, { startAt, timestamp: startAt }),
      maxRecordsPerRead: config.maxRecordsPerRead,
      maxReadsPerSecond: config.maxReadsPerSecondPerShard,
      backoff,
      numRetries: config.numRetries,
      requestTimeout: config.aws.requestTimeout,
      clock: context.clock,
      random: context.random,
      observer: metrics.observer(context.logger),
    });
  }

  #drainTime(): number {
    const { shutdownTimeoutMs } = this.#opened().context;
    return Math.max(shutdownTimeoutMs / 2, shutdownTimeoutMs - EVICT_RESERVE_MS);
  }

  /** Order of the steps: nothing is taken any more, every shard drains and gives its lease up, the rest ends. */
  async #close(): Promise<void> {
    this.#closing.abort(closedError());
    const open = this.#open;
    if (open === undefined) {
      return;
    }
    const { clock, shutdownTimeoutMs } = open.context;
    const deadline = clock.monotonic() + shutdownTimeoutMs;
    // The last look, while there are shards to look at.
    open.gauges.stop();
    // What is still held then is left to run out, which ends its consumer.
    const limit = clock.setTimer(() => void open.leases.stop(), shutdownTimeoutMs);
    const running = new Set(this.#consumers.values());
    for (const consumer of running) {
      consumer.stop('REQUESTED', this.#drainTime());
    }
    await open.leases.stopTaking();
    for (const taken of this.#consumers.values()) {
      running.add(taken);
    }
    const undrained: string[] = [];
    for (const { shardId, ended } of running) {
      if (!(await ended).drained) {
        undrained.push(shardId);
      }
    }
    clock.clearTimer(limit);
    open.queue.close(closedError());
    await open.leases.stop();
    await open.services.close(Math.min(PUBLISH_MS, Math.max(0, deadline - clock.monotonic())));
    if (undrained.length > 0) {
      throw new ConnectorError(
        'SHUTDOWN_DEADLINE',
        'not everything in flight was answered before the time was up',
        {
          expected: 'every send answered and every lease given up',
          found: `open ends in ${undrained.join(', ')}`,
        },
      );
    }
  }
}

function closedError(): ConnectorError {
  return new ConnectorError('SOURCE_CLOSED', 'the source was closed');
}
