import { ConnectorError, isConnectorError, messageOf } from '../errors';
import type { ConnectorConfig, Record, RecordPartition, Source, SourceContext } from '../io';
import type { ProducerTransport } from '../pulsar/transport';
import { abortable } from '../util/abort';
import type { BackoffBounds } from '../util/backoff';
import { deferred } from '../util/deferred';
import { Ticker } from '../util/ticker';
import { DeliveryLane } from './delivery-lane';
import { DeliveryMetrics } from './delivery-metrics';
import type { RunOutcome } from './run-outcome';

/** Records asked of the source at once. */
const BATCH = 1024;

/** Milliseconds between two looks at what the lanes did. */
const REPORT_MS = 1000;

/** What the runner's owner knows of an instance; the rest of the context is made here. */
export type InstanceContext = Omit<SourceContext, 'closePartition' | 'fatal'>;

export interface SourceRunnerOptions {
  readonly source: Source<Uint8Array>;
  readonly config: ConnectorConfig;
  readonly context: InstanceContext;
  readonly transport: ProducerTransport;
  readonly atMostOnce: boolean;
  readonly backoff: BackoffBounds;
  /** Also end once everything that was there at the start is delivered; see `Source.whenCaughtUp`. */
  readonly untilCaughtUp?: boolean;
  /** The source is open. */
  onRunning?(): void;
}

/**
 * Drives one instance of any source: reads records, sends them through one lane a tenure, tells the source what
 * became of them. Knows nothing of Kinesis.
 */
export class SourceRunner {
  readonly #options: SourceRunnerOptions;
  readonly #lanes = new Map<RecordPartition | undefined, Map<string, DeliveryLane>>();
  readonly #closedPartitions = new WeakSet<RecordPartition>();
  readonly #closing = new AbortController();
  readonly #metrics: DeliveryMetrics;
  readonly #failed: Promise<never>;
  #reading: Promise<void> = Promise.resolve();
  /** Resolves when a lane accepts records again. */
  #room = deferred<void>();
  #fail!: (error: Error) => void;

  constructor(options: SourceRunnerOptions) {
    this.#options = options;
    this.#metrics = new DeliveryMetrics(options.context.metrics);
    this.#failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => undefined);
  }

  /**
   * Opens the source and moves records until `stop` is aborted or the source fails, then closes everything.
   * @throws the first fatal error, after an orderly close.
   */
  async run(stop: AbortSignal): Promise<RunOutcome> {
    const reports = new Ticker(this.#options.context.clock, REPORT_MS, () => this.#report());
    try {
      return await this.#run(stop);
    } finally {
      reports.stop();
    }
  }

  async #run(stop: AbortSignal): Promise<RunOutcome> {
    const { source, config, context, untilCaughtUp } = this.#options;
    const stopped = new Promise<void>((resolve) => {
      if (stop.aborted) {
        resolve();
      }
      stop.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      await Promise.race([source.open(config, this.#sourceContext(context)), stopped, this.#failed]);
      if (!stop.aborted) {
        this.#options.onRunning?.();
        this.#reading = this.#read();
        const ends = untilCaughtUp ? [stopped, this.#caughtUp()] : [stopped];
        await Promise.race([...ends, this.#failed]);
      }
    } catch (error) {
      await this.#close().catch((second: unknown) => {
        context.logger.warn({ reason: messageOf(second) }, 'closing failed as well');
      });
      throw error;
    }
    return this.#close();
  }

  #caughtUp(): Promise<void> {
    const { source } = this.#options;
    if (source.whenCaughtUp === undefined) {
      throw new ConnectorError('NOT_AVAILABLE_YET', 'this source has no end to catch up with');
    }
    // When the source is closed first, the run has another reason to end.
    return source.whenCaughtUp().catch((error: unknown) => {
      if (isConnectorError(error, 'SOURCE_CLOSED')) {
        return new Promise(() => undefined);
      }
      throw error;
    });
  }

  #sourceContext(context: InstanceContext): SourceContext {
    return {
      ...context,
      fatal: (error) => this.#fail(error),
      closePartition: (partition, deadlineMs) => this.#closePartition(partition, deadlineMs),
    };
  }

  async #read(): Promise<void> {
    const { source } = this.#options;
    const accepts = (partition: RecordPartition): boolean => this.#accepts(partition);
    try {
      for (;;) {
        const records = source.readBatch ? await source.readBatch(BATCH, accepts) : [await source.read()];
        for (const record of records) {
          this.#offer(record);
          // Only batches of partitions are asked for by what is accepted.
          if (source.readBatch === undefined || record.partition === undefined) {
            await this.#awaitRoom(record.partition);
          }
        }
      }
    } catch (error) {
      if (!isConnectorError(error, 'SOURCE_CLOSED')) {
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  async #awaitRoom(partition: RecordPartition | undefined): Promise<void> {
    while (!this.#accepts(partition)) {
      this.#room = deferred();
      await abortable(this.#room.promise, this.#closing.signal);
    }
  }

  #accepts(partition: RecordPartition | undefined): boolean {
    const lanes = this.#lanes.get(partition);
    if (lanes === undefined) {
      return true;
    }
    for (const lane of lanes.values()) {
      if (!lane.accepts) {
        return false;
      }
    }
    return true;
  }

  #offer(record: Record<Uint8Array>): void {
    const { partition } = record;
    if (partition !== undefined && (this.#closedPartitions.has(partition) || !partition.deliverable())) {
      return;
    }
    const topic = record.destinationTopic ?? this.#options.context.outputTopic;
    let lanes = this.#lanes.get(partition);
    if (lanes === undefined) {
      lanes = new Map();
      this.#lanes.set(partition, lanes);
    }
    let lane = lanes.get(topic);
    if (lane === undefined) {
      lane = this.#openLane(partition, topic);
      lanes.set(topic, lane);
    }
    lane.offer(record);
  }

  #openLane(partition: RecordPartition | undefined, topic: string): DeliveryLane {
    const { transport, atMostOnce, backoff, context, source } = this.#options;
    return new DeliveryLane({
      transport,
      topic,
      atMostOnce,
      backoff,
      clock: context.clock,
      random: context.random,
      logger: partition === undefined ? context.logger : context.logger.child({ partition: partition.id }),
      mayStillSend: partition === undefined ? () => true : () => partition.deliverable(),
      onRoom: () => {
        this.#room.resolve();
        source.wake?.();
      },
      onFatal: (error) => this.#fail(error),
    });
  }

  async #closePartition(partition: RecordPartition, deadlineMs: number): Promise<boolean> {
    this.#closedPartitions.add(partition);
    const answered = await this.#closeLanes(this.#lanes.get(partition), deadlineMs);
    this.#lanes.delete(partition);
    this.#room.resolve();
    return answered;
  }

  async #closeLanes(lanes: Map<string, DeliveryLane> | undefined, deadlineMs: number): Promise<boolean> {
    const closing = Array.from(lanes ?? [], async ([topic, lane]) => {
      const answered = await lane.close(deadlineMs);
      this.#metrics.did(topic, lane.takeCounts());
      return answered;
    });
    return (await Promise.all(closing)).every((answered) => answered);
  }

  #report(): void {
    let inFlight = 0;
    for (const lanes of this.#lanes.values()) {
      for (const [topic, lane] of lanes) {
        inFlight += lane.inFlight;
        this.#metrics.did(topic, lane.takeCounts());
      }
    }
    this.#metrics.inFlight(inFlight);
  }

  async #close(): Promise<RunOutcome> {
    const { source, context } = this.#options;
    this.#closing.abort(new ConnectorError('SOURCE_CLOSED', 'the run has ended'));
    const error: unknown = await source.close().catch((thrown: unknown) => thrown);
    let outcome: RunOutcome = 'drained';
    if (isConnectorError(error, 'SHUTDOWN_DEADLINE')) {
      context.logger.warn(
        { code: error.code, reason: error.message },
        'stopped before everything was drained',
      );
      outcome = 'undrained';
    }
    const lanes = [...this.#lanes.values()].map((some) => this.#closeLanes(some, context.shutdownTimeoutMs));
    if ((await Promise.all(lanes)).includes(false)) {
      outcome = 'undrained';
    }
    this.#lanes.clear();
    if (error !== undefined && !isConnectorError(error, 'SHUTDOWN_DEADLINE')) {
      throw error;
    }
    await this.#reading;
    return outcome;
  }
}
