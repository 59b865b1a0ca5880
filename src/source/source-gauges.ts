import type { Instrument, MetricSink } from '../io';
import type { ReceiveBudget } from './receive-budget';
import type { ShardMetrics } from './shard-metrics';

export interface GaugeParts {
  readonly metrics: MetricSink;
  /** Name of the stream. */
  readonly stream: string;
  readonly queue: { readonly size: number };
  readonly budget: Pick<ReceiveBudget, 'used'>;
  /** The shards being read; `lag` in milliseconds, undefined before the first answer. */
  readonly shards: () => Iterable<{ readonly lag: number | undefined; readonly metrics: ShardMetrics }>;
}

/** Levels of one source: looked at now and then, so that they are known when nothing moves as well (G11). */
export class SourceGauges {
  readonly #parts: GaugeParts;
  readonly #records: Instrument;
  readonly #bytes: Instrument;
  readonly #behind: Instrument;

  constructor(parts: GaugeParts) {
    const { metrics, stream } = parts;
    this.#parts = parts;
    this.#records = metrics.instrument('queue_records', { stream });
    this.#bytes = metrics.instrument('queue_bytes', { stream });
    this.#behind = metrics.instrument('worker_millis_behind_latest', { stream });
  }

  sample(): void {
    const { queue, budget, shards } = this.#parts;
    this.#records.record(queue.size);
    this.#bytes.record(budget.used);
    let most: number | undefined;
    for (const { lag, metrics } of shards()) {
      if (lag !== undefined) {
        metrics.behind.record(lag);
        most = Math.max(lag, most ?? lag);
      }
    }
    if (most !== undefined) {
      this.#behind.record(most);
    }
  }
}
