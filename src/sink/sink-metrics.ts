import type { ConnectorError } from '../errors';
import type { Instrument, MetricLabels, MetricSink } from '../io';
import { CallMetrics } from '../metrics/call-metrics';
import type { MetricName } from '../metrics/definitions';
import type { Clock } from '../util/clock';
import type { HeldEntries } from './sink-status';
import { SinkTally } from './sink-tally';

/** What a sink reports; every instrument is looked up once. */
export class SinkMetrics {
  readonly requests: CallMetrics;
  readonly ambiguousRetries: Instrument;
  readonly entriesStored: Instrument;
  readonly misplaced: Instrument;
  readonly deliveryTime: Instrument;
  readonly tally: SinkTally;
  readonly #received: Instrument;
  readonly #requestsInFlight: Instrument;
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
    this.deliveryTime = this.#instrument('sink_delivery_time');
    this.tally = new SinkTally(clock);
    this.#received = this.#instrument('sink_records_received');
    this.#requestsInFlight = this.#instrument('sink_requests_in_flight');
    this.#pendingRecords = this.#instrument('sink_pending_records');
    this.#pendingBytes = this.#instrument('sink_pending_bytes');
    this.refreshes = this.#instrument('sink_shard_map_refreshes');
    this.keysMissing = this.#instrument('sink_keys_missing');
  }

  pending({ records, bytes }: { readonly records: number; readonly bytes: number }): void {
    this.#pendingRecords.record(records);
    this.#pendingBytes.record(bytes);
  }

  /** Levels and what was taken: looked at now and then, so that they are known when nothing moves as well (G11). */
  look(held: HeldEntries): void {
    this.#received.record(this.tally.look());
    this.#requestsInFlight.record(held.requests);
    this.pending(held);
  }

  stored(shard: string, records: number, bytes: number): void {
    this.tally.stored(records);
    this.#of('sink_records_stored', { shard }).record(records);
    this.#of('sink_bytes_stored', { shard }).record(bytes);
  }

  refused(shard: string, reason: string): void {
    this.tally.failed(reason, `Kinesis refused an entry for ${shard} for now`);
    this.#of('sink_entries_refused', { shard, reason }).record(1);
  }

  skipped({ code, message }: ConnectorError): void {
    this.tally.failed(code, message);
    this.#of('sink_records_skipped', { reason: code }).record(1);
  }

  failed({ code, message }: ConnectorError): void {
    this.tally.failed(code, message);
    this.#of('sink_records_failed', { reason: code }).record(1);
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
