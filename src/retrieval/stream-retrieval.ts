import type { FanOutApi } from '../aws/fan-out-api';
import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import { backOff, type RetryPolicy } from '../aws/retry';
import type { RetrievalSettings } from '../config/types';
import { ConnectorError, type ErrorCode, isConnectorError } from '../errors';
import { abortable, throwIfAborted } from '../util/abort';
import type { Logger } from '../util/logger';
import { ConsumerRegistration } from './consumer-registration';
import { openFanOutReader } from './fan-out-reader';
import { openPollingReader } from './polling-reader';
import type { PollingReaderOptions } from './polling-reader-options';
import type { ShardReader } from './retrieval';
import type { ShardReaderOptions } from './shard-reader-options';

/** What `auto` takes for a no: there is no right, or no place, for a consumer. */
const NO_FAN_OUT: readonly ErrorCode[] = ['AWS_ACCESS_DENIED', 'KINESIS_CONSUMER_LIMIT'];

/** No shard has this id: asking for it shows whether one may ask, and takes nobody's subscription away. */
const NO_SHARD = 'shardId-999999999999';

/** Attempts at that. */
const PROBES = 3;

export interface StreamRetrievalOptions
  extends Pick<
    PollingReaderOptions,
    'numRetries' | 'requestTimeout' | 'maxRecordsPerRead' | 'maxReadsPerSecond'
  > {
  readonly kinesis: KinesisApi;
  /** Client for consumers; not asked for by a source that polls. */
  readonly fanOut: () => FanOutApi;
  readonly stream: StreamRef;
  /** Of the stream, as people and metrics know it. */
  readonly label: string;
  /** ARN of the stream, once that can be read. */
  readonly streamArn: (signal: AbortSignal) => Promise<string>;
  readonly settings: RetrievalSettings;
  readonly retry: RetryPolicy;
  readonly logger: Logger;
}

/** What is known of one shard when its reading begins. */
export type ReaderStart = Pick<ShardReaderOptions, 'shardId' | 'start' | 'observer'>;

/** What the readers of one stream share by enhanced fan-out. */
interface FanOut {
  readonly api: FanOutApi;
  readonly consumer: ConsumerRegistration;
}

/** How the shards of one stream are read: decided once, then the same for all of them. */
export class StreamRetrieval {
  readonly #options: StreamRetrievalOptions;
  readonly #closed = new AbortController();
  #fanOut: FanOut | undefined;
  #deciding: Promise<void> | undefined;
  #decided = false;

  constructor(options: StreamRetrievalOptions) {
    this.#options = options;
  }

  /** The consumer that this worker reads with; undefined when it polls, or has not decided yet. */
  get consumer(): ConsumerRegistration | undefined {
    return this.#decided ? this.#fanOut?.consumer : undefined;
  }

  /**
   * Resolves once it is clear how to read, with a consumer that is ACTIVE if it takes one. Anybody may wait for it.
   * @throws ConnectorError of the consumer calls; the signal's reason
   */
  decide(signal: AbortSignal): Promise<void> {
    this.#deciding ??= this.#decide(this.#closed.signal).then(() => {
      this.#decided = true;
    });
    return abortable(this.#deciding, signal);
  }

  /** A reader of one shard, which calls nobody before its first `read`. @throws ConnectorError ILLEGAL_STATE before `decide` */
  openReader(start: ReaderStart): ShardReader {
    if (!this.#decided) {
      throw new ConnectorError('ILLEGAL_STATE', `it is not decided how ${this.#options.label} is read`);
    }
    const { kinesis, stream, settings, retry, numRetries, requestTimeout } = this.#options;
    const { clock, random, bounds: backoff } = retry;
    const shared = { ...start, stream, backoff, numRetries, requestTimeout, clock, random };
    if (this.#fanOut !== undefined) {
      const { api, consumer } = this.#fanOut;
      const { eventTimeout } = settings;
      return openFanOutReader({ ...shared, kinesis, fanOut: api, consumer, eventTimeout });
    }
    const { maxRecordsPerRead, maxReadsPerSecond } = this.#options;
    return openPollingReader({ ...shared, kinesis, maxRecordsPerRead, maxReadsPerSecond });
  }

  /** Ends what is under way; readers end by their own signals. */
  close(): void {
    this.#closed.abort(new ConnectorError('SOURCE_CLOSED', 'the source was closed'));
    this.#fanOut?.consumer.close();
  }

  async #decide(signal: AbortSignal): Promise<void> {
    const { settings, fanOut, streamArn, retry, logger, label } = this.#options;
    if (settings.mode === 'polling') {
      return;
    }
    const api = fanOut();
    const { consumer: wanted, registrationAttempts: attempts, activeTimeout } = settings;
    const consumer = new ConsumerRegistration({
      fanOut: api,
      streamArn,
      consumer: wanted,
      attempts,
      activeTimeout,
      retry: { ...retry, logger },
      logger,
    });
    this.#fanOut = { api, consumer };
    if (settings.mode === 'fan-out') {
      await this.#take(consumer, signal);
      return;
    }
    try {
      const arn = await consumer.arn(signal);
      await this.#probe(api, arn, signal);
      logger.info({ stream: label, consumer: arn }, 'records are read by enhanced fan-out');
    } catch (error) {
      if (!isConnectorError(error, ...NO_FAN_OUT)) {
        throw error;
      }
      this.#fanOut = undefined;
      logger.info(
        { stream: label, code: error.code, reason: error.message },
        'records are read by polling: enhanced fan-out is not to be had',
      );
    }
  }

  /** @throws what the search throws; where polling would help it says so */
  async #take(consumer: ConsumerRegistration, signal: AbortSignal): Promise<void> {
    try {
      await consumer.arn(signal);
    } catch (error) {
      if (!isConnectorError(error, 'AWS_ACCESS_DENIED')) {
        throw error;
      }
      const { message, hint, cause } = error;
      const wayOut = 'Or set retrievalMode to auto or polling, which need no consumer.';
      throw new ConnectorError(error.code, message, { hint: `${hint} ${wayOut}`, cause });
    }
  }

  /** @throws ConnectorError AWS_ACCESS_DENIED: subscribing is not allowed; the signal's reason */
  async #probe(api: FanOutApi, consumerArn: string, signal: AbortSignal): Promise<void> {
    for (let probe = 1; ; probe++) {
      try {
        const subscription = await api.subscribeToShard(
          consumerArn,
          NO_SHARD,
          { type: 'LATEST' },
          { signal },
        );
        subscription.close();
        return;
      } catch (error) {
        throwIfAborted(signal);
        if (isConnectorError(error, 'AWS_ACCESS_DENIED')) {
          throw error;
        }
        // Any other refusal was not for want of a right; and when there is no answer at all the readers will see.
        if (!isConnectorError(error) || error.treatment !== 'retry' || probe >= PROBES) {
          return;
        }
        await backOff(this.#options.retry, probe, signal);
      }
    }
  }
}
