import { hostname } from 'node:os';
import { type KinesisSourceConfig, parseKinesisSourceConfig } from '../config';
import { ConnectorError, isConnectorError } from '../errors';
import type { ConnectorConfig, Record, RecordPartition, Source, SourceContext } from '../io';
import { LeaseCoordinator } from '../lease/lease-coordinator';
import { StallReporter } from '../metrics/stall-reporter';
import type { BackoffBounds } from '../util/backoff';
import { Ticker } from '../util/ticker';
import { LOOK_MS, Watchdog } from '../util/watchdog';
import { Backpressure } from './backpressure';
import { awaitCaughtUp } from './caught-up';
import { DataLossPolicy } from './data-loss-policy';
import type { KinesisRecord } from './kinesis-record';
import { checkOutput, type Output, outputOf } from './output';
import { ReceiveBudget } from './receive-budget';
import { ReceiveQueue } from './receive-queue';
import { ShardConsumers } from './shard-consumers';
import { SourceGauges } from './source-gauges';
import { type SourceDependencies, SourceServices } from './source-services';
import { sourceStatus } from './source-status';
import type { SourceStream } from './source-stream';
import { SourceStreams } from './source-streams';
import { SourceTally } from './source-tally';
import { StreamReaders } from './stream-readers';
import { UnownedGauges } from './unowned-gauges';

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
  readonly streams: SourceStreams;
  readonly services: SourceServices;
  readonly queue: ReceiveQueue<KinesisRecord>;
  readonly output: Output;
  readonly leases: LeaseCoordinator<SourceStream>;
  readonly readers: StreamReaders;
  readonly consumers: ShardConsumers;
  /** Looks at the levels, and at the parts that should get on. */
  readonly looks: Ticker;
  readonly watchdog: Watchdog;
}

/**
 * Reads Kinesis streams: takes leases of their shards, reads each in order, hands records out fairly, and stores
 * in the lease table how far they are confirmed.
 */
export class KinesisSource implements Source<Uint8Array> {
  readonly #dependencies: SourceDependencies;
  readonly #closing = new AbortController();
  #open: OpenSource | undefined;
  #closed: Promise<void> | undefined;
  /** The look-out for streams that come and go. */
  #discovery: Promise<void> = Promise.resolve();

  constructor(dependencies: SourceDependencies = {}) {
    this.#dependencies = dependencies;
  }

  /**
   * @param config `configs` of a Pulsar SourceConfig.
   * @throws ConnectorError CONFIG_INVALID with every problem; or what cannot heal of stream and lease table.
   */
  async open(config: ConnectorConfig, given: SourceContext): Promise<void> {
    const { clock, random, logger, metrics } = given;
    const context: SourceContext = { ...given, fatal: (error) => failed(given, error) };
    const parsed = parseKinesisSourceConfig(config, (name) => context.getSecret(name), clock.now());
    checkOutput(parsed, context);
    const services = new SourceServices(parsed, context, this.#dependencies);
    const backoff = { initialMs: parsed.backoffTime, maxMs: parsed.maxBackoffTime };
    const streams = new SourceStreams({
      selection: parsed.streams,
      interval: parsed.streamDiscoveryInterval,
      clientsOf: (place) => services.streamClients.clientsOf(place),
      retry: { clock, random, bounds: backoff },
      logger,
    });
    const { label } = streams;
    const watchdog = new Watchdog(clock, new StallReporter(context));
    const worker = `${context.name}-${context.instanceId}-${hostname()}-${random.hex(4)}`;
    const tally = new SourceTally(clock);
    const leases = new LeaseCoordinator<SourceStream>({
      dynamo: services.dynamo,
      clock,
      random,
      logger,
      metrics,
      tableName: parsed.leaseTableName,
      leaseTable: parsed.leaseTable,
      applicationName: parsed.applicationName,
      layout: parsed.streams.several ? 'SEVERAL_STREAMS' : 'ONE_STREAM',
      label,
      worker,
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
      onAcquired: (held, stream) => consumers.consume(held, stream),
      onNamed: ({ label: of }, id) => services.streamIds.set(of, id),
      onFatal: (error) => context.fatal(error),
    });
    const queue = new ReceiveQueue<KinesisRecord>((partition) =>
      consumers.get(partition.id)?.tenure.changed(),
    );
    const budget = new ReceiveBudget(parsed.receiveQueueBytes);
    const readers = new StreamReaders({
      config: parsed,
      retry: { clock, random, bounds: backoff },
      logger,
    });
    const consumers: ShardConsumers = new ShardConsumers({
      config: parsed,
      context,
      readers,
      leases,
      dataLoss: new DataLossPolicy({
        config: parsed,
        context,
        retry: { clock, random, bounds: backoff, logger },
        leastRetention: this.#dependencies.leastRetention,
        leasesOf: (stream) => leases.leasesOf(stream),
      }),
      queue,
      budget,
      decoding: new ReceiveBudget(DECODING_BYTES),
      watchdog,
      tally,
      caughtUpTarget: clock.monotonic(),
    });
    const shards = () => consumers.values();
    const backpressure = new Backpressure({
      limit: parsed.watch.backpressureReportTime,
      clock,
      logger,
      gauge: metrics.instrument('readers_held_back', { stream: label }),
    });
    const unowned = new UnownedGauges({
      metrics,
      clock,
      streams: () => streams.present,
      shards: leases.shards,
      isRead: (name) => consumers.get(name) !== undefined,
    });
    const gauges = new SourceGauges({ metrics, stream: label, queue, budget, backpressure, shards, unowned });
    context.exposeStatus?.(() => sourceStatus({ worker, clock, leases, consumers, budget, tally }));
    this.#open = {
      config: parsed,
      context,
      backoff,
      streams,
      services,
      queue,
      output: outputOf(parsed.outputFormat),
      leases,
      readers,
      consumers,
      looks: new Ticker(clock, LOOK_MS, () => {
        gauges.sample();
        watchdog.look();
      }),
      watchdog,
    };
    const { signal } = this.#closing;
    const present = await streams.begin(signal);
    // Together: LATEST is frozen at the first look of the leases, and a fan-out consumer takes a while to be made.
    await Promise.all([leases.start(present), ...present.map((stream) => readers.decide(stream, signal))]);
    this.#discovery = streams
      .run({ join: (stream) => leases.join(stream), isRead: (stream) => consumers.isRead(stream) }, signal)
      .catch((error) => context.fatal(error));
  }

  async read(): Promise<Record<Uint8Array>> {
    const [record] = await this.readBatch(1);
    if (record === undefined) {
      throw new ConnectorError('ILLEGAL_STATE', 'the receive queue handed out nothing');
    }
    return record;
  }

  async readBatch(
    max: number,
    accepts: (partition: RecordPartition) => boolean = accepted,
  ): Promise<Record<Uint8Array>[]> {
    const { queue, output } = this.#opened();
    for (;;) {
      const records = output.of(await queue.take(max, accepts));
      if (records.length > 0) {
        return records;
      }
    }
  }

  wake(): void {
    this.#open?.queue.wake();
  }

  /**
   * Resolves once every shard was read to where its tip was at `open`, and all of that is confirmed: by this worker, or
   * by another one, as the rows tell.
   */
  async whenCaughtUp(): Promise<void> {
    const { config, context, backoff, streams, leases, consumers } = this.#opened();
    const { clock, random } = context;
    const wanted = config.shardIds === undefined ? undefined : new Set(config.shardIds);
    await Promise.all(
      streams.present.map((stream) =>
        awaitCaughtUp(
          {
            stream,
            retry: { clock, random, bounds: backoff },
            leases: () => leases.leasesOf(stream),
            isWanted: (shardId) => wanted?.has(shardId) ?? true,
            reachedHere: (shardId) => consumers.get(stream.nameOf(shardId))?.caughtUp === true,
          },
          this.#closing.signal,
        ),
      ),
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
    for (const { tenure, ended } of running) {
      if (!(await ended).drained) {
        undrained.push(tenure.id);
      }
    }
    clock.clearTimer(limit);
    open.queue.close(closedError());
    await open.leases.stop();
    await this.#discovery;
    open.readers.close();
    const table = { inUse: open.leases.anyHeld.bind(open.leases), takeTime: open.leases.takeTime };
    await open.readers.end(table, Math.max(0, deadline - clock.monotonic()));
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

/** Counts what ends the source, and ends it. */
function failed({ metrics, fatal }: Pick<SourceContext, 'metrics' | 'fatal'>, error: Error): void {
  const reason = isConnectorError(error) ? error.code : 'OTHER';
  metrics.instrument('source_failures', { reason }).record(1);
  fatal(error);
}

function closedError(): ConnectorError {
  return new ConnectorError('SOURCE_CLOSED', 'the source was closed');
}
