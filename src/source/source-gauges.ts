import type { Instrument, MetricSink } from '../io';
import type { Backpressure } from './backpressure';
import type { ReceiveBudget } from './receive-budget';
import type { ShardMetrics } from './shard-metrics';
import type { UnownedGauges } from './unowned-gauges';

export interface GaugeParts {
  readonly metrics: MetricSink;
  /** Name of the stream. */
  readonly stream: string;
  readonly queue: { readonly size: number };
  readonly budget: Pick<ReceiveBudget, 'used'>;
  readonly backpressure: Pick<Backpressure, 'sample'>;
  /** The shards being read. */
  readonly shards: () => Iterable<SampledShard>;
  readonly unowned: Pick<UnownedGauges, 'sample'>;
}

export interface SampledShard {
  /** Milliseconds. */
  readonly lag: number;
  /** Milliseconds. */
  readonly unconfirmedAge: number;
  /** Whether its reader waits until Pulsar has confirmed more. */
  readonly heldBack: boolean;
  readonly metrics: ShardMetrics;
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
    const { queue, budget, backpressure, shards, unowned } = this.#parts;
    this.#records.record(queue.size);
    this.#bytes.record(budget.used);
    let most = 0;
    let waiting = 0;
    for (const { lag, unconfirmedAge, heldBack, metrics } of shards()) {
      waiting += heldBack ? 1 : 0;
      metrics.behind.record(lag);
      metrics.unconfirmed.record(unconfirmedAge);
      most = Math.max(lag, most);
    }
    backpressure.sample(waiting);
    this.#behind.record(most);
    unowned.sample();
  }
}
