import { hostname } from 'node:os';
import type { StreamRef } from '../aws/kinesis-api';
import { type KinesisSourceConfig, parseKinesisSourceConfig } from '../config';
import { ConnectorError } from '../errors';
import type { ConnectorConfig, Record, RecordPartition, Source, SourceContext } from '../io';
import { LeaseCoordinator } from '../lease/lease-coordinator';
import { StallReporter } from '../metrics/stall-reporter';
import type { BackoffBounds } from '../util/backoff';
import { Ticker } from '../util/ticker';
import { LOOK_MS, Watchdog } from '../util/watchdog';
import { Backpressure } from './backpressure';
import { awaitCaughtUp } from './caught-up';
import type { KinesisRecord } from './kinesis-record';
import { ReceiveBudget } from './receive-budget';
import { ReceiveQueue } from './receive-queue';
import { ShardConsumers } from './shard-consumers';
import { SourceGauges } from './source-gauges';
import { type SourceDependencies, SourceServices } from './source-services';

/** Bytes of answers read and decoded at the same time; one larger than that goes alone. */
const DECODING_BYTES = 8 * 1024 * 1024;

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
  readonly queue: ReceiveQueue<KinesisRecord>;
  readonly leases: LeaseCoordinator;
  readonly consumers: ShardConsumers;
  /** Looks at the levels, and at the parts that should get on. */
  readonly looks: Ticker;
  readonly watchdog: Watchdog;
}

/**
 * Reads a Kinesis stream: takes leases of its shards, reads each in order, hands records out fairly, and stores
 * in the lease table how far they are confirmed.
 */
export class KinesisSource implements Source<Uint8Array> {
  readonly #dependencies: SourceDependencies;
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
    const watchdog = new Watchdog(clock, new StallReporter(context));
    const leases = new LeaseCoordinator({
      dynamo: services.dynamo,
      kinesis: services.kinesis,
      clock,
      random,
      logger,
      metrics,
      tableName: parsed.leaseTableName,
      leaseTable: parsed.leaseTable,
      applicationName: parsed.applicationName,
      stream,
      worker: `${context.name}-${context.instanceId}-${hostname()}-${random.hex(4)}`,
      initialPosition: parsed.initialPosition,
      failoverTime: parsed.failoverTime,
      checkpointInterval: parsed.checkpointInterval,
      maxLeases: parsed.maxLeasesForWorker,
      handoffTimeout: parsed.handoffTimeout,
      maxConcurrentHandovers: parsed.maxConcurrentHandovers,
      watch: { watchdog, settings: parsed.watch },
      audit: parsed.audit,
      ...(parsed.shardIds === undefined ? {} : { shardIds: parsed.shardIds }),
      backoff,
      onAcquired: (held) => consumers.consume(held),
      onFatal: (error) => context.fatal(error),
    });
    const queue = new ReceiveQueue<KinesisRecord>((partition) =>
      consumers.get(partition.id)?.tenure.changed(),
    );
    const budget = new ReceiveBudget(parsed.receiveQueueBytes);
    const consumers: ShardConsumers = new ShardConsumers({
      config: parsed,
      context,
      kinesis: services.kinesis,
      stream,
      backoff,
      leases,
      queue,
      budget,
      decoding: new ReceiveBudget(DECODING_BYTES),
      watchdog,
      caughtUpTarget: clock.monotonic(),
    });
    const shards = () => consumers.values();
    const backpressure = new Backpressure({
      limit: parsed.watch.backpressureReportTime,
      clock,
      logger,
      gauge: metrics.instrument('readers_held_back', { stream: stream.name }),
    });
    const gauges = new SourceGauges({ metrics, stream: stream.name, queue, budget, backpressure, shards });
    this.#open = {
      config: parsed,
      context,
      backoff,
      stream,
      services,
      queue,
      leases,
      consumers,
      looks: new Ticker(clock, LOOK_MS, () => {
        gauges.sample();
        watchdog.look();
      }),
      watchdog,
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

  /**
   * Resolves once every shard was read to where its tip was at `open`, and all of that is confirmed: by this worker, or
   * by another one, as the rows tell.
   */
  async whenCaughtUp(): Promise<void> {
    const { config, context, backoff, services, stream, leases, consumers } = this.#opened();
    const { clock, random } = context;
    const wanted = config.shardIds === undefined ? undefined : new Set(config.shardIds);
    await awaitCaughtUp(
      {
        kinesis: services.kinesis,
        stream,
        retry: { clock, random, bounds: backoff },
        logger: context.logger,
        leases: () => leases.leases(),
        isWanted: (shardId) => wanted?.has(shardId) ?? true,
        reachedHere: (shardId) => consumers.get(shardId)?.caughtUp === true,
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
    open.watchdog.stop();
    open.looks.stop();
    // What is still held then is left to run out, which ends its consumer.
    const limit = clock.setTimer(() => void open.leases.stop(), shutdownTimeoutMs);
    const running = new Set(open.consumers.values());
    open.consumers.stop();
    await open.leases.stopTaking();
    for (const taken of open.consumers.values()) {
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
