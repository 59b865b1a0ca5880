import { ConnectorError, isConnectorError, messageOf } from '../errors';
import type { MetricReader } from '../io';
import { type BackoffBounds, fullJitter } from '../util/backoff';
import { type Clock, sleep } from '../util/clock';
import { withDeadline } from '../util/deadline';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { type MetricsLevel, type StreamIds, toMetricData } from './cloudwatch-data';
import type { MetricDataApi } from './metric-data-api';
import { UnsentData } from './unsent-data';

/** Milliseconds that CloudWatch has for one call. Source: KCL `CloudWatchMetricsPublisher`. */
const CALL_MS = 5000;

/** Longest wait of the backoff, milliseconds. */
const MAX_BACKOFF_MS = 60_000;

export interface CloudWatchPublisherOptions {
  readonly settings: {
    readonly level: MetricsLevel;
    readonly namespace: string;
    /** Milliseconds between two publications. */
    readonly interval: number;
  };
  readonly api: MetricDataApi;
  readonly reader: MetricReader;
  /** May grow. */
  readonly streamIds?: StreamIds;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface CloudWatchPublisher {
  /** Publishes what is there once more, for at most `deadlineMs`, and ends. Never rejects. */
  close(deadlineMs: number): Promise<void>;
}

/**
 * Publishes the metrics of one instance every `interval`, the first time after a random part of it. Whatever
 * CloudWatch does is met here: a warning when publishing begins to fail, a notice when it is over.
 */
export function startCloudWatchPublisher(options: CloudWatchPublisherOptions): CloudWatchPublisher {
  return new Publisher(options);
}

class Publisher implements CloudWatchPublisher {
  readonly #options: CloudWatchPublisherOptions;
  readonly #unsent = new UnsentData();
  readonly #backoff: BackoffBounds;
  /** Ends the waiting between two publications. */
  readonly #closing = new AbortController();
  /** Ends calls under way. */
  readonly #deadline = new AbortController();
  readonly #loop: Promise<void>;
  /** Calls in a row that failed. */
  #failures = 0;
  /** Data dropped since publishing began to fail. */
  #dropped = 0;
  /** Monotonic instant before which nothing is tried after a failure. */
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(options: CloudWatchPublisherOptions) {
    this.#options = options;
    this.#backoff = { initialMs: options.settings.interval, maxMs: MAX_BACKOFF_MS };
    this.#loop = this.#run();
  }

  async close(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    this.#closing.abort(new Error('the publisher was closed'));
    const timer = clock.setTimer(
      () => this.#deadline.abort(new Error('the time to publish is up')),
      deadlineMs,
    );
    await this.#loop;
    clock.clearTimer(timer);
  }

  async #run(): Promise<void> {
    const { reader, clock, random, settings, streamIds } = this.#options;
    const { signal } = this.#closing;
    let next = clock.monotonic() + random.next() * settings.interval;
    for (let last = false; !last; next = Math.max(next + settings.interval, clock.monotonic())) {
      await sleep(clock, next - clock.monotonic(), signal).catch(() => undefined);
      last = signal.aborted;
      this.#unsent.add(toMetricData(reader.read(), settings.level, clock.now(), streamIds));
      if (last || clock.monotonic() >= this.#notBefore) {
        await this.#publish();
      }
      this.#bound();
    }
  }

  /** Behind every attempt, so that nothing is lost of a publication that is larger than the bound. */
  #bound(): void {
    const dropped = this.#unsent.bound();
    if (dropped > 0 && this.#dropped === 0) {
      this.#options.logger.warn(
        { dropped },
        'CloudWatch has taken no metrics for too long: the oldest are dropped',
      );
    }
    this.#dropped += dropped;
  }

  /** Sends until nothing is left or a call fails. */
  async #publish(): Promise<void> {
    const { clock, random } = this.#options;
    for (let batch = this.#unsent.batch(); batch.length > 0; batch = this.#unsent.batch()) {
      try {
        await this.#put(batch);
        this.#unsent.sent(batch.length);
        this.#recovered();
      } catch (error) {
        if (isConnectorError(error, 'AWS_REQUEST_REFUSED')) {
          // It would be refused for ever, and everything behind it would wait.
          this.#unsent.sent(batch.length);
          this.#dropped += batch.length;
        }
        this.#failed(error);
        this.#notBefore = clock.monotonic() + fullJitter(this.#failures - 1, this.#backoff, random);
        return;
      }
    }
  }

  async #put(batch: Parameters<MetricDataApi['putMetricData']>[1]): Promise<void> {
    const { api, clock, settings } = this.#options;
    const late = (): Error => new ConnectorError('AWS_TIMEOUT', `no answer within ${CALL_MS} ms`);
    await withDeadline(clock, CALL_MS, this.#deadline.signal, late, (signal) =>
      api.putMetricData(settings.namespace, batch, { signal }),
    );
  }

  #failed(error: unknown): void {
    if (this.#failures++ > 0) {
      return;
    }
    const { logger, settings } = this.#options;
    const denied = isConnectorError(error, 'AWS_ACCESS_DENIED');
    logger.warn(
      {
        code: isConnectorError(error) ? error.code : undefined,
        namespace: settings.namespace,
        reason: messageOf(error),
        ...(denied && { hint: 'Allow cloudwatch:PutMetricData, or set cloudwatchMetricsLevel to NONE.' }),
      },
      this.#closing.signal.aborted
        ? 'the last metrics were not published to CloudWatch'
        : 'publishing metrics to CloudWatch failed; it is tried again, records are not affected',
    );
  }

  #recovered(): void {
    if (this.#failures > 0) {
      this.#options.logger.info({ dropped: this.#dropped }, 'metrics are published to CloudWatch again');
    }
    this.#failures = 0;
    this.#dropped = 0;
  }
}
