import { ConnectorError, isConnectorError, messageOf } from '../errors';
import type { ConnectorConfig, RecordPartition, Source, SourceContext } from '../io';
import { StallReporter } from '../metrics/stall-reporter';
import type { ProducerTransport } from '../pulsar/transport';
import { abortable } from '../util/abort';
import type { BackoffBounds } from '../util/backoff';
import { deferred } from '../util/deferred';
import { Ticker } from '../util/ticker';
import { LOOK_MS, Watchdog } from '../util/watchdog';
import { DeliveryDeadLetters } from './delivery-dead-letters';
import { DeliveryLanes } from './delivery-lanes';
import type { RunOutcome } from './run-outcome';
import { STEP_SHARE, timeToStop } from './stop-time';

/** Records asked of the source at once. */
const BATCH = 1024;

/** What the runner's owner knows of an instance; the rest of the context is made here. */
export type InstanceContext = Omit<
  SourceContext,
  'closePartition' | 'deadLetter' | 'storesAnySize' | 'fatal'
>;

export interface SourceRunnerOptions {
  readonly source: Source<Uint8Array>;
  readonly config: ConnectorConfig;
  readonly context: InstanceContext;
  readonly transport: ProducerTransport;
  readonly atMostOnce: boolean;
  readonly backoff: BackoffBounds;
  /** Milliseconds without a receipt until a lane starts again with another producer; 0 = never. */
  readonly sendStallTimeout: number;
  /** Also end once everything that was there at the start is delivered; see `Source.whenCaughtUp`. */
  readonly untilCaughtUp?: boolean;
  /** The source is open. */
  onRunning?(): void;
  /** The source is being closed. @param failure why, unless it was stopped or has caught up */
  onEnding?(failure?: unknown): void;
}

/**
 * Drives one instance of any source: reads records, sends them through one lane a tenure, tells the source what
 * became of them. Knows nothing of Kinesis.
 */
export class SourceRunner {
  readonly #options: SourceRunnerOptions;
  readonly #lanes: DeliveryLanes;
  readonly #deadLetters: DeliveryDeadLetters;
  readonly #closing = new AbortController();
  readonly #watchdog: Watchdog;
  readonly #failed: Promise<never>;
  #reading: Promise<void> = Promise.resolve();
  /** Resolves when a lane accepts records again. */
  #room = deferred<void>();
  #fail!: (error: Error) => void;

  constructor(options: SourceRunnerOptions) {
    this.#options = options;
    const { source, transport, context, atMostOnce, backoff, sendStallTimeout } = options;
    this.#watchdog = new Watchdog(context.clock, new StallReporter(context));
    const delivery = {
      transport,
      context,
      backoff,
      sendStallTimeout,
      watchdog: this.#watchdog,
      onRoom: () => {
        this.#room.resolve();
        source.wake?.();
      },
      onFatal: (error: Error) => this.#fail(error),
    };
    this.#lanes = new DeliveryLanes({ ...delivery, atMostOnce });
    this.#deadLetters = new DeliveryDeadLetters(delivery);
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
    const looks = new Ticker(this.#options.context.clock, LOOK_MS, () => {
      this.#lanes.report();
      this.#watchdog.look();
    });
    try {
      return await this.#run(stop);
    } finally {
      this.#watchdog.stop();
      looks.stop();
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
      await this.#close(error).catch((second: unknown) => {
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
      // What is surely left of it: behind the source come its producers and the transport.
      shutdownTimeoutMs: context.shutdownTimeoutMs * (1 - 2 * STEP_SHARE),
      storesAnySize: this.#options.transport.chunks,
      fatal: (error) => this.#fail(error),
      deadLetter: (order) => this.#deadLetters.add(order),
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
          this.#lanes.offer(record);
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
    return this.#lanes.accepts(partition) && this.#deadLetters.accepts(partition);
  }

  /** What is refused while the lanes end still becomes a dead letter. */
  async #closePartition(partition: RecordPartition, deadlineMs: number): Promise<boolean> {
    const left = timeToStop(this.#options.context.clock, deadlineMs);
    const answered = await this.#lanes.close(partition, deadlineMs);
    const stored = await this.#deadLetters.close(partition, left());
    this.#room.resolve();
    return answered && stored;
  }

  async #close(failure?: unknown): Promise<RunOutcome> {
    const { source, context, onEnding } = this.#options;
    const left = timeToStop(context.clock, context.shutdownTimeoutMs);
    onEnding?.(failure);
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
    const leftOfStep = timeToStop(context.clock, left());
    const answered = await this.#lanes.closeAll(leftOfStep());
    const stored = await this.#deadLetters.closeAll(leftOfStep());
    if (!answered || !stored) {
      outcome = 'undrained';
    }
    if (error !== undefined && !isConnectorError(error, 'SHUTDOWN_DEADLINE')) {
      throw error;
    }
    await this.#reading;
    return outcome;
  }
}
