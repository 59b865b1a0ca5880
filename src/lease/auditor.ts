import { mayHeal, type RetryPolicy } from '../aws/retry';
import type { AuditSettings } from '../config/types';
import { explain } from '../errors';
import type { Instrument, MetricSink } from '../io';
import { CallMetrics } from '../metrics/call-metrics';
import type { DecimalHashRange } from '../stream/hash-coverage';
import type { Shard } from '../stream/shard';
import { throwIfAborted } from '../util/abort';
import { Alarm } from '../util/alarm';
import type { Logger } from '../util/logger';
import { Audit, type Finding, withoutRange } from './audit';
import { longFinished, vanishedLeases } from './cleanup';
import type { LeaseView } from './lease-view';
import { isStorable } from './serializer';
import type { ShardSync } from './shard-sync';
import type { StreamRows } from './stream-rows';

/** Rows of vanished shards that one audit deletes, at most. */
const DELETED_AT_ONCE = 250;

export interface AuditorDeps {
  readonly settings: AuditSettings;
  readonly rows: Pick<StreamRows, 'fill' | 'deleteFinished'>;
  readonly view: LeaseView;
  readonly sync: Pick<ShardSync, 'check' | 'mend' | 'shards'>;
  readonly retry: RetryPolicy;
  readonly logger: Logger;
  readonly metrics: MetricSink;
  /** Label of the stream. */
  readonly stream: string;
  /** See LeasedStream.isGone. */
  readonly isGone: () => boolean;
  /** Milliseconds. */
  readonly failoverTime: number;
  /** Rows were created. */
  readonly onMended: () => void;
}

/**
 * Compares the table with the stream from time to time, in every worker (what it does is conditional, so that it
 * does not matter how many do it): rows that are missing are created, ranges that are missing are filled in, rows of
 * shards that have vanished are deleted. Looks at what the last scan showed and lists shards only with a reason.
 */
export class Auditor {
  readonly #audit: Audit;
  readonly #alarm = new Alarm();
  readonly #ranges = new Map<string, DecimalHashRange>();
  readonly #runs: CallMetrics;
  readonly #partial: Instrument;
  readonly #toSync: Instrument;
  #wasEmpty = false;

  constructor(private readonly deps: AuditorDeps) {
    const { settings, metrics, stream, retry } = deps;
    this.#audit = new Audit(settings.threshold);
    const labels = { stream };
    this.#runs = new CallMetrics(
      retry.clock,
      metrics.instrument('audit_success', labels),
      metrics.instrument('audit_time', labels),
    );
    this.#partial = metrics.instrument('audit_partial_leases', labels);
    this.#toSync = metrics.instrument('audit_syncs', labels);
  }

  /** Runs until `signal` is aborted. @throws what cannot heal */
  async run(signal: AbortSignal): Promise<void> {
    const { settings, retry, logger } = this.deps;
    // Workers that start together do not audit together.
    let wait = settings.interval * (0.25 + retry.random.next() / 2);
    for (;;) {
      await this.#alarm.wait(retry.clock, wait, signal).catch(() => undefined);
      if (signal.aborted) {
        return;
      }
      wait = settings.interval * (0.9 + retry.random.next() / 5);
      try {
        await this.#runs.measure(() => this.#inspect(signal), signal);
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        if (!mayHeal(error) && !this.deps.isGone()) {
          throw error;
        }
        logger.warn({ error: explain(error) }, 'the leases could not be audited; the next audit will');
      }
    }
  }

  /** The view shows another scan: an empty table does not wait for the next audit. */
  scanned(): void {
    const isEmpty = this.deps.view.isEmpty;
    if (isEmpty && !this.#wasEmpty) {
      this.#alarm.ring();
    }
    this.#wasEmpty = isEmpty;
  }

  async #inspect(signal: AbortSignal): Promise<void> {
    const { view, failoverTime } = this.deps;
    let listed: ReadonlyMap<string, Shard> | undefined;
    // A stream made anew under its name answers in the place of the one before: nothing else would show it.
    await this.deps.sync.check(signal);
    const unknown = withoutRange(view.leases()).filter((shardId) => !this.#ranges.has(shardId));
    if (unknown.length > 0) {
      listed = await this.deps.sync.shards(signal);
      await this.#fill(unknown, listed, signal);
    }
    if (!this.deps.isGone()) {
      await this.#mend(this.#audit.look(view.leases(), this.#ranges), signal);
    }
    if (longFinished(view.observed(), failoverTime).length > 0) {
      listed ??= await this.deps.sync.shards(signal);
      await this.#deleteVanished(listed, signal);
    }
  }

  async #mend(finding: Finding, signal: AbortSignal): Promise<void> {
    const { sync, logger, onMended } = this.deps;
    const isDue = finding.state === 'EMPTY' || (finding.state === 'HOLE' && finding.confirmed);
    this.#partial.record(finding.state === 'COMPLETE' ? 0 : 1);
    this.#toSync.record(isDue ? 1 : 0);
    if (!isDue) {
      return;
    }
    logger.warn(
      finding.state === 'HOLE'
        ? { from: String(finding.hole.start), to: String(finding.hole.end) }
        : { leases: 0 },
      'no lease covers these hash keys; rows are created for shards that lack one',
    );
    this.#audit.mended();
    await sync.mend(signal);
    onMended();
  }

  async #fill(
    shardIds: readonly string[],
    listed: ReadonlyMap<string, Shard>,
    signal: AbortSignal,
  ): Promise<void> {
    for (const shardId of shardIds) {
      const shard = listed.get(shardId);
      if (shard !== undefined) {
        const { startingHashKey, endingHashKey } = shard;
        const hashRange = { startingHashKey, endingHashKey };
        this.#ranges.set(shardId, hashRange);
        if (isStorable(hashRange)) {
          await this.deps.rows.fill(shardId, { hashRange }, signal);
        }
      }
    }
  }

  async #deleteVanished(listed: ReadonlyMap<string, Shard>, signal: AbortSignal): Promise<void> {
    const { view, rows, failoverTime } = this.deps;
    for (const shardId of vanishedLeases(view.observed(), failoverTime, listed).slice(0, DELETED_AT_ONCE)) {
      await rows.deleteFinished(shardId, signal);
      throwIfAborted(signal);
    }
  }
}
