import type { Instrument, MetricLabels, MetricSink } from '../io';
import { CallMetrics } from '../metrics/call-metrics';
import type { MetricName } from '../metrics/definitions';
import type { Clock } from '../util/clock';

/** What a sink reports; every instrument is looked up once. */
export class SinkMetrics {
  readonly requests: CallMetrics;
  readonly ambiguousRetries: Instrument;
  readonly entriesStored: Instrument;
  readonly misplaced: Instrument;
  readonly #pendingRecords: Instrument;
  readonly #pendingBytes: Instrument;
  readonly refreshes: Instrument;
  readonly keysMissing: Instrument;
  readonly #metrics: MetricSink;
  readonly #stream: string;
  readonly #found = new Map<string, Instrument>();

  constructor(metrics: MetricSink, clock: Clock, stream: string) {
    this.#metrics = metrics;
    this.#stream = stream;
    this.requests = new CallMetrics(
      clock,
      this.#instrument('sink_request_success'),
      this.#instrument('sink_request_time'),
    );
    this.ambiguousRetries = this.#instrument('sink_ambiguous_retries');
    this.entriesStored = this.#instrument('sink_entries_stored');
    this.misplaced = this.#instrument('sink_records_misplaced');
    this.#pendingRecords = this.#instrument('sink_pending_records');
    this.#pendingBytes = this.#instrument('sink_pending_bytes');
    this.refreshes = this.#instrument('sink_shard_map_refreshes');
    this.keysMissing = this.#instrument('sink_keys_missing');
  }

  pending({ records, bytes }: { readonly records: number; readonly bytes: number }): void {
    this.#pendingRecords.record(records);
    this.#pendingBytes.record(bytes);
  }

  stored(shard: string, records: number, bytes: number): void {
    this.#of('sink_records_stored', { shard }).record(records);
    this.#of('sink_bytes_stored', { shard }).record(bytes);
  }

  refused(shard: string, reason: string): void {
    this.#of('sink_entries_refused', { shard, reason }).record(1);
  }

  skipped(reason: string): void {
    this.#of('sink_records_skipped', { reason }).record(1);
  }

  failed(reason: string): void {
    this.#of('sink_records_failed', { reason }).record(1);
  }

  #of(name: MetricName, labels: { readonly shard?: string; readonly reason?: string }): Instrument {
    const id = `${name} ${labels.shard ?? ''} ${labels.reason ?? ''}`;
    let instrument = this.#found.get(id);
    if (instrument === undefined) {
      instrument = this.#instrument(name, labels);
      this.#found.set(id, instrument);
    }
    return instrument;
  }

  #instrument(name: MetricName, labels: MetricLabels = {}): Instrument {
    return this.#metrics.instrument(name, { stream: this.#stream, ...labels });
  }
}
