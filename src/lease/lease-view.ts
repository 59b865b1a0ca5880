import type { ObservedLease } from './census';
import { isFinished, type Lease } from './lease';

interface Entry {
  lease: Lease;
  /** When owner and counter were first seen as they are, monotonic ms; read after the row was. */
  changedAt: number;
  /** When the owner, or none, was first seen as it is. */
  ownedAt: number;
  /** When the request for a hand-over, or none, was first seen as it is. */
  requestedAt: number;
  /** When a write of this worker brought the row about, monotonic ms. */
  notedAt: number;
}

/** The table as this worker saw it last, with what it has written itself since. */
export class LeaseView {
  readonly #entries = new Map<string, Entry>();
  /** The parents of every row that was ever there. */
  readonly #everSeen = new Map<string, readonly string[]>();
  #startAt: number | undefined;
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
        this.#enter(lease, ended, entry.notedAt);
      }
    }
    this.#startAt = smallestStartAt(leases, this.#startAt);
    for (const [shardId, entry] of this.#entries) {
      if (!present.has(shardId) && entry.notedAt < started) {
        this.#entries.delete(shardId);
      }
    }
  }

  /** A row as a write of this worker left it, at `at` (monotonic ms). Stands against scans that began earlier. */
  noted(lease: Lease, at: number): void {
    this.#startAt = smallestStartAt([lease], this.#startAt);
    this.#enter(lease, at, at);
  }

  get(shardId: string): Lease | undefined {
    return this.#entries.get(shardId)?.lease;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Whether the row was there at any time since this worker started. */
  hasSeen(shardId: string): boolean {
    return this.#everSeen.has(shardId);
  }

  /**
   * Whether a row that is absent was there and went because its shard had ended: not when something above it is to be
   * read, which means that the table was set back.
   */
  hasEnded(shardId: string): boolean {
    const above = [shardId];
    for (const id of above) {
      for (const parent of this.#everSeen.get(id) ?? []) {
        const row = this.get(parent);
        if (row !== undefined && !isFinished(row) && row.readFrom === undefined) {
          return false;
        }
        if (!above.includes(parent)) {
          above.push(parent);
        }
      }
    }
    return this.hasSeen(shardId);
  }

  leases(): Lease[] {
    return Array.from(this.#entries.values(), ({ lease }) => lease);
  }

  observed(): ObservedLease[] {
    const since = (instant: number): number => Math.max(0, this.#scanStarted - instant);
    return Array.from(this.#entries.values(), ({ lease, changedAt, ownedAt, requestedAt }) => ({
      lease,
      unchangedFor: since(changedAt),
      ownerUnchangedFor: since(ownedAt),
      requestUnchangedFor: since(requestedAt),
    }));
  }

  /** The instant at which the start position of the table was frozen; known even when its row has gone since. */
  startAt(): number | undefined {
    return this.#startAt;
  }

  /** @param at when `lease` was first seen, as far as it differs from the row before */
  #enter(lease: Lease, at: number, notedAt: number): void {
    const before = this.#entries.get(lease.shardId);
    const { owner, counter, handoffId } = before?.lease ?? {};
    const sameOwner = before !== undefined && owner === lease.owner;
    const same = sameOwner && counter === lease.counter;
    const sameRequest = before !== undefined && handoffId === lease.handoffId;
    this.#entries.set(lease.shardId, {
      lease,
      changedAt: same ? before.changedAt : at,
      ownedAt: sameOwner ? before.ownedAt : at,
      requestedAt: sameRequest ? before.requestedAt : at,
      notedAt,
    });
    this.#everSeen.set(lease.shardId, lease.parentShardIds);
  }
}

/** All rows of ours name one instant; where a KCL worker began with others, the earliest serves all. */
export function smallestStartAt(leases: readonly Lease[], known?: number): number | undefined {
  let smallest = known;
  for (const { startAt } of leases) {
    if (startAt !== undefined && (smallest === undefined || startAt < smallest)) {
      smallest = startAt;
    }
  }
  return smallest;
}
