import { ConnectorError, isConnectorError } from '../errors';
import type { ConnectorConfig, RecordPartition, Source, SourceContext } from '../io';
import type { Transport } from '../pulsar/transport';
import type { BackoffBounds } from '../util/backoff';
import { type DeliveredRecord, DeliveryLane } from './delivery-lane';

/** Records asked of the source at once. */
const BATCH = 1024;

/** What the runner's owner knows of an instance; the rest of the context is made here. */
export type InstanceContext = Omit<SourceContext, 'closePartition' | 'fatal'>;

export interface SourceRunnerOptions {
  readonly source: Source<Uint8Array>;
  readonly config: ConnectorConfig;
  readonly context: InstanceContext;
  readonly transport: Transport;
  readonly atMostOnce: boolean;
  readonly backoff: BackoffBounds;
  /** Also end once everything that was there at the start is delivered; see `Source.whenCaughtUp`. */
  readonly untilCaughtUp?: boolean;
}

/** How a run ended: everything drained, or what was in flight when the time was up left unconfirmed. */
export type RunOutcome = 'drained' | 'undrained';

/**
 * Drives one instance of any source: reads records, sends them through one lane a tenure, tells the source what
 * became of them. Knows nothing of Kinesis.
 */
export class SourceRunner {
  readonly #options: SourceRunnerOptions;
  readonly #lanes = new Map<RecordPartition | undefined, Map<string, DeliveryLane>>();
  readonly #closedPartitions = new WeakSet<RecordPartition>();
  readonly #failed: Promise<never>;
  #fail!: (error: Error) => void;

  constructor(options: SourceRunnerOptions) {
    this.#options = options;
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
    const { source, config, context } = this.#options;
    const stopped = new Promise<void>((resolve) => {
      if (stop.aborted) {
        resolve();
      }
      stop.addEventListener('abort', () => resolve(), { once: true });
    });
    const reading = { ended: Promise.resolve() };
    try {
      await Promise.race([source.open(config, this.#sourceContext(context)), this.#failed]);
      reading.ended = this.#read();
      const ends = this.#options.untilCaughtUp ? [stopped, this.#caughtUp()] : [stopped];
      await Promise.race([...ends, this.#failed]);
    } catch (error) {
      await this.#close();
      await reading.ended;
      throw error;
    }
    const outcome = await this.#close();
    await reading.ended;
    return outcome;
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
        }
      }
    } catch (error) {
      if (!isConnectorError(error, 'SOURCE_CLOSED')) {
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  #accepts(partition: RecordPartition): boolean {
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

  #offer(record: DeliveredRecord): void {
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
      onRoom: () => source.wake?.(),
      onFatal: (error) => this.#fail(error),
    });
  }

  async #closePartition(partition: RecordPartition, deadlineMs: number): Promise<boolean> {
    this.#closedPartitions.add(partition);
    const answered = await this.#closeLanes(this.#lanes.get(partition), deadlineMs);
    this.#lanes.delete(partition);
    return answered;
  }

  async #closeLanes(lanes: Map<string, DeliveryLane> | undefined, deadlineMs: number): Promise<boolean> {
    const closing = [...(lanes?.values() ?? [])].map((lane) => lane.close(deadlineMs));
    return (await Promise.all(closing)).every((answered) => answered);
  }

  async #close(): Promise<RunOutcome> {
    const { source, context } = this.#options;
    let outcome: RunOutcome = 'drained';
    try {
      await source.close();
    } catch (error) {
      if (!isConnectorError(error, 'SHUTDOWN_DEADLINE')) {
        throw error;
      }
      context.logger.warn(
        { code: error.code, reason: error.message },
        'stopped before everything was drained',
      );
      outcome = 'undrained';
    }
    for (const lanes of this.#lanes.values()) {
      if (!(await this.#closeLanes(lanes, context.shutdownTimeoutMs))) {
        outcome = 'undrained';
      }
    }
    this.#lanes.clear();
    return outcome;
  }
}
