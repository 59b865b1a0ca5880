import { mayHeal, Retries } from '../aws/retry';
import { isConnectorError } from '../errors';
import type { Alarm } from '../util/alarm';
import { withDeadline } from '../util/deadline';
import { type AssignmentRules, leasesToAdopt, leasesToTake, takeCensus } from './assignment';
import { HeldLease, noAnswer } from './held-lease';
import type { HeldLeaseDeps } from './held-lease-deps';
import type { Lease } from './lease';
import type { LeaseView } from './lease-view';
import { instantOf } from './validity';

export interface TakerDeps extends HeldLeaseDeps {
  readonly rules: AssignmentRules;
  readonly view: LeaseView;
  /** See LeaseTable.take. */
  readonly startAt: () => number | undefined;
  /** Milliseconds between two scans. */
  readonly scanInterval: number;
  /** Cuts the wait for the next scan short. */
  readonly alarm: Alarm;
  /** Whether this process still has a consumer of that shard, its lease lost or not. */
  readonly isHeld: (shardId: string) => boolean;
  readonly onAcquired: (held: HeldLease) => void;
  /** Told after every scan, before anything is taken. */
  readonly onScanned: () => void;
  /** A scan or take failed and is tried again. */
  readonly onTrouble: (error: unknown) => void;
}

/** Scans the table and takes what `assignment` says. */
export class Taker {
  #taking = true;
  #takes: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: TakerDeps) {}

  /**
   * Scans go on, but nothing is taken any more once this has resolved. A scan is not waited for: it may hang for
   * longer than a stop may last.
   */
  async stopTaking(): Promise<void> {
    this.#taking = false;
    await this.#takes.catch(() => undefined);
  }

  /** Runs until `signal` is aborted. @throws what cannot heal */
  async run(signal: AbortSignal): Promise<void> {
    const { alarm, retry, scanInterval, onTrouble, metrics } = this.deps;
    const retries = new Retries(retry);
    while (!signal.aborted) {
      try {
        await metrics.takeLeases.measure(() => this.#scanAndTake(signal), signal);
        retries.succeeded();
        await alarm.wait(retry.clock, scanInterval, signal);
      } catch (error) {
        if (!signal.aborted) {
          if (mayHeal(error)) {
            onTrouble(error);
          }
          await retries.failed(error, signal).catch((failure) => {
            if (!signal.aborted) {
              throw failure;
            }
          });
        }
      }
    }
  }

  async #scanAndTake(signal: AbortSignal): Promise<void> {
    const { table, retry, view, rules, worker, isHeld, onScanned, startAt, metrics } = this.deps;
    const started = retry.clock.monotonic();
    const leases = await metrics.listLeases.measure(() => table.scan(signal), signal);
    view.scanned(leases, started, retry.clock.monotonic());
    onScanned();
    const adopted = leasesToAdopt(view.leases(), rules, isHeld);
    const observed = view.observed();
    const toTake = leasesToTake(observed, rules).filter(({ shardId }) => !isHeld(shardId));
    metrics.scanned(takeCensus(observed, rules), toTake.length);
    const adoptions = adopted.map((seen) => {
      const holder = { owner: worker, counter: seen.counter };
      return this.#acquire(signal, (limit) => table.write(seen.shardId, holder, {}, limit));
    });
    const takes = toTake.map((seen) =>
      this.#acquire(signal, (limit) =>
        metrics.takeLease.measure(() => table.take(seen, worker, startAt(), limit), signal),
      ),
    );
    this.#takes = Promise.all([...adoptions, ...takes]);
    await this.#takes;
    if (this.#taking) {
      const taken = (await Promise.all(takes)).filter((acquired) => acquired).length;
      metrics.taken.record(taken);
      metrics.untaken.record(toTake.length - taken);
    }
  }

  /**
   * One attempt, and only its own answer counts: when that is missing the next scan shows whether the row names
   * this worker, and adopts it with a new counter, whose time is known for certain.
   * @returns whether the lease is held now
   */
  async #acquire(signal: AbortSignal, write: (limit: AbortSignal) => Promise<Lease>): Promise<boolean> {
    const { gate, retry, view, failoverTime } = this.deps;
    const held = await gate.run(async () => {
      if (!this.#taking || signal.aborted) {
        return undefined;
      }
      const since = instantOf(retry.clock);
      try {
        const row = await withDeadline(retry.clock, failoverTime / 4, signal, noAnswer, write);
        view.noted(row, retry.clock.monotonic());
        return new HeldLease(row, since, this.deps);
      } catch (error) {
        this.#notAcquired(error, signal);
        return undefined;
      }
    });
    if (held !== undefined) {
      this.deps.onAcquired(held);
    }
    return held !== undefined;
  }

  #notAcquired(error: unknown, signal: AbortSignal): void {
    const wasFaster = isConnectorError(error, 'LEASE_TABLE_CONDITION');
    if (signal.aborted || wasFaster) {
      return;
    }
    if (!mayHeal(error)) {
      throw error;
    }
    this.deps.onTrouble(error);
  }
}
