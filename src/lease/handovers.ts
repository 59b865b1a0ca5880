import { mayHeal, type RetryPolicy } from '../aws/retry';
import { isConnectorError } from '../errors';
import { allowManyListeners } from '../util/abort';
import { sleep } from '../util/clock';
import {
  beginHandover,
  HANDOVER_ACTIONS,
  type Handover,
  type HandoverLimits,
  type HandoverRequest,
  type Look,
  lookAt,
} from './handover';
import { shortRequest } from './held-lease-deps';
import type { Lease, OwnedLease } from './lease';
import type { LeaseMetrics } from './lease-metrics';
import type { LeaseTable } from './lease-table';

/** Milliseconds between two looks at a row that was asked for. */
const LOOK_MS = 250;

export interface HandoversDeps extends HandoverLimits {
  readonly table: LeaseTable;
  /** Worker id of the one who asks. */
  readonly worker: string;
  readonly retry: RetryPolicy;
  readonly metrics: LeaseMetrics;
  /** Takes the lease as it was seen. @returns whether it is held now */
  readonly take: (seen: Lease) => Promise<boolean>;
  /** The last of those under way has ended. */
  readonly onIdle: () => void;
  /** Something failed and is tried again. */
  readonly onTrouble: (error: unknown) => void;
  /** Something cannot heal. */
  readonly onFailed: (error: unknown) => void;
}

interface Following {
  readonly ended: Promise<void>;
  readonly forgotten: AbortController;
}

/** The hand-overs that this worker has asked for: each request is followed until the lease is taken or it is over. */
export class Handovers {
  readonly #underWay = new Map<string, Following>();
  readonly #stopping = new AbortController();

  constructor(private readonly deps: HandoversDeps) {
    allowManyListeners(this.#stopping.signal);
  }

  /** Hand-overs under way. */
  get size(): number {
    return this.#underWay.size;
  }

  has(key: string): boolean {
    return this.#underWay.has(key);
  }

  /** The lease is to be had without its owner's help: whoever takes it is the only one here to write to its row. */
  forget(key: string): void {
    this.#underWay.get(key)?.forgotten.abort(new Error('the owner is dead'));
  }

  /**
   * Asks for `leases`, one after the other. A refusal ends the round: whoever was quicker has changed what there is
   * to share, and only another look at the table tells how.
   * @throws what cannot heal
   */
  async ask(leases: readonly OwnedLease[]): Promise<void> {
    for (const seen of leases) {
      if (this.#stopping.signal.aborted || !(await this.#ask(seen))) {
        return;
      }
    }
  }

  /** Takes back what was asked for. From its resolution on nothing is taken and nothing asked any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('this worker takes nothing any more'));
    await Promise.all(Array.from(this.#underWay.values(), ({ ended }) => ended));
  }

  async #ask(seen: OwnedLease): Promise<boolean> {
    const { table, worker, retry, metrics, onTrouble } = this.deps;
    const request: HandoverRequest = { asker: worker, seen, id: retry.random.hex(8) };
    let arrived = true;
    try {
      await this.#request((signal) => table.ask(seen, worker, request.id, signal));
    } catch (error) {
      if (isConnectorError(error, 'LEASE_TABLE_CONDITION')) {
        return false;
      }
      if (!this.#stopping.signal.aborted) {
        if (!mayHeal(error)) {
          throw error;
        }
        onTrouble(error);
      }
      // It may have been applied, or may be applied later: only the row can tell.
      arrived = false;
    }
    if (this.#stopping.signal.aborted) {
      await this.#withdraw(seen.key);
      return false;
    }
    metrics.handoversAsked.record(1);
    const forgotten = new AbortController();
    const begun = beginHandover(request, arrived, retry.clock.monotonic());
    this.#underWay.set(seen.key, { ended: this.#follow(request, begun, forgotten.signal), forgotten });
    return arrived;
  }

  /** Never rejects. */
  async #follow(request: HandoverRequest, begun: Handover, forgotten: AbortSignal): Promise<void> {
    const { key } = request.seen;
    const { signal } = this.#stopping;
    const { onIdle, onFailed } = this.deps;
    try {
      const taken = await this.#await(request, begun, AbortSignal.any([signal, forgotten]));
      if (!taken && signal.aborted && !forgotten.aborted) {
        await this.#withdraw(key);
      }
    } catch (error) {
      onFailed(error);
    } finally {
      this.#underWay.delete(key);
      if (this.#underWay.size === 0 && !signal.aborted) {
        onIdle();
      }
    }
  }

  /** @returns whether the lease was taken */
  async #await(request: HandoverRequest, begun: Handover, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.deps.retry;
    let handover = begun;
    for (;;) {
      await sleep(clock, LOOK_MS, signal).catch(() => undefined);
      const look = signal.aborted ? undefined : await this.#look(request.seen.key);
      if (signal.aborted) {
        return false;
      }
      if (look === undefined) {
        continue;
      }
      handover = lookAt(handover, request, look, this.deps);
      if (HANDOVER_ACTIONS[handover.state] !== 'LOOK') {
        return this.#settle(handover, look.row, begun.aliveAt);
      }
    }
  }

  async #settle({ state }: Handover, row: Lease | undefined, begunAt: number): Promise<boolean> {
    const { take, metrics, retry } = this.deps;
    if (row === undefined || HANDOVER_ACTIONS[state] !== 'TAKE' || !(await take(row))) {
      return false;
    }
    if (state === 'GRANTED') {
      metrics.handoversGranted.record(1);
      metrics.handoverTime.record(retry.clock.monotonic() - begunAt);
    } else {
      metrics.stolen.record(1);
    }
    return true;
  }

  /** @returns undefined when no answer came */
  async #look(key: string): Promise<Look | undefined> {
    const { table, retry, onTrouble } = this.deps;
    const started = retry.clock.monotonic();
    try {
      const row = await this.#request((signal) => table.get(key, signal));
      return { row, started, ended: retry.clock.monotonic() };
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        if (!mayHeal(error)) {
          throw error;
        }
        onTrouble(error);
      }
      return undefined;
    }
  }

  /** Whoever is next need not wait for this worker then. One attempt: nothing depends on it. */
  async #withdraw(key: string): Promise<void> {
    const { table, worker } = this.deps;
    const unlimited = new AbortController().signal;
    await shortRequest(this.deps, unlimited, (signal) => table.withdraw(key, worker, signal)).catch(
      () => undefined,
    );
  }

  #request<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return shortRequest(this.deps, this.#stopping.signal, work);
  }
}
