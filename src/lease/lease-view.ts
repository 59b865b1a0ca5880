import type { ObservedLease } from './assignment';
import type { Lease } from './lease';

interface Entry {
  lease: Lease;
  /** When owner and counter were first seen as they are, monotonic ms; read after the row was. */
  changedAt: number;
  /** When a write of this worker brought the row about, monotonic ms. */
  notedAt: number;
}

/** The table as this worker saw it last, with what it has written itself since. */
export class LeaseView {
  readonly #entries = new Map<string, Entry>();
  readonly #everSeen = new Set<string>();
  #scanStarted = 0;

  /**
   * A complete scan. A row counts as changed when the scan ended, and as unchanged until it started: whatever the
   * moment at which it was read, nobody is taken for dead too early.
   * @param started @param ended monotonic milliseconds
   */
  scanned(leases: readonly Lease[], started: number, ended: number): void {
    this.#scanStarted = started;
    const present = new Set<string>();
    for (const lease of leases) {
      present.add(lease.shardId);
      const entry = this.#entries.get(lease.shardId);
      if (entry === undefined) {
        this.#enter(lease, ended, Number.NEGATIVE_INFINITY);
      } else if (entry.notedAt < started) {
        if (entry.lease.owner !== lease.owner || entry.lease.counter !== lease.counter) {
          entry.changedAt = ended;
        }
        entry.lease = lease;
      }
    }
    for (const [shardId, entry] of this.#entries) {
      if (!present.has(shardId) && entry.notedAt < started) {
        this.#entries.delete(shardId);
      }
    }
  }

  /** A row as a write of this worker left it, at `at` (monotonic ms). Stands against scans that began earlier. */
  noted(lease: Lease, at: number): void {
    this.#enter(lease, at, at);
  }

  get(shardId: string): Lease | undefined {
    return this.#entries.get(shardId)?.lease;
  }

  /** Whether the row was there at any time since this worker started. */
  hasSeen(shardId: string): boolean {
    return this.#everSeen.has(shardId);
  }

  leases(): Lease[] {
    return Array.from(this.#entries.values(), ({ lease }) => lease);
  }

  observed(): ObservedLease[] {
    return Array.from(this.#entries.values(), ({ lease, changedAt }) => ({
      lease,
      unchangedFor: Math.max(0, this.#scanStarted - changedAt),
    }));
  }

  /** The smallest `startAt` of the table: the instant at which its start position was frozen. */
  startAt(): number | undefined {
    return smallestStartAt(this.leases());
  }

  #enter(lease: Lease, changedAt: number, notedAt: number): void {
    this.#entries.set(lease.shardId, { lease, changedAt, notedAt });
    this.#everSeen.add(lease.shardId);
  }
}

/** Two workers may have frozen different instants at the same time; both are served by the earlier one. */
export function smallestStartAt(leases: readonly Lease[]): number | undefined {
  let smallest: number | undefined;
  for (const { startAt } of leases) {
    if (startAt !== undefined && (smallest === undefined || startAt < smallest)) {
      smallest = startAt;
    }
  }
  return smallest;
}
