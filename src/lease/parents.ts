import { abortable } from '../util/abort';
import { type Deferred, deferred } from '../util/deferred';
import { hasBegun, isFinished, type Lease } from './lease';
import type { LeaseView } from './lease-view';
import type { ShardSnapshot, ShardSync } from './shard-sync';

/**
 * Says when the parents of a shard have ended (G2). A parent whose row stands in the table has ended when the row
 * says so. A row that is absent proves nothing by itself: it may have been deleted after its shard ended, or never
 * have been created.
 */
export class Parents {
  /** Parents without a row that need none. */
  readonly #ended = new Set<string>();
  /** Parents without a row that wait for ancestors of their own, whose rows were created. */
  readonly #awaited = new Set<string>();
  #snapshot: ShardSnapshot | undefined;
  #resolving = Promise.resolve();
  #changed: Deferred<void> = deferred();

  constructor(
    private readonly view: LeaseView,
    private readonly sync: Pick<ShardSync, 'snapshot' | 'createAncestry'>,
  ) {}

  /** The view has changed. */
  changed(): void {
    const before = this.#changed;
    this.#changed = deferred();
    before.resolve();
  }

  /** `unknown`: a parent has no row, and only a listing can tell what that means. */
  finished(lease: Lease): boolean | 'unknown' {
    const states = lease.parentShardIds.map((id) => this.#state(id, lease));
    if (states.includes(false)) {
      return false;
    }
    return states.includes('unknown') ? 'unknown' : true;
  }

  /** Resolves when every parent has ended. @throws the signal's reason, or what cannot heal */
  async wait(lease: Lease, signal: AbortSignal): Promise<void> {
    for (;;) {
      const { promise: changed } = this.#changed;
      const finished = this.finished(lease);
      if (finished === true) {
        return;
      }
      if (finished === 'unknown') {
        // One at a time: the first one's listing answers for all.
        const turn = this.#resolving.then(() => this.#resolve(lease, signal));
        this.#resolving = turn.catch(() => undefined);
        await abortable(turn, signal);
      } else {
        await abortable(changed, signal);
      }
    }
  }

  #state(parent: string, lease: Lease): boolean | 'unknown' {
    const row = this.view.get(parent);
    if (row !== undefined) {
      this.#awaited.delete(parent);
      return isFinished(row);
    }
    // Rows are deleted only when finished; and a child that has begun began after its parents.
    if (hasBegun(lease) || this.view.hasSeen(parent) || this.#ended.has(parent)) {
      return true;
    }
    return this.#awaited.has(parent) ? false : 'unknown';
  }

  async #resolve(lease: Lease, signal: AbortSignal): Promise<void> {
    const absent = lease.parentShardIds.filter((id) => this.#state(id, lease) === 'unknown');
    if (absent.length === 0) {
      return;
    }
    if (this.#snapshot?.shards.has(lease.shardId) !== true) {
      this.#snapshot = await this.sync.snapshot(signal);
    }
    const snapshot = this.#snapshot;
    for (const parent of absent) {
      // Open at the start means: its parents had closed before.
      if (!snapshot.shards.has(parent) || snapshot.openAtStart.has(lease.shardId)) {
        this.#ended.add(parent);
      } else {
        await this.sync.createAncestry(parent, snapshot, signal);
        this.#awaited.add(parent);
      }
    }
  }
}
