import { mayHeal, Retries } from '../aws/retry';
import { isConnectorError } from '../errors';
import type { Alarm } from '../util/alarm';
import type { Gate } from '../util/gate';
import { leasesToAdopt, leasesToMove, leasesToTake } from './assignment';
import { type AssignmentRules, type LeaseCensus, takeCensus } from './census';
import type { HandoverLimits } from './handover';
import { Handovers } from './handovers';
import { HeldLease } from './held-lease';
import { type HeldLeaseDeps, shortRequest } from './held-lease-deps';
import { isFinished, type Lease, type OwnedLease } from './lease';
import type { AvailableLeases } from './leased-shards';
import type { ScanWatch } from './scan-watch';
import type { TableView } from './table-view';
import type { TakeWatch } from './take-watch';
import { instantOf } from './validity';

/** Scans in which every worker has seen what there is to take, and taken its share. */
const SCANS_TO_TAKE = 2;

export interface TakerDeps extends HeldLeaseDeps, HandoverLimits {
  readonly rules: Omit<AssignmentRules, 'isAskedFor' | 'takeTime'>;
  readonly view: TableView;
  readonly scanWatch: ScanWatch;
  readonly takeWatch: TakeWatch;
  /** See LeaseTable.take. */
  readonly startAt: (seen: Lease) => number | undefined;
  /** Milliseconds until the next scan of a table of so many rows. */
  readonly scanInterval: (rows: number) => number;
  /** Cuts the wait for the next scan short. */
  readonly alarm: Alarm;
  /** Bounds the takes, apart from what renewals need. */
  readonly takeGate: Gate;
  readonly maxConcurrentHandovers: number;
  /** The lease, by the key of its row, of a shard of which this process still has a consumer, lost or not. */
  readonly held: (key: string) => HeldLease | undefined;
  readonly onAcquired: (held: HeldLease) => void;
  /** Told after every scan, before anything is taken. */
  readonly onScanned: () => void;
  /** A scan or take failed and is tried again. */
  readonly onTrouble: (error: unknown) => void;
  readonly onFailed: (error: unknown) => void;
}

/** Scans the table and takes, asks for and steals what `assignment` says. */
export class Taker {
  readonly #handovers: Handovers;
  readonly #rules: Omit<AssignmentRules, 'takeTime'>;
  #taking = true;
  #takes: Promise<unknown> = Promise.resolve();
  #available: AvailableLeases = { leases: [], at: 0 };

  constructor(private readonly deps: TakerDeps) {
    const { alarm, metrics } = deps;
    this.#rules = { ...deps.rules, isAskedFor: (key) => this.#handovers.has(key) };
    this.#handovers = new Handovers({
      ...deps,
      take: async (seen) => {
        const taken = await this.#take(seen, new AbortController().signal);
        metrics.taken.record(taken ? 1 : 0);
        return taken;
      },
      onIdle: () => alarm.ring(),
    });
  }

  /** By the last scan; those that name this worker and that it does not hold included. */
  get available(): AvailableLeases {
    return this.#available;
  }

  /**
   * Scans go on, but nothing is taken any more once this has resolved. A scan is not waited for: it may hang for
   * longer than a stop may last.
   */
  async stopTaking(): Promise<void> {
    this.#taking = false;
    await Promise.all([this.#takes.catch(() => undefined), this.#handovers.stop()]);
  }

  /** Runs until `signal` is aborted. @throws what cannot heal */
  async run(signal: AbortSignal): Promise<void> {
    const { alarm, retry, view, scanInterval, onTrouble, metrics } = this.deps;
    const retries = new Retries(retry);
    while (!signal.aborted) {
      try {
        await metrics.takeLeases.measure(() => this.#scanAndTake(signal), signal);
        retries.succeeded();
        await alarm.wait(retry.clock, scanInterval(view.leases().length), signal);
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
    const { table, retry, view, scanWatch, takeWatch, scanInterval, worker, held, onScanned, metrics } =
      this.deps;
    const started = retry.clock.monotonic();
    const scan = (limit: AbortSignal, onPage: () => void) => table.scan(limit, onPage);
    const rows = await metrics.listLeases.measure(() => scanWatch.run(signal, scan), signal);
    const ended = retry.clock.monotonic();
    view.scanned(rows, started, ended);
    onScanned();
    this.#answer(rows);
    const isHeld = (key: string): boolean => held(key) !== undefined;
    // A take of a hand-over whose answer is on its way shows in the row already: adopted, it would be held twice.
    const isBusy = (key: string): boolean => isHeld(key) || this.#handovers.has(key);
    const adopted = leasesToAdopt(view.leases(), this.#rules, isBusy);
    const takeTime = SCANS_TO_TAKE * scanInterval(rows.length);
    const census = takeCensus(view.observed(), { ...this.#rules, takeTime });
    // What names this worker, which has nothing of it: a lease that ran out, and that it cannot write.
    const astray = census.wanted.filter(({ lease: { owner, key } }) => owner === worker && !isBusy(key));
    this.#available = { leases: [...census.available, ...astray], at: started };
    const toTake = leasesToTake(census, this.#rules).filter(({ key }) => !isHeld(key));
    metrics.scanned(census, toTake.length);
    if (toTake.length + adopted.length === 0) {
      takeWatch.nothingToTake();
    }
    const adoptions = adopted.map((seen) => {
      const holder = { owner: worker, counter: seen.counter };
      return this.#acquire(signal, (limit) => table.write(seen.key, holder, {}, limit));
    });
    const takes = toTake.map((seen) => {
      this.#handovers.forget(seen.key);
      return this.#take(seen, signal);
    });
    this.#takes = Promise.all([...adoptions, ...takes, this.#move(census, ended - started, signal)]);
    await this.#takes;
    if (this.#taking) {
      const taken = (await Promise.all(takes)).filter((acquired) => acquired).length;
      metrics.taken.record(taken);
      metrics.untaken.record(toTake.length - taken);
    }
  }

  /**
   * Renews at once what a scan shows to be asked for. The renewal finds the request itself: a row of a scan is not
   * trusted as the state of a lease.
   */
  #answer(rows: readonly Lease[]): void {
    const { worker, held, onFailed } = this.deps;
    for (const { key, owner, handoffId } of rows) {
      const lease = held(key);
      if (handoffId !== undefined && owner === worker && lease?.lease.handoffId !== handoffId) {
        lease?.renew().catch(onFailed);
      }
    }
  }

  /** @param scanMs how long the scan took on which `census` stands */
  async #move(census: LeaseCensus, scanMs: number, signal: AbortSignal): Promise<void> {
    const { maxConcurrentHandovers, held } = this.deps;
    const limit = Math.max(0, maxConcurrentHandovers - this.#handovers.size);
    const { ask, steal } = leasesToMove(census, this.#rules, limit);
    if (!this.#taking) {
      return;
    }
    await this.#handovers.ask(ask.filter(({ key }) => held(key) === undefined));
    if (steal !== undefined && held(steal.key) === undefined) {
      await this.#steal(steal, scanMs, signal);
    }
  }

  /** From a worker of the KCL; it learns of it by its next renewal. */
  async #steal(seen: OwnedLease, scanMs: number, signal: AbortSignal): Promise<void> {
    const { table, failoverTime, metrics } = this.deps;
    let victim: Lease | undefined = seen;
    if (scanMs > failoverTime / 3 / 2) {
      // Its counter has moved since, as likely as not.
      victim = await shortRequest(this.deps, signal, (limit) => table.get(seen.key, limit));
    }
    if (victim?.owner === seen.owner && !isFinished(victim) && (await this.#take(victim, signal))) {
      metrics.taken.record(1);
      metrics.stolen.record(1);
    }
  }

  #take(seen: Lease, signal: AbortSignal): Promise<boolean> {
    const { table, worker, startAt, metrics } = this.deps;
    return this.#acquire(signal, (limit) =>
      metrics.takeLease.measure(() => table.take(seen, worker, startAt(seen), limit), signal),
    );
  }

  /**
   * One attempt, and only its own answer counts: when that is missing the next scan shows whether the row names
   * this worker, and adopts it with a new counter, whose time is known for certain.
   * @returns whether the lease is held now
   */
  async #acquire(signal: AbortSignal, write: (limit: AbortSignal) => Promise<Lease>): Promise<boolean> {
    const { takeGate, takeWatch, retry, view } = this.deps;
    const held = await takeGate.run(async () => {
      if (!this.#taking || signal.aborted) {
        return undefined;
      }
      const since = instantOf(retry.clock);
      try {
        const row = await shortRequest(this.deps, signal, write);
        takeWatch.answered();
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
    if (signal.aborted) {
      return;
    }
    if (isConnectorError(error, 'LEASE_TABLE_CONDITION')) {
      // Somebody was faster.
      this.deps.takeWatch.answered();
      return;
    }
    if (!mayHeal(error)) {
      throw error;
    }
    this.deps.takeWatch.failed(error);
    this.deps.onTrouble(error);
  }
}
