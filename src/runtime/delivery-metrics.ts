import type { Instrument, MetricSink } from '../io';

/** What a lane did since it was asked last. */
export interface DeliveryCounts {
  delivered: number;
  resent: number;
  rejected: number;
  /** Confirmed because the topic had them before. */
  duplicates: number;
  /** Producers whose records the broker had forgotten. */
  forgotten: number;
  producerFailures: number;
}

export const noDeliveries = (): DeliveryCounts => ({
  delivered: 0,
  resent: 0,
  rejected: 0,
  duplicates: 0,
  forgotten: 0,
  producerFailures: 0,
});

/** What one source instance reports of its deliveries. Lanes count; what they counted is collected now and then. */
export class DeliveryMetrics {
  readonly #metrics: MetricSink;
  readonly #inFlight: Instrument;

  constructor(metrics: MetricSink) {
    this.#metrics = metrics;
    this.#inFlight = metrics.instrument('records_in_flight');
  }

  did(topic: string, counts: DeliveryCounts): void {
    const { delivered, resent, rejected, duplicates, forgotten, producerFailures } = counts;
    const metrics = this.#metrics;
    metrics.instrument('records_delivered', { topic }).record(delivered);
    metrics.instrument('records_resent', { topic }).record(resent);
    metrics.instrument('records_rejected', { topic }).record(rejected);
    metrics.instrument('records_deduplicated', { topic }).record(duplicates);
    metrics.instrument('deduplication_forgotten', { topic }).record(forgotten);
    metrics.instrument('producer_failures', { topic }).record(producerFailures);
  }

  inFlight(records: number): void {
    this.#inFlight.record(records);
  }
}
