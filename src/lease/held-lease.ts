import { backOff, mayHeal } from '../aws/retry';
import { ConnectorError } from '../errors';
import { compare, type ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import { withDeadline } from '../util/deadline';
import type { HeldLeaseDeps } from './held-lease-deps';
import type { Lease } from './lease';
import type { HeldLeaseMetrics } from './lease-metrics';
import type { Holder } from './lease-table';
import { Progress } from './progress';
import { judge } from './read-back';
import { Tenure } from './tenure';
import { type Instant, instantOf } from './validity';

/**
 * A lease of this worker, and the only writer of its row while it lasts: one write at a time, each on condition
 * that the row shows this worker and the counter held. Once lost it stays lost; nothing is written any more.
 */
export class HeldLease {
  readonly shardId: string;
  #lease: Lease;
  /** Start of the first attempt made with the counter now held; undefined while there was none. */
  #firstAttempt: Instant | undefined;
  /** Whether one of the attempts made with that counter was to give the lease up. */
  #releaseAttempted = false;
  #renewal: Promise<void> | undefined;
  #release: Promise<void> | undefined;
  readonly #progress: Progress;
  readonly #tenure: Tenure;
  readonly #metrics: HeldLeaseMetrics;

  /**
   * @param lease the row as the take answered it
   * @param since start of the attempt that took it
   */
  constructor(
    lease: Lease,
    since: Instant,
    private readonly deps: HeldLeaseDeps,
  ) {
    this.shardId = lease.shardId;
    this.#lease = lease;
    this.#progress = new Progress(lease.checkpoint);
    this.#metrics = deps.metrics.ofLease(lease.shardId);
    this.#tenure = new Tenure(lease.shardId, since, deps.failoverTime, deps.retry.clock);
  }

  /** The row as the last successful write left it. */
  get lease(): Lease {
    return this.#lease;
  }

  /** Aborted with LEASE_LOST when the lease was lost or has run out; not by evict and finish. */
  get signal(): AbortSignal {
    return this.#tenure.signal;
  }

  /** Whether records may be sent and rows written in the name of this lease (G4). Once false it stays false. */
  isValid(): boolean {
    return this.#tenure.isValid();
  }

  /** @throws ConnectorError LEASE_LOST unless valid */
  require(): void {
    this.#tenure.require();
  }

  /** Milliseconds (monotonic) since the attempt that renewed it last began. */
  get age(): number {
    return this.deps.retry.clock.monotonic() - this.#tenure.since.monotonic;
  }

  /** Whether a write would move the stored checkpoint. */
  get hasProgress(): boolean {
    return this.#progress.isAheadOf(this.#lease);
  }

  /**
   * Everything up to `position` is stored where it should go; the next write says so. Cheap. Earlier positions
   * than the newest one are ignored, and so is SHARD_END, which only `finish` may write.
   */
  confirm(position: ExtendedSequenceNumber): void {
    this.#progress.confirm(position);
  }

  /** Everything in the shard at `at` (service time, milliseconds since the epoch) is read and confirmed. */
  caughtUp(at: number): void {
    this.#progress.caughtUp(at);
  }

  /**
   * Writes a sign of life with the newest checkpoint. Joins a renewal under way; does nothing once the lease is
   * being given up.
   * @throws ConnectorError LEASE_LOST, or what cannot heal
   */
  renew(): Promise<void> {
    if (this.#tenure.state === 'RELEASING' || this.#tenure.state === 'RELEASED') {
      return Promise.resolve();
    }
    this.#renewal ??= this.#write(false).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  /**
   * Gives the lease up in one write, with the newest checkpoint. Everything sent must have been answered before.
   * @throws ConnectorError LEASE_LOST, or what cannot heal (the lease is still held then)
   */
  evict(finalPosition?: ExtendedSequenceNumber): Promise<void> {
    if (finalPosition !== undefined) {
      this.#progress.confirm(finalPosition);
    }
    return this.#giveUp();
  }

  /**
   * Writes SHARD_END and the children, and gives the lease up in the same write: there is nothing left to own.
   * The rows of the children must exist.
   * @throws ConnectorError LEASE_LOST, or what cannot heal (the lease is still held then)
   */
  finish(childShardIds: readonly string[]): Promise<void> {
    this.#progress.end(childShardIds);
    return this.#giveUp();
  }

  /** Ends the lease here without a write; others take it when failoverTime has passed. */
  abandon(why: string): void {
    this.#tenure.lose(why, 'a worker that goes on', 'one that stopped');
  }

  #giveUp(): Promise<void> {
    this.#release ??= this.#releaseOnce().finally(() => {
      this.#release = undefined;
    });
    return this.#release;
  }

  async #releaseOnce(): Promise<void> {
    if (this.#tenure.state === 'RELEASED' && !this.hasProgress) {
      return;
    }
    this.#tenure.releasing();
    try {
      await this.#renewal?.catch(() => undefined);
      await this.#write(true);
    } finally {
      this.#tenure.stay();
    }
  }

  /**
   * One write, repeated until the row shows it or the lease has run out. Every error that may heal is met by a
   * look at the row: the conditions make a repetition harmless.
   */
  async #write(release: boolean): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#attempt(release);
      if (answer !== undefined) {
        this.#settle(answer);
        return;
      }
      const row = await this.#readBack();
      const verdict = judge(row, this.#holder(), this.#releaseAttempted);
      if (row === undefined || verdict === 'LOST') {
        const { owner, counter } = this.#holder();
        const found = row === undefined ? 'no row' : `owner ${row.owner ?? 'none'}, counter ${row.counter}`;
        this.#tenure.lose('its row was changed by another', `owner ${owner}, counter ${counter}`, found);
      } else if (verdict === 'NOT_APPLIED') {
        await backOff(this.deps.retry, attempt, this.signal);
      } else {
        this.#settle(row);
        if (!release || verdict === 'RELEASED') {
          return;
        }
      }
    }
  }

  /** @returns the row as written, or undefined when the answer is missing or a refusal. */
  #attempt(release: boolean): Promise<Lease | undefined> {
    return this.#request((signal) => {
      this.#firstAttempt ??= instantOf(this.deps.retry.clock);
      this.#releaseAttempted ||= release;
      const change = this.#progress.changeOf(this.#lease, release);
      const calls = change.checkpoint === undefined ? this.#metrics.renew : this.#metrics.update;
      return calls.measure(() => this.deps.table.write(this.shardId, this.#holder(), change, signal));
    });
  }

  /** @returns the row, undefined when there is none. */
  async #readBack(): Promise<Lease | undefined> {
    for (let attempt = 0; ; attempt++) {
      const found = await this.#request(async (signal) => ({
        row: await this.deps.table.get(this.shardId, signal),
      }));
      if (found !== undefined) {
        return found.row;
      }
      await backOff(this.deps.retry, attempt, this.signal);
    }
  }

  /**
   * One request, short enough that several fit into the lease's time; undefined after an error that may heal.
   * @throws ConnectorError LEASE_LOST, or what cannot heal
   */
  async #request<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const { gate, retry, failoverTime } = this.deps;
    try {
      return await gate.run(() => {
        this.#tenure.require();
        return withDeadline(retry.clock, failoverTime / 4, this.signal, noAnswer, work);
      });
    } catch (error) {
      this.#tenure.require();
      if (!mayHeal(error)) {
        throw error;
      }
      return undefined;
    }
  }

  #settle(row: Lease): void {
    if (compare(row.checkpoint, this.#lease.checkpoint) !== 0) {
      this.#metrics.checkpoints.record(1);
    }
    this.#lease = row;
    if (this.#firstAttempt !== undefined) {
      this.#tenure.renewed(this.#firstAttempt);
    }
    this.#firstAttempt = undefined;
    this.#releaseAttempted = false;
    if (row.owner === undefined) {
      this.#tenure.released();
    }
    this.deps.onWritten?.(row);
  }

  #holder(): Holder {
    return { owner: this.deps.worker, counter: this.#lease.counter };
  }
}

export const noAnswer = (): Error => new ConnectorError('AWS_TIMEOUT', 'DynamoDB did not answer in time');
