import { backOff, mayHeal } from '../aws/retry';
import { ConnectorError } from '../errors';
import { compare, type ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import { type HeldLeaseDeps, shortRequest } from './held-lease-deps';
import { isUnanswered, type Lease } from './lease';
import type { HeldLeaseMetrics } from './lease-metrics';
import type { Holder } from './lease-table';
import { Progress } from './progress';
import { described, judge } from './read-back';
import { isSameNumbering, type RowNumbering } from './row-numbering';
import { Tenure } from './tenure';
import { type Instant, instantOf } from './validity';

/**
 * A lease of this worker, and the only writer of its row while it lasts: one write at a time, each on condition
 * that the row shows this worker and the counter held. Once lost it stays lost; nothing is written any more.
 */
export class HeldLease {
  readonly shardId: string;
  /** For people. */
  readonly name: string;
  #lease: Lease;
  #checkpointedAt: number | undefined;
  /** Start of the first attempt made with the counter now held; undefined while there was none. */
  #firstAttempt: Instant | undefined;
  /** Whether one of the attempts made with that counter was to give the lease up. */
  #releaseAttempted = false;
  #renewal: Promise<void> | undefined;
  #release: Promise<void> | undefined;
  readonly #asked = new AbortController();
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
    this.name = deps.names.nameOf(lease);
    this.#lease = lease;
    this.#progress = new Progress(lease.checkpoint);
    this.#metrics = deps.metrics.ofLease(deps.names.streamOf(lease), lease.shardId);
    this.#tenure = new Tenure(this.name, since, deps.failoverTime, deps.retry.clock);
    this.#show(lease);
  }

  /** The row as the last successful write left it. */
  get lease(): Lease {
    return this.#lease;
  }

  /** When this worker stored the checkpoint that the row shows, milliseconds since the epoch; undefined when it did not. */
  get checkpointedAt(): number | undefined {
    return this.#checkpointedAt;
  }

  /** Aborted with LEASE_LOST when the lease was lost or has run out; not by evict and finish. */
  get signal(): AbortSignal {
    return this.#tenure.signal;
  }

  /** Aborted once another worker asks for the lease: it is to be drained and evicted, however many ask after that. */
  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  /** Whether records may be sent and rows written in the name of this lease (G4). Once false it stays false. */
  isValid(): boolean {
    return this.#tenure.isValid();
  }

  /** @throws ConnectorError LEASE_LOST unless valid */
  require(): void {
    this.#tenure.require();
  }

  /** Monotonic instant at which the attempt that renewed it last began. */
  get renewedAt(): number {
    return this.#tenure.since.monotonic;
  }

  /** Whether a write would move the stored checkpoint. */
  get hasProgress(): boolean {
    return this.#progress.isAheadOf(this.#lease);
  }

  /**
   * Everything up to `position` is stored where it should go; the next write says so. Cheap. Earlier positions
   * than the newest one are ignored, and so is SHARD_END, which only `finish` may write.
   * @param ordinal records numbered up to there, see `number`
   */
  confirm(position: ExtendedSequenceNumber, ordinal?: number): void {
    this.#progress.confirm(position, ordinal);
  }

  /**
   * Numbers records like that from now on, or no more. Resolves once the row says so; the newest checkpoint is written
   * with it.
   * @throws ConnectorError LEASE_LOST, also while the lease is being given up; ILLEGAL_STATE when other numbers took the
   * place of these, or none may follow; or what cannot heal
   */
  async number(numbering: RowNumbering | 'NONE'): Promise<void> {
    this.#progress.number(numbering);
    while (!isSameNumbering(this.#lease.numbering, numbering) || this.hasProgress) {
      this.#requireNumbering(numbering);
      this.#tenure.requireHeld();
      await this.renew();
    }
    this.#requireNumbering(numbering);
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
   * look at the row: the conditions make a repetition harmless. A row that shows a request for a hand-over is
   * written once more, which answers it.
   */
  async #write(release: boolean): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#attempt(release);
      const row = answer ?? (await this.#readBack());
      const verdict = answer === undefined ? judge(row, this.#holder(), this.#releaseAttempted) : 'ANSWERED';
      if (row === undefined || verdict === 'LOST') {
        this.#tenure.lose('its row was changed by another', described(this.#holder()), described(row));
      } else if (verdict === 'NOT_APPLIED') {
        this.#show(row);
        await backOff(this.deps.retry, attempt, this.signal);
      } else {
        this.#settle(row);
        if (row.owner === undefined || (!release && !isUnanswered(row))) {
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
      return calls.measure(() => this.deps.table.write(this.#lease.key, this.#holder(), change, signal));
    });
  }

  /** @returns the row, undefined when there is none. */
  async #readBack(): Promise<Lease | undefined> {
    for (let attempt = 0; ; attempt++) {
      const found = await this.#request(async (signal) => ({
        row: await this.deps.table.get(this.#lease.key, signal),
      }));
      if (found !== undefined) {
        return found.row;
      }
      await backOff(this.deps.retry, attempt, this.signal);
    }
  }

  /** Undefined after an error that may heal. @throws ConnectorError LEASE_LOST, or what cannot heal */
  async #request<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.deps.gate.run(() => {
        this.#tenure.require();
        return shortRequest(this.deps, this.signal, work);
      }, this.#isAwaited());
    } catch (error) {
      this.#tenure.require();
      if (!mayHeal(error)) {
        throw error;
      }
      return undefined;
    }
  }

  /** The row will never show `numbering` when the next write says something else. */
  #requireNumbering(numbering: RowNumbering | 'NONE'): void {
    if (this.#progress.numbering !== numbering) {
      throw new ConnectorError('ILLEGAL_STATE', `the records of ${this.name} are numbered otherwise by now`);
    }
  }

  /** Whether another worker waits for what is written next: it goes before the renewals of a worker of many leases. */
  #isAwaited(): boolean {
    return this.#tenure.state === 'RELEASING' || isUnanswered(this.#lease);
  }

  #settle(row: Lease): void {
    if (compare(row.checkpoint, this.#lease.checkpoint) !== 0) {
      this.#metrics.checkpoints.record(1);
      this.#checkpointedAt = this.deps.retry.clock.now();
    }
    this.#show(row);
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

  /** The row of this tenure as it stands; every one of them is searched for a request. */
  #show(row: Lease): void {
    this.#lease = row;
    if (row.handoffId !== undefined) {
      this.#asked.abort();
    }
  }

  #holder(): Holder {
    return { owner: this.deps.worker, counter: this.#lease.counter };
  }
}
