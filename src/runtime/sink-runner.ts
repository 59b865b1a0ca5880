import { fullName } from '../config/topic';
import type { SinkDefinition } from '../config/types';
import { ConnectorError, isConnectorError, messageOf } from '../errors';
import { type BaseContext, HAS_ROOM, type Sink } from '../io';
import type { Transport } from '../pulsar/transport';
import type { SinkValue } from '../sink/entry';
import { throwIfAborted } from '../util/abort';
import type { BackoffBounds } from '../util/backoff';
import { sleep } from '../util/clock';
import { deferred } from '../util/deferred';
import { Gate } from '../util/gate';
import { resolvesWithin } from '../util/limited-wait';
import type { ConsumedRecord } from './consumed-record';
import { failureEnds } from './message-outcome';
import type { RunOutcome } from './run-outcome';
import { SinkInputs } from './sink-inputs';
import { STEP_SHARE, timeToStop } from './stop-time';
import type { TopicInput } from './topic-input';

/** Records that one topic hands to the sink before it is another one's turn. */
const BATCH = 100;

/** Milliseconds between two flushes of the sink in a run that ends when it has caught up. */
const FLUSH_MS = 100;

/** Part of the time to stop in which the sink may still be given the rest of entries that have begun. */
const BEGUN_SHARE = 1 / 3;

/** What the runner's owner knows of an instance; the rest of the context is made here. */
export type SinkInstanceContext = Omit<BaseContext, 'fatal'>;

export interface SinkRunnerOptions {
  readonly sink: Sink<SinkValue>;
  readonly definition: SinkDefinition;
  readonly context: SinkInstanceContext;
  readonly transport: Transport;
  readonly backoff: BackoffBounds;
  /** Also end once everything that was in the topics at the start is acknowledged. */
  readonly untilCaughtUp?: boolean;
  /** Delete the subscriptions at the end, if everything is drained: the sink will not be back. */
  readonly unsubscribe?: boolean;
  /** The sink is open and its topics are subscribed to. */
  onRunning?(): void;
  /** The sink is being closed. @param failure why, unless it was stopped or has caught up */
  onEnding?(failure?: unknown): void;
}

/**
 * Drives one instance of any sink: subscribes to its topics, hands it their messages one at a time, and tells the
 * broker what became of them. Knows nothing of Kinesis.
 */
export class SinkRunner {
  readonly #options: SinkRunnerOptions;
  readonly #inputs: SinkInputs;
  /** One write at a time; topics that have records take turns. */
  readonly #writing = new Gate(1);
  readonly #closing = new AbortController();
  readonly #failed = deferred<never>();
  readonly #pumps: Promise<void>[] = [];
  /** No topic is subscribed to any more. */
  #stopping = false;
  /** The sink gets no further record: what is behind one that has ended the run may have to stay there. */
  #over = false;
  /** The first error that ends the run. */
  #failure: Error | undefined;

  constructor(options: SinkRunnerOptions) {
    this.#options = options;
    this.#inputs = new SinkInputs({
      ...options,
      settlesEveryRecord: options.sink.settlesEveryRecord ?? false,
      onFatal: (error) => this.#fail(error),
    });
    this.#failed.promise.catch(() => undefined);
  }

  /**
   * Opens the sink and hands it messages until `stop` is aborted or something fails, then closes everything.
   * @throws the first fatal error, after an orderly close.
   */
  async run(stop: AbortSignal): Promise<RunOutcome> {
    const { untilCaughtUp } = this.#options;
    const stopped = new Promise<void>((resolve) => {
      if (stop.aborted) {
        resolve();
      }
      stop.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      await Promise.race([this.#start(), stopped, this.#failed.promise]);
      if (!stop.aborted) {
        this.#options.onRunning?.();
        const ends = untilCaughtUp ? [stopped, this.#caughtUp()] : [stopped];
        await Promise.race([...ends, this.#failed.promise]);
      }
    } catch (error) {
      this.#fail(error);
    }
    const outcome = await this.#close();
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    return outcome;
  }

  async #start(): Promise<void> {
    const { sink, definition, context } = this.#options;
    const { logger, shutdownTimeoutMs } = context;
    if (definition.processingGuarantees === 'EFFECTIVELY_ONCE') {
      logger.warn({}, 'a sink cannot be EFFECTIVELY_ONCE: it runs at least once, on a Failover subscription');
    }
    await sink.open(definition.configs, {
      ...context,
      inputTopics: definition.inputs.map(fullName),
      subscriptionType: definition.subscriptionType,
      failureEnds: failureEnds(definition),
      // What is surely left of it when its turn comes.
      shutdownTimeoutMs: shutdownTimeoutMs * (1 - BEGUN_SHARE - 2 * STEP_SHARE),
      fatal: (error) => this.#fail(error),
    });
    const topics = [...definition.inputs, ...definition.inputPatterns];
    await Promise.all(topics.map((topic) => this.#subscribe(topic)));
  }

  async #subscribe(topic: string): Promise<void> {
    const { signal } = this.#closing;
    throwIfAborted(signal);
    if (this.#stopping) {
      return;
    }
    const input = await this.#inputs.subscribe(topic, signal);
    if (this.#stopping) {
      await input.close(0, false);
      return;
    }
    const pump = this.#pump(input);
    this.#pumps.push(pump);
    this.#background(pump);
  }

  /** Moves the messages of one topic into the sink. */
  async #pump(input: TopicInput): Promise<void> {
    for (;;) {
      const records = await input.receive(BATCH);
      if (records === undefined || this.#over) {
        return;
      }
      for (let next = 0; next < records.length && !this.#over; ) {
        await input.room(this.#closing.signal);
        next = await this.#writing.run(() => this.#write(input, records, next));
      }
    }
  }

  /** Writes `records` from `first` on. @returns the first one that was not written. */
  async #write(input: TopicInput, records: readonly ConsumedRecord[], first: number): Promise<number> {
    const { sink } = this.#options;
    let next = first;
    for (; !this.#over && !input.blocked; next++) {
      const record = records[next];
      if (record === undefined) {
        break;
      }
      input.giving(record);
      const room = sink.write(record);
      if (room !== HAS_ROOM) {
        await room;
      }
      input.given(record);
    }
    return next;
  }

  async #caughtUp(): Promise<void> {
    const { sink } = this.#options;
    if (sink.flush !== undefined) {
      this.#background(this.#keepFlushing());
    }
    await this.#inputs.whenCaughtUp();
  }

  /** Batches that linger would hold up the end. */
  async #keepFlushing(): Promise<void> {
    const { sink, context } = this.#options;
    for (;;) {
      sink.flush?.();
      await sleep(context.clock, FLUSH_MS, this.#closing.signal);
    }
  }

  /** An error of `work` ends the instance; one that comes because it ends does not count. */
  #background(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#closing.signal.aborted) {
        this.#fail(error);
      }
    });
  }

  #fail(error: unknown): void {
    this.#over = true;
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    this.#failed.reject(this.#failure);
  }

  /** Never rejects: what fails here ends the run as any failure does. */
  async #close(): Promise<RunOutcome> {
    const { context, unsubscribe = false, onEnding } = this.#options;
    const { clock, shutdownTimeoutMs } = context;
    const left = timeToStop(clock, shutdownTimeoutMs);
    onEnding?.(this.#failure);
    this.#stopping = true;
    this.#inputs.pause();
    await this.#finishEntries(shutdownTimeoutMs * BEGUN_SHARE);
    this.#over = true;
    this.#closing.abort(new ConnectorError('SINK_CLOSED', 'the run has ended'));
    let delivered = false;
    try {
      delivered = await this.#closeSink(left() - shutdownTimeoutMs * STEP_SHARE);
    } catch (error) {
      if (this.#failure !== undefined) {
        context.logger.warn({ reason: messageOf(error) }, 'closing failed as well');
      }
      this.#fail(error);
    }
    const told = await this.#inputs.close(
      left,
      () => unsubscribe && delivered && this.#failure === undefined,
    );
    return delivered && told ? 'drained' : 'undrained';
  }

  /** An entry of which a part is left out comes again whole: the sink gets what is left of those it has begun. */
  async #finishEntries(limitMs: number): Promise<void> {
    const { clock } = this.#options.context;
    const ends = [Promise.allSettled(this.#pumps), this.#failed.promise.catch(() => undefined)];
    await resolvesWithin(clock, limitMs, Promise.race(ends));
  }

  /** @returns whether the sink has delivered everything it says, within `limitMs`. */
  async #closeSink(limitMs: number): Promise<boolean> {
    const { sink, context } = this.#options;
    const { clock, logger } = context;
    try {
      const own = limitMs - context.shutdownTimeoutMs * STEP_SHARE;
      if (await resolvesWithin(clock, limitMs, sink.close(Math.max(0, own)))) {
        return true;
      }
      logger.warn({ limitMs }, 'the sink did not close in time; what it holds is delivered again');
    } catch (error) {
      if (!isConnectorError(error, 'SHUTDOWN_DEADLINE')) {
        throw error;
      }
      logger.warn({ code: error.code, reason: error.message }, 'stopped before everything was drained');
    }
    return false;
  }
}
