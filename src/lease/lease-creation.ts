import { type RetryPolicy, retrying } from '../aws/retry';
import type { Gate } from '../util/gate';
import type { Logger } from '../util/logger';
import type { StreamLeaseMetrics } from './lease-metrics';
import type { LeaseView } from './lease-view';
import type { NewLease } from './serializer';
import type { StreamRows } from './stream-rows';

/** Half of what the gate lets through: thousands of rows must not hold up renewals. */
const LANES = 10;
const PROGRESS_MS = 10_000;

export interface LeaseCreationDeps {
  readonly rows: StreamRows;
  readonly view: LeaseView;
  readonly retry: RetryPolicy;
  readonly gate: Gate;
  readonly logger: Logger;
  readonly metrics: StreamLeaseMetrics;
}

/** Creates rows, several at a time; a row that is there already stays as it is. */
export class LeaseCreation {
  constructor(private readonly deps: LeaseCreationDeps) {}

  /**
   * The rows must not descend from each other: they come into being in any order.
   * @param check looks right before every write whether it is still right; throws when it is not
   */
  async createAll(rows: readonly NewLease[], signal: AbortSignal, check: () => void): Promise<void> {
    const { retry, logger } = this.deps;
    const queue = rows[Symbol.iterator]();
    let toldAt = retry.clock.monotonic();
    let done = 0;
    let failed = false;
    const lane = async (): Promise<void> => {
      for (let next = queue.next(); !next.done && !failed; next = queue.next()) {
        await this.create(next.value, signal, check).catch((error) => {
          failed = true;
          throw error;
        });
        done++;
        if (retry.clock.monotonic() - toldAt >= PROGRESS_MS) {
          toldAt = retry.clock.monotonic();
          logger.info({ done, of: rows.length }, 'rows of the lease table are being created');
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(LANES, rows.length) }, lane));
  }

  /** The view shows the row that stands, this one or another. @returns whether it is known to be this one */
  create(row: NewLease, signal: AbortSignal, check: () => void): Promise<boolean> {
    const { gate, retry, rows, view, metrics } = this.deps;
    return retrying(retry, signal, () =>
      gate.run(async () => {
        check();
        const created = await metrics.createLease.measure(() => rows.create(row, signal), signal);
        const lease = created ?? (await rows.get(row.shardId, signal));
        if (lease !== undefined) {
          view.noted(lease, retry.clock.monotonic());
        }
        return created !== undefined;
      }),
    );
  }
}
