import type { ConnectorConfig, MetricReader, SourceContext } from '../../src/io';
import { KinesisSource } from '../../src/source/kinesis-source';

interface Total {
  sum: number;
  max: number;
}

/** A source whose metrics can be read. */
export class MeasuredSource extends KinesisSource {
  readonly #totals = new Map<string, Total>();
  #reader: MetricReader | undefined;

  override open(config: ConnectorConfig, context: SourceContext): Promise<void> {
    this.#reader = context.metrics.reader();
    return super.open(config, context);
  }

  /** Sum of what was recorded into a counter so far. @param reason of those that have reasons */
  count(metric: string, reason?: string): number {
    return this.#total(metric, reason)?.sum ?? 0;
  }

  /** The largest value recorded so far; 0 before any. */
  most(metric: string): number {
    return this.#total(metric)?.max ?? 0;
  }

  #total(metric: string, reason?: string): Total | undefined {
    for (const { name, labels, sum, max } of this.#reader?.read() ?? []) {
      for (const key of new Set([name, nameOf(name, labels.reason)])) {
        const total = this.#totals.get(key) ?? { sum: 0, max: 0 };
        this.#totals.set(key, { sum: total.sum + sum, max: Math.max(total.max, max) });
      }
    }
    return this.#totals.get(nameOf(metric, reason));
  }
}

const nameOf = (metric: string, reason?: string): string =>
  reason === undefined ? metric : `${metric} ${reason}`;
