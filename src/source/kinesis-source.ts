import { hostname } from 'node:os';
import type { DynamoApi } from '../aws/dynamo-api';
import { createDynamoApi } from '../aws/dynamo-client';
import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import { createKinesisApi } from '../aws/kinesis-client';
import { listAllShards } from '../aws/list-shards';
import { type AwsSettings, type KinesisSourceConfig, parseKinesisSourceConfig } from '../config';
import { ConnectorError } from '../errors';
import type { ConnectorConfig, Record, RecordPartition, Source, SourceContext } from '../io';
import type { HeldLease } from '../lease/held-lease';
import { isFinished } from '../lease/lease';
import { LeaseCoordinator } from '../lease/lease-coordinator';
import { retrying } from '../lease/retry';
import { openPollingReader } from '../retrieval/polling-reader';
import type { RetrievalObserver, ShardReader } from '../retrieval/retrieval';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import { isOpen } from '../stream/shard-graph';
import { iteratorPosition } from '../stream/start-position';
import type { BackoffBounds } from '../util/backoff';
import { type Clock, sleep } from '../util/clock';
import type { KinesisRecord } from './kinesis-record';
import { ReceiveBudget } from './receive-budget';
import { ReceiveQueue } from './receive-queue';
import { ShardConsumer } from './shard-consumer';
import { ShardTenure } from './shard-tenure';

/** Milliseconds of the shutdown time kept for the writes that give leases up. */
const EVICT_RESERVE_MS = 3000;

/** Bytes of answers read and decoded at the same time; one larger than that goes alone. */
const DECODING_BYTES = 8 * 1024 * 1024;

/** Milliseconds between two looks whether everything has been caught up with. */
const CAUGHT_UP_POLL_MS = 50;

const accepted = (): boolean => true;

/** Where the source gets its services from; the real ones when absent. */
export interface SourceDependencies {
  kinesis?(settings: AwsSettings, clock: Clock): KinesisApi & { close(): void };
  dynamo?(settings: AwsSettings, clock: Clock): DynamoApi & { close(): void };
}

/** What exists between open and close. */
interface OpenSource {
  readonly config: KinesisSourceConfig;
  readonly context: SourceContext;
  readonly backoff: BackoffBounds;
  readonly stream: StreamRef;
  readonly kinesis: KinesisApi & { close(): void };
  readonly dynamo: DynamoApi & { close(): void };
  readonly budget: ReceiveBudget;
  readonly decoding: ReceiveBudget;
  readonly queue: ReceiveQueue<KinesisRecord>;
  readonly leases: LeaseCoordinator;
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
    const { clock, random, logger } = context;
    const parsed = parseKinesisSourceConfig(config, (name) => context.getSecret(name), clock.now());
    const stream: StreamRef = {
      name: parsed.awsKinesisStreamName,
      ...(parsed.awsKinesisStreamArn === undefined ? {} : { arn: parsed.awsKinesisStreamArn }),
    };
    const kinesis =
      this.#dependencies.kinesis?.(parsed.aws, clock) ?? createKinesisApi(parsed.aws, { clock });
    const dynamo = this.#dependencies.dynamo?.(parsed.aws, clock) ?? createDynamoApi(parsed.aws, { clock });
    const backoff = { initialMs: parsed.backoffTime, maxMs: parsed.maxBackoffTime };
    const leases = new LeaseCoordinator({
      dynamo,
      kinesis,
      clock,
      random,
      logger,
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
    const openedAt = clock.monotonic();
    this.#open = {
      config: parsed,
      context,
      backoff,
      stream,
      kinesis,
      dynamo,
      budget,
      decoding,
      queue,
      leases,
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
    const { context, backoff, kinesis, stream } = this.#opened();
    const { clock, random } = context;
    const { signal } = this.#closing;
    const list = () => listAllShards(kinesis, stream, signal);
    const shards = await retrying({ clock, random, bounds: backoff }, signal, list);
    const closed = new Set(shards.filter((shard) => !isOpen(shard)).map(({ shardId }) => shardId));
    while (!this.#caughtUp(closed)) {
      await sleep(clock, CAUGHT_UP_POLL_MS, signal);
    }
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

  /**
   * Whether every shard that has to be read is either finished or caught up with here. Children appear in the
   * table before their parent is finished, so nothing is overlooked in between.
   * @param closed shards whose tip says nothing: what came after it is in their children.
   */
  #caughtUp(closed: ReadonlySet<string>): boolean {
    const { leases, config } = this.#opened();
    const rows = leases.leases().filter(({ shardId }) => config.shardIds?.includes(shardId) ?? true);
    const reached = (shardId: string): boolean =>
      !closed.has(shardId) && this.#consumers.get(shardId)?.caughtUp === true;
    return rows.length > 0 && rows.every((row) => isFinished(row) || reached(row.shardId));
  }

  /** Runs the consumer of one lease to its end. */
  async #consume(held: HeldLease): Promise<void> {
    const { config, context, queue, budget, decoding, leases, openedAt } = this.#opened();
    const { shardId } = held;
    const tenure = new ShardTenure({
      lease: held,
      streamName: config.awsKinesisStreamName,
      messageKeyMode: config.messageKeyMode,
      properties: config.kinesisRecordProperties,
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
      clock: context.clock,
      logger: context.logger,
      activeConsumers: () => this.#consumers.size,
      awaitParents: (signal) => leases.awaitParents(held.lease, signal),
      openReader: (checkpoint) => this.#openReader(held, checkpoint),
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

  #openReader(held: HeldLease, checkpoint: ExtendedSequenceNumber): ShardReader {
    const { config, context, backoff, kinesis, stream, leases } = this.#opened();
    // Of the table, not of the row: two workers that start together may freeze two instants, the earlier counts.
    const startAt = leases.startAt();
    return openPollingReader({
      kinesis,
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
      observer: this.#observer(),
    });
  }

  #observer(): RetrievalObserver {
    const { logger } = this.#opened().context;
    return {
      vanished: (shardId) => {
        logger.warn(
          { shardId, code: 'KINESIS_SHARD_NOT_FOUND' },
          'the shard has passed its retention: what was not read of it, if anything, is lost; reading goes on behind it',
        );
      },
      retried: (shardId, error, attempt, waitMs) => {
        // A retry or two is everyday life; a row of them is news.
        const level = attempt < 3 ? 'debug' : 'warn';
        const fields = {
          shardId,
          code: error.code,
          attempt,
          waitMs: Math.round(waitMs),
          reason: error.message,
        };
        logger[level](fields, 'reading failed; it is tried again after the wait');
      },
    };
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
    open.kinesis.close();
    open.dynamo.close();
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
