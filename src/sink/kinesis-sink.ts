import type { StreamRef } from '../aws/kinesis-api';
import { type KinesisSinkConfig, parseKinesisSinkConfig } from '../config';
import { ConnectorError, messageOf } from '../errors';
import type { ConnectorConfig, Record, Sink, SinkContext } from '../io';
import { StallReporter } from '../metrics/stall-reporter';
import { throwIfAborted } from '../util/abort';
import { Ticker } from '../util/ticker';
import { LOOK_MS, Watchdog } from '../util/watchdog';
import type { EntryMaker, EntryParts, SinkValue } from './entry';
import { createEntryMaker } from './entry-maker';
import { isHopeless, sinkClosed, tooLarge } from './on-error';
import { PutLoop } from './put-loop';
import { SinkMetrics } from './sink-metrics';
import { type SinkDependencies, SinkServices } from './sink-services';
import { sinkStatus } from './sink-status';
import { openStream } from './stream-opening';

/** Milliseconds of the shutdown time kept for the last metrics, and the largest part of it. */
const PUBLISH_MS = 2000;
const PUBLISH_SHARE = 0.2;

/** What exists between open and close. */
interface OpenSink {
  readonly context: SinkContext;
  readonly services: SinkServices;
  readonly maker: EntryMaker;
  /** Largest record of the stream, bytes of data and partition key. */
  readonly maxRecordBytes: number;
  readonly loop: PutLoop;
  readonly metrics: SinkMetrics;
  readonly watchdog: Watchdog;
  readonly looks: Ticker;
}

/**
 * Writes records into a Kinesis stream, each until it is accepted, and acks it then. Records that can never be
 * stored go the way of `onError`; everything else is tried again for as long as it takes, while `write` waits.
 */
export class KinesisSink implements Sink<SinkValue> {
  readonly settlesEveryRecord = true;
  readonly #dependencies: SinkDependencies;
  readonly #closing = new AbortController();
  #open: OpenSink | undefined;
  #closed: Promise<void> | undefined;

  constructor(dependencies: SinkDependencies = {}) {
    this.#dependencies = dependencies;
  }

  /**
   * @param config `configs` of a Pulsar SinkConfig.
   * @throws ConnectorError CONFIG_INVALID with every problem; or what cannot heal of the stream.
   */
  async open(config: ConnectorConfig, context: SinkContext): Promise<void> {
    const { clock, random, logger } = context;
    const parsed = parseKinesisSinkConfig(config, (name) => context.getSecret(name));
    requireOrder(parsed, context);
    throwIfAborted(this.#closing.signal);
    const stream: StreamRef = {
      name: parsed.awsKinesisStreamName,
      ...(parsed.awsKinesisStreamArn === undefined ? {} : { arn: parsed.awsKinesisStreamArn }),
    };
    const services = new SinkServices(parsed, context, this.#dependencies);
    const { kinesis } = services;
    try {
      const bounds = { initialMs: parsed.retryInitialDelay, maxMs: parsed.retryMaxDelay };
      const { signal } = this.#closing;
      const { description, shards } = await openStream(
        kinesis,
        stream,
        { clock, random, bounds, logger },
        signal,
      );
      throwIfAborted(signal);
      const metrics = new SinkMetrics(context.metrics, clock, stream.name);
      const loop = new PutLoop({
        kinesis,
        stream,
        shards,
        config: {
          ...parsed,
          aggregationMaxSize: Math.min(parsed.aggregationMaxSize, description.maxRecordBytes),
          onError: failurePolicy(parsed, context),
        },
        requestTimeout: parsed.aws.requestTimeout,
        clock,
        random,
        logger,
        metrics,
        onFatal: (error) => context.fatal(error),
      });
      const maker = createEntryMaker(parsed, random, { onMissing: () => metrics.keysMissing.record(1) });
      const watchdog = new Watchdog(clock, new StallReporter(context));
      watchdog.watch(loop.watch);
      const looks = new Ticker(clock, LOOK_MS, () => {
        metrics.look(loop.held);
        watchdog.look();
      });
      const { maxRecordBytes } = description;
      this.#open = { context, services, maker, maxRecordBytes, loop, metrics, watchdog, looks };
      context.exposeStatus?.(() => sinkStatus(metrics.tally, loop.held));
    } catch (error) {
      await services.close(0);
      throw error;
    }
  }

  write(record: Record<SinkValue>): Promise<void> {
    const { context, maker, maxRecordBytes, loop, metrics } = this.#opened();
    let parts: EntryParts;
    try {
      parts = maker.make(record);
    } catch (error) {
      if (isHopeless(error)) {
        metrics.tally.took(0);
        return loop.reject(record, error);
      }
      const defect = error instanceof Error ? error : new Error(messageOf(error));
      context.fatal(defect);
      return Promise.reject(defect);
    }
    const size = parts.data.byteLength + Buffer.byteLength(parts.partitionKey);
    metrics.tally.took(size);
    return size > maxRecordBytes
      ? loop.reject(record, tooLarge(size, maxRecordBytes))
      : loop.add(record, parts, size);
  }

  flush(): void {
    this.#open?.loop.flush();
  }

  close(limitMs?: number): Promise<void> {
    this.#closed ??= this.#close(limitMs);
    return this.#closed;
  }

  #opened(): OpenSink {
    if (this.#open === undefined) {
      throw new ConnectorError('ILLEGAL_STATE', 'the sink was not opened');
    }
    return this.#open;
  }

  /** Order of the steps: what was written is stored, then the last metrics are published, then the rest ends. */
  async #close(limitMs: number | undefined): Promise<void> {
    this.#closing.abort(sinkClosed());
    const open = this.#open;
    if (open === undefined) {
      return;
    }
    const { loop, metrics, services, context, watchdog, looks } = open;
    const { clock, shutdownTimeoutMs } = context;
    const ms = limitMs ?? shutdownTimeoutMs;
    const until = clock.monotonic() + ms;
    const reserve = services.publishes ? Math.min(PUBLISH_MS, ms * PUBLISH_SHARE) : 0;
    watchdog.stop();
    looks.stop();
    const left = await loop.drain(ms - reserve);
    metrics.look(loop.held);
    await services.close(Math.min(PUBLISH_MS, Math.max(0, until - clock.monotonic())));
    if (left > 0) {
      throw new ConnectorError(
        'SHUTDOWN_DEADLINE',
        'not every record was stored before the time was up; those left stay unacknowledged',
        { expected: 'no record left', found: `${left} left` },
      );
    }
  }
}

/** A record that would end the instance is better not failed: then what is behind it in its key is kept back. */
function failurePolicy({ onError }: KinesisSinkConfig, { failureEnds }: SinkContext): typeof onError {
  return failureEnds && onError !== 'skip' ? 'fail' : onError;
}

/** @throws ConnectorError CONFIG_INVALID where the subscription gives records of a key to several consumers. */
function requireOrder(config: KinesisSinkConfig, { subscriptionType }: SinkContext): void {
  const kept =
    subscriptionType === 'Exclusive' ||
    subscriptionType === 'Failover' ||
    (subscriptionType === 'Key_Shared' && config.partitionColumn.type === 'key');
  if (config.retainOrdering && !kept) {
    throw new ConnectorError('CONFIG_INVALID', 'retainOrdering does not go with this subscription', {
      expected: 'Exclusive or Failover (retainOrdering of the sink), or Key_Shared with partitionColumn: key',
      found: `${subscriptionType}, partitionColumn ${config.partitionColumn.type}`,
    });
  }
}
