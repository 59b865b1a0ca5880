import type { Instrument, MetricSink } from '../io';
import { CallMetrics } from '../metrics/call-metrics';
import type { RetrievalObserver } from '../retrieval/retrieval';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { ReaderWatch } from './reader-watch';

export interface ShardMetricsOptions {
  readonly metrics: MetricSink;
  readonly clock: Clock;
  /** Name of the stream. */
  readonly stream: string;
  readonly shardId: string;
}

/** What one shard reports while it is read. */
export class ShardMetrics {
  readonly behind: Instrument;
  readonly records: Instrument;
  readonly bytes: Instrument;
  readonly processed: Instrument;
  readonly processTime: Instrument;
  readonly deliveryTime: Instrument;
  readonly #options: ShardMetricsOptions;

  constructor(options: ShardMetricsOptions) {
    const { metrics, stream, shardId: shard } = options;
    const labels = { stream, shard };
    this.#options = options;
    this.behind = metrics.instrument('millis_behind_latest', labels);
    this.records = metrics.instrument('records_processed', labels);
    this.bytes = metrics.instrument('data_bytes_processed', labels);
    this.processed = metrics.instrument('process_success', labels);
    this.processTime = metrics.instrument('process_time', labels);
    this.deliveryTime = metrics.instrument('delivery_time', labels);
  }

  /**
   * Hears of what the reader does and heals by itself: counts all of it, shows it to the watchdog, and logs what a
   * person should know.
   */
  observer(logger: Logger, watch: ReaderWatch): RetrievalObserver {
    const { metrics, clock, stream, shardId } = this.#options;
    const labels = { stream, shard: shardId };
    const calls = {
      getRecords: new CallMetrics(
        clock,
        metrics.instrument('get_records_success', labels),
        metrics.instrument('get_records_time', labels),
      ),
      getShardIterator: new CallMetrics(
        clock,
        metrics.instrument('get_shard_iterator_success', labels),
        metrics.instrument('get_shard_iterator_time', labels),
      ),
    };
    return {
      calling: () => watch.calling(),
      called: (call, succeeded, ms) => {
        calls[call].record(succeeded, ms);
        watch.called(call === 'getRecords', succeeded);
      },
      throttled: () => metrics.instrument('reads_throttled', labels).record(1),
      iteratorRenewed: () => metrics.instrument('expired_iterators', labels).record(1),
      vanished: () => {
        metrics.instrument('shards_vanished', labels).record(1);
        logger.warn(
          { shardId, code: 'KINESIS_SHARD_NOT_FOUND' },
          'the shard has passed its retention: what was not read of it, if anything, is lost; reading goes on behind it',
        );
      },
      retried: (_shardId, error, attempt, waitMs) => {
        metrics.instrument('read_retries', { ...labels, reason: error.code }).record(1);
        watch.refused(error.code);
        // A retry or two is everyday life; a row of them is news.
        const level = attempt < 3 ? 'debug' : 'warn';
        logger[level](
          { shardId, code: error.code, attempt, waitMs: Math.round(waitMs), reason: error.message },
          'reading failed; it is tried again after the wait',
        );
      },
    };
  }
}
