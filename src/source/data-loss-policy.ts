import type { RetryPolicy } from '../aws/retry';
import type { KinesisSourceConfig } from '../config';
import type { SourceContext } from '../io';
import type { HeldLease } from '../lease/held-lease';
import type { Lease } from '../lease/lease';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import { coveredTo, dataLoss, fieldsOf, type Gap, isUnbegun, startsAsConfigured } from './data-loss';
import { DataLossWatch } from './data-loss-watch';
import type { SourceStream } from './source-stream';
import { LEAST_RETENTION_MS, TrimHorizon } from './trim-horizon';

export interface DataLossPolicyOptions {
  readonly config: Pick<KinesisSourceConfig, 'onDataLoss'>;
  readonly context: Pick<SourceContext, 'metrics' | 'clock'>;
  readonly retry: RetryPolicy;
  /** Milliseconds that every stream keeps its records at least; what AWS promises when absent. */
  readonly leastRetention?: number | undefined;
  /** Rows of the stream as last seen. */
  leasesOf(stream: SourceStream): readonly Lease[];
}

/** What a source does about records that were trimmed before they were read: `onDataLoss`. */
export class DataLossPolicy {
  readonly #options: DataLossPolicyOptions;
  readonly #horizons = new Map<SourceStream, TrimHorizon>();

  constructor(options: DataLossPolicyOptions) {
    this.#options = options;
  }

  /**
   * @param position what reading has come to
   * @param passed reading goes on behind records that may be missing
   */
  watch(
    held: HeldLease,
    stream: SourceStream,
    position: () => ExtendedSequenceNumber,
    passed: () => void,
  ): DataLossWatch {
    const { context, leastRetention = LEAST_RETENTION_MS, leasesOf } = this.#options;
    const { lease } = held;
    const parents = leasesOf(stream).filter(({ shardId }) => lease.parentShardIds.includes(shardId));
    return new DataLossWatch({
      coveredTo: coveredTo(lease, parents),
      unbegun: isUnbegun(lease),
      asConfigured: startsAsConfigured(lease),
      horizon: this.#horizonOf(stream),
      leastRetention,
      clock: context.clock,
      position,
      onGap: (gap) => {
        this.#meet(gap, held, stream);
        passed();
      },
    });
  }

  /** @throws ConnectorError SOURCE_DATA_LOSS */
  #meet(gap: Gap, { shardId, name }: HeldLease, stream: SourceStream): void {
    // With a stream that was deleted everything goes.
    if (stream.isGone()) {
      return;
    }
    const { config, context } = this.#options;
    const { reason } = gap;
    context.metrics.instrument('data_gaps', { stream: stream.label, shard: shardId, reason }).record(1);
    if (config.onDataLoss === 'fail' && (reason === 'TRIMMED' || reason === 'VANISHED')) {
      throw dataLoss(gap, name);
    }
    stream.logger.warn(
      { shardId, code: 'SOURCE_DATA_LOSS', ...fieldsOf(gap) },
      'records may have been trimmed before they were read; reading goes on behind them',
    );
  }

  #horizonOf(stream: SourceStream): TrimHorizon {
    const horizon =
      this.#horizons.get(stream) ?? new TrimHorizon(stream.kinesis, stream.ref, this.#options.retry);
    this.#horizons.set(stream, horizon);
    return horizon;
  }
}
