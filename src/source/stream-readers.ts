import type { RetryPolicy } from '../aws/retry';
import type { KinesisSourceConfig } from '../config';
import { describeUsable } from '../lease/shard-listing';
import { removeConsumer } from '../retrieval/consumer-removal';
import type { ShardReader } from '../retrieval/retrieval';
import { type ReaderStart, StreamRetrieval } from '../retrieval/stream-retrieval';
import { throwIfAborted } from '../util/abort';
import type { Logger } from '../util/logger';
import { endingReader } from './ending-reader';
import type { SourceStream } from './source-stream';

export interface StreamReadersOptions {
  readonly config: KinesisSourceConfig;
  readonly retry: RetryPolicy;
  readonly logger: Logger;
}

/** What is known of the lease table when a source has given up its leases. */
export interface TableInUse {
  /** Whether any worker holds a lease of the table, as it is now. */
  readonly inUse: (signal: AbortSignal) => Promise<boolean>;
  /** Milliseconds in which any other worker that runs would have taken what this one gave up. */
  readonly takeTime: number;
}

/** How the streams of one source are read: each by polling or by enhanced fan-out, with a consumer of its own. */
export class StreamReaders {
  readonly #options: StreamReadersOptions;
  readonly #retrievals = new Map<SourceStream, StreamRetrieval>();

  constructor(options: StreamReadersOptions) {
    this.#options = options;
  }

  /** See StreamRetrieval.decide; for a stream that has vanished there is nothing to decide. */
  async decide(stream: SourceStream, signal: AbortSignal): Promise<void> {
    if (stream.isGone()) {
      return;
    }
    try {
      await this.#of(stream).decide(signal);
    } catch (error) {
      throwIfAborted(signal);
      if (await stream.isThere(signal)) {
        throw error;
      }
    }
  }

  /** See StreamRetrieval.openReader. */
  open(stream: SourceStream, start: ReaderStart): ShardReader {
    const open = () => this.#of(stream).openReader(start);
    return stream.found ? endingReader(stream, open) : open();
  }

  /**
   * Deregisters the consumers that are this source's to manage and that nobody else uses, see removeConsumer.
   * @param limitMs milliseconds that it may take
   */
  async end({ inUse, takeTime }: TableInUse, limitMs: number): Promise<void> {
    const { config, retry, logger } = this.#options;
    const consumers = [...this.#retrievals.values()].flatMap(({ consumer }) => consumer ?? []);
    if (config.retrieval.lifecycle === 'managed' && consumers.length > 0) {
      const limit = new AbortController();
      const late = new Error(
        'the time to stop was too short to see that nobody else uses the fan-out consumer',
      );
      const timer = retry.clock.setTimer(() => limit.abort(late), limitMs);
      await Promise.all(
        consumers.map((consumer) =>
          removeConsumer({ consumer, inUse, takeTime, clock: retry.clock, logger }, limit.signal),
        ),
      );
      retry.clock.clearTimer(timer);
    }
  }

  /** Ends what is under way; readers end by their own signals. */
  close(): void {
    for (const retrieval of this.#retrievals.values()) {
      retrieval.close();
    }
  }

  #of(stream: SourceStream): StreamRetrieval {
    const retrieval = this.#retrievals.get(stream) ?? this.#make(stream);
    this.#retrievals.set(stream, retrieval);
    return retrieval;
  }

  #make(stream: SourceStream): StreamRetrieval {
    const { config, retry } = this.#options;
    const { kinesis, ref, label, logger } = stream;
    return new StreamRetrieval({
      kinesis,
      fanOut: () => stream.fanOut,
      stream: ref,
      label,
      streamArn: async (signal) => (await describeUsable(kinesis, ref, { ...retry, logger }, signal)).arn,
      settings: config.retrieval,
      numRetries: config.numRetries,
      requestTimeout: config.aws.requestTimeout,
      maxRecordsPerRead: config.maxRecordsPerRead,
      maxReadsPerSecond: config.maxReadsPerSecondPerShard,
      retry,
      logger,
    });
  }
}
