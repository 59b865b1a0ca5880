import type { Instrument, MetricSink } from '../io';
import { CallMetrics } from '../metrics/call-metrics';
import type { RetrievalCall, RetrievalObserver } from '../retrieval/retrieval';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { ReaderWatch } from './reader-watch';
import type { ShardTally } from './source-tally';

export interface ShardMetricsOptions {
  readonly metrics: MetricSink;
  readonly clock: Clock;
  /** Name of the stream. */
  readonly stream: string;
  readonly shardId: string;
  readonly tally: ShardTally;
}

/** What one shard reports while it is read. */
export class ShardMetrics {
  readonly behind: Instrument;
  readonly unconfirmed: Instrument;
  readonly processed: Instrument;
  readonly processTime: Instrument;
  readonly deliveryTime: Instrument;
  readonly misplacedKept: Instrument;
  readonly misplacedDropped: Instrument;
  readonly damaged: Instrument;
  readonly #records: Instrument;
  readonly #bytes: Instrument;
  readonly #options: ShardMetricsOptions;

  constructor(options: ShardMetricsOptions) {
    const { metrics, stream, shardId: shard } = options;
    const labels = { stream, shard };
    this.#options = options;
    this.behind = metrics.instrument('millis_behind_latest', labels);
    this.unconfirmed = metrics.instrument('unconfirmed_age', labels);
    this.#records = metrics.instrument('records_processed', labels);
    this.#bytes = metrics.instrument('data_bytes_processed', labels);
    this.processed = metrics.instrument('process_success', labels);
    this.processTime = metrics.instrument('process_time', labels);
    this.deliveryTime = metrics.instrument('delivery_time', labels);
    this.misplacedKept = metrics.instrument('misplaced_sub_records_kept', labels);
    this.misplacedDropped = metrics.instrument('misplaced_sub_records_dropped', labels);
    this.damaged = metrics.instrument('damaged_aggregates', labels);
  }

  /** Records that were queued, and the bytes of their data. */
  read(records: number, bytes: number): void {
    this.#records.record(records);
    this.#bytes.record(bytes);
    this.#options.tally.read(records, bytes);
  }

  /** Something went wrong with the shard that may heal. */
  failed(error: unknown): void {
    this.#options.tally.failed(error);
  }

  /** The shard is not read any more: its levels are nobody's. */
  ended(): void {
    const { metrics, stream, shardId: shard } = this.#options;
    metrics.forget({ stream, shard });
  }

  /**
   * Hears of what the reader does and heals by itself: counts all of it, shows it to the watchdog, and logs what a
   * person should know.
   */
  observer(logger: Logger, watch: ReaderWatch): RetrievalObserver {
    const { metrics, clock, stream, shardId } = this.#options;
    const labels = { stream, shard: shardId };
    const calls: { readonly [call in RetrievalCall]?: CallMetrics } = {
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
      subscribeToShard: new CallMetrics(
        clock,
        metrics.instrument('subscribe_to_shard_success', labels),
        metrics.instrument('subscribe_to_shard_time', labels),
      ),
    };
    return {
      calling: () => watch.calling(),
      called: (call, succeeded, ms) => {
        calls[call]?.record(succeeded, ms);
        watch.called(call === 'getRecords' || call === 'nextEvent', succeeded);
      },
      throttled: () => metrics.instrument('reads_throttled', labels).record(1),
      iteratorRenewed: () => metrics.instrument('expired_iterators', labels).record(1),
      resubscribing: (_shardId, error) => {
        metrics.instrument('resubscribes', { ...labels, reason: error?.code ?? 'ENDED' }).record(1);
        if (error?.code === 'KINESIS_SUBSCRIPTION_IN_USE') {
          logger.warn(
            { shardId, code: error.code },
            'another worker had taken the subscription; it is taken back. If it recurs, another application reads with the same consumer: give each its own efoConsumerName',
          );
        }
      },
      vanished: () => {
        metrics.instrument('shards_vanished', labels).record(1);
        logger.info({ shardId }, 'the shard has passed its retention; reading goes on behind it');
      },
      retried: (_shardId, error, attempt, waitMs) => {
        metrics.instrument('read_retries', { ...labels, reason: error.code }).record(1);
        watch.refused(error.code);
        this.failed(error);
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
