import type { Instrument, MetricSink } from '../io';
import { CallMetrics } from '../metrics/call-metrics';
import type { Clock } from '../util/clock';
import type { LeaseCensus } from './census';

export interface LeaseMetricsOptions {
  readonly metrics: MetricSink;
  readonly clock: Clock;
  /** Label of the stream; of a source of several, what stands for all of them. */
  readonly stream: string;
  /** Worker id. */
  readonly worker: string;
}

/** What a worker reports of its leases. */
export class LeaseMetrics {
  readonly takeLeases: CallMetrics;
  readonly listLeases: CallMetrics;
  readonly takeLease: CallMetrics;
  readonly taken: Instrument;
  readonly untaken: Instrument;
  readonly stolen: Instrument;
  readonly handoversAsked: Instrument;
  readonly handoversGranted: Instrument;
  readonly handoversGiven: Instrument;
  readonly handoverTime: Instrument;
  readonly renewals: CallMetrics;
  readonly renewalLateness: Instrument;
  readonly current: Instrument;
  readonly lost: Instrument;
  readonly #options: LeaseMetricsOptions;
  readonly #renewLease: CallMetrics;
  readonly #total: Instrument;
  readonly #workers: Instrument;
  readonly #expired: Instrument;
  readonly #veryOld: Instrument;
  readonly #needed: Instrument;
  readonly #toTake: Instrument;
  readonly #spillover: Instrument;

  constructor(options: LeaseMetricsOptions) {
    const { metrics, clock, stream, worker } = options;
    const calls = (success: Instrument, time?: Instrument): CallMetrics =>
      new CallMetrics(clock, success, time);
    const labels = { stream, worker };
    this.#options = options;
    this.takeLeases = calls(
      metrics.instrument('take_leases_success', labels),
      metrics.instrument('take_leases_time', labels),
    );
    this.listLeases = calls(
      metrics.instrument('list_leases_success', labels),
      metrics.instrument('list_leases_time', labels),
    );
    this.takeLease = calls(
      metrics.instrument('take_lease_success', labels),
      metrics.instrument('take_lease_time', labels),
    );
    this.taken = metrics.instrument('taken_leases', labels);
    this.untaken = metrics.instrument('untaken_leases', labels);
    this.stolen = metrics.instrument('stolen_leases', labels);
    this.handoversAsked = metrics.instrument('handovers_asked', labels);
    this.handoversGranted = metrics.instrument('handovers_granted', labels);
    this.handoversGiven = metrics.instrument('handovers_given', labels);
    this.handoverTime = metrics.instrument('handover_time', labels);
    this.renewals = calls(
      metrics.instrument('renewal_success', labels),
      metrics.instrument('renewal_time', labels),
    );
    this.renewalLateness = metrics.instrument('renewal_lateness', labels);
    this.#renewLease = calls(
      metrics.instrument('renew_lease_success', labels),
      metrics.instrument('renew_lease_time', labels),
    );
    this.current = metrics.instrument('current_leases', labels);
    this.lost = metrics.instrument('lost_leases', labels);
    this.#total = metrics.instrument('total_leases', labels);
    this.#workers = metrics.instrument('workers', labels);
    this.#expired = metrics.instrument('expired_leases', labels);
    this.#veryOld = metrics.instrument('very_old_leases', labels);
    this.#needed = metrics.instrument('needed_leases', labels);
    this.#toTake = metrics.instrument('leases_to_take', labels);
    this.#spillover = metrics.instrument('lease_spillover', labels);
  }

  /** @param toTake leases that are taken now */
  scanned(census: LeaseCensus, toTake: number): void {
    this.#total.record(census.wanted.length);
    this.#workers.record(census.loads.size);
    this.#expired.record(census.available.length);
    this.#veryOld.record(census.veryOld.length);
    this.#needed.record(census.needed);
    this.#toTake.record(toTake);
    this.#spillover.record(census.spillover);
  }

  /** What the work on the rows of one stream reports. */
  ofStream(stream: string): StreamLeaseMetrics {
    const { metrics, clock } = this.#options;
    return {
      syncShards: new CallMetrics(clock, metrics.instrument('sync_shards_success', { stream })),
      createLease: new CallMetrics(
        clock,
        metrics.instrument('create_lease_success', { stream }),
        metrics.instrument('create_lease_time', { stream }),
      ),
    };
  }

  /** What the writes of one lease report. */
  ofLease(stream: string, shardId: string): HeldLeaseMetrics {
    const { metrics, clock } = this.#options;
    const labels = { stream, shard: shardId };
    return {
      renew: this.#renewLease,
      update: new CallMetrics(
        clock,
        metrics.instrument('update_lease_success', labels),
        metrics.instrument('update_lease_time', labels),
      ),
      checkpoints: metrics.instrument('checkpoints', labels),
    };
  }
}

export interface StreamLeaseMetrics {
  readonly syncShards: CallMetrics;
  readonly createLease: CallMetrics;
}

export interface HeldLeaseMetrics {
  /** Writes that carry no checkpoint. */
  readonly renew: CallMetrics;
  /** Writes that carry one. */
  readonly update: CallMetrics;
  /** Checkpoints that the row shows. */
  readonly checkpoints: Instrument;
}
