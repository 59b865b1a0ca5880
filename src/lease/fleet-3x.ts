import type { DynamoApi } from '../aws/dynamo-api';
import { mayHeal, type RetryPolicy, retrying } from '../aws/retry';
import { ConnectorError, explain, isConnectorError } from '../errors';
import { throwIfAborted } from '../util/abort';
import { sleep } from '../util/clock';
import type { Logger } from '../util/logger';
import { type Attempt, type FleetLayout, fleetLayouts, readFleet } from './fleet-layout';
import { type FleetState, signOfLife } from './fleet-state';

/** Source: KCL `LeaseAssignmentManager`: a worker whose metrics are older gets no leases. */
const REPORT_AGE_MS = 60_000;
/** A little more than a heartbeat of the leader (30 s), and than the time between two reports (30 s). */
const WATCH_MS = 35_000;
/** As often as the shards are audited. */
const LOOK_MS = 120_000;

export interface Fleet3xOptions {
  readonly dynamo: DynamoApi;
  /** Names the side tables of the KCL; the lease table may be called otherwise. */
  readonly applicationName: string;
  readonly leaseTable: string;
  readonly retry: RetryPolicy;
  readonly logger: Logger;
  /** Milliseconds for which a worker's report counts as a sign of life; 60,000 when absent. */
  readonly reportAge?: number;
  /** Milliseconds from the first look to the second when a fleet has left something behind; 35,000 when absent. */
  readonly watchTime?: number;
  /** Milliseconds between two looks after that; 120,000 when absent. */
  readonly lookInterval?: number;
}

/**
 * Looks out for a live KCL 3.x fleet in 3X mode on the same leases (G12): its leader gives every free lease to its own
 * workers and never one to us, so that the shards would be split without control. What a stopped fleet left is
 * ignored, and so is one in its 2.x-compatible mode. Missing side tables mean that there is no such fleet; a side table
 * that may not be looked at is said once, and the source does without.
 */
export class Fleet3x {
  readonly #layouts: readonly FleetLayout[];
  readonly #seen = new Map<FleetLayout, FleetState>();
  /** Tables that may not be read, and were said to be. */
  readonly #unseen = new Set<string>();

  constructor(private readonly options: Fleet3xOptions) {
    this.#layouts = fleetLayouts(options.applicationName, options.leaseTable);
  }

  /**
   * To be called before anything is written into the table.
   * @throws ConnectorError LEASE_TABLE_LIVE_3X_FLEET, and what cannot heal
   */
  async refuseLive(signal: AbortSignal): Promise<void> {
    const { retry } = this.options;
    await Promise.all(
      this.#layouts.map((layout) => retrying(retry, signal, () => this.#look(layout, signal))),
    );
  }

  /**
   * Goes on looking until `signal` is aborted: what `refuseLive` found may be alive all the same, and a fleet may
   * start, or change its mode, later.
   * @throws ConnectorError LEASE_TABLE_LIVE_3X_FLEET
   */
  async watch(signal: AbortSignal): Promise<void> {
    const { retry, watchTime = WATCH_MS, lookInterval = LOOK_MS } = this.options;
    let pause = this.#seen.size > 0 ? watchTime : lookInterval;
    while (!signal.aborted) {
      await sleep(retry.clock, pause, signal).catch(() => undefined);
      pause = lookInterval;
      for (const layout of signal.aborted ? [] : this.#layouts) {
        await this.#look(layout, signal).catch((error) => {
          // A look that failed is made up for by the next one.
          if (!signal.aborted && !mayHeal(error)) {
            throw error;
          }
        });
      }
    }
  }

  async #look(layout: FleetLayout, signal: AbortSignal): Promise<void> {
    const { dynamo, leaseTable, retry, reportAge = REPORT_AGE_MS } = this.options;
    const attempt: Attempt = (table, read) => this.#attempt(table, read, signal);
    const state = await readFleet(dynamo, layout, retry.clock, attempt, signal);
    const before = this.#seen.get(layout);
    if (state === undefined) {
      this.#seen.delete(layout);
      return;
    }
    this.#seen.set(layout, state);
    const sign = signOfLife(state, before, reportAge);
    if (sign !== undefined) {
      throw new ConnectorError(
        'LEASE_TABLE_LIVE_3X_FLEET',
        `a KCL 3.x fleet in 3X mode works on lease table ${leaseTable}`,
        {
          expected: `no sign of life for ${reportAge / 1000} s in ${state.table}`,
          found: `${state.version}, ${sign}`,
        },
      );
    }
  }

  async #attempt<T>(table: string, read: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      throwIfAborted(signal);
      // The lease table itself is read again whenever the answer to a write is lost: better to fail now than then.
      const isOwn = table === this.options.leaseTable && isConnectorError(error, 'AWS_ACCESS_DENIED');
      if (mayHeal(error) || isOwn) {
        throw error;
      }
      if (!isConnectorError(error, 'LEASE_TABLE_NOT_FOUND') && !this.#unseen.has(table)) {
        this.#unseen.add(table);
        this.options.logger.info(
          { table, error: explain(error) },
          'whether a live KCL 3.x fleet works on the same leases cannot be seen; the source goes on without knowing',
        );
      }
      return undefined;
    }
  }
}
