import { abortable } from '../util/abort';
import { type Deferred, deferred } from '../util/deferred';
import type { Logger } from '../util/logger';
import { hasBegun, isFinished, type Lease } from './lease';
import type { LeaseView } from './lease-view';
import type { ShardSnapshot, ShardSync } from './shard-sync';

export interface ParentsDeps {
  readonly view: LeaseView;
  readonly sync: Pick<ShardSync, 'snapshot' | 'createAncestry'>;
  /** Limits the source to some shards. */
  readonly isWanted: (shardId: string) => boolean;
  readonly logger: Logger;
}

/**
 * Says when the parents of a shard have ended (G2). A parent whose row stands in the table has ended when the row
 * says so. A row that is absent proves nothing by itself: it may have been deleted after its shard ended, or never
 * have been created. A parent that this source is told not to read is not waited for: nobody might ever read it.
 */
export class Parents {
  /** Parents without a row that need none. */
  readonly #ended = new Set<string>();
  /** Parents without a row that wait for ancestors of their own, and the round in which rows of these were created. */
  readonly #awaited = new Map<string, number>();
  /** Counts the changes of the view. */
  #round = 0;
  /** Parents not waited for that the log has named. */
  readonly #named = new Set<string>();
  #snapshot: ShardSnapshot | undefined;
  #resolving = Promise.resolve();
  #changed: Deferred<void> = deferred();

  constructor(private readonly deps: ParentsDeps) {}

  /** The view has changed. */
  changed(): void {
    const before = this.#changed;
    this.#changed = deferred();
    this.#round++;
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
        this.#nameUnread(lease);
        return;
      }
      if (finished === 'unknown') {
        // One at a time: the first one's listing answers for all.
        const turn = this.#resolving.then(() => abortable(this.#resolve(lease, signal), signal));
        this.#resolving = turn.catch(() => undefined);
        await abortable(turn, signal);
      } else {
        await abortable(changed, signal);
      }
    }
  }

  #state(parent: string, lease: Lease): boolean | 'unknown' {
    const { view, isWanted } = this.deps;
    if (!isWanted(parent)) {
      return true;
    }
    const row = view.get(parent);
    if (row !== undefined) {
      this.#awaited.delete(parent);
      return isFinished(row);
    }
    // Rows are deleted only when finished, and a child that has begun began after its parents. One at LATEST was a
    // start: where a KCL worker made it, everything without a row lies before that. One that was set back alone is one.
    const isStart = lease.checkpoint.sequenceNumber === 'LATEST' || lease.readFrom !== undefined;
    if (hasBegun(lease) || isStart || view.hasEnded(parent) || this.#ended.has(parent)) {
      return true;
    }
    const since = this.#awaited.get(parent);
    return since === undefined || (since < this.#round && this.#isOverdue(parent)) ? 'unknown' : false;
  }

  /**
   * Whether everything above a parent without a row has ended. Its row comes before that: it may have vanished from
   * the stream meanwhile, and then nobody creates it any more.
   */
  #isOverdue(parent: string): boolean {
    const shard = this.#snapshot?.shards.get(parent);
    const above = [shard?.parentShardId, shard?.adjacentParentShardId].filter((id) => id !== undefined);
    return above.every((id) => {
      const row = this.deps.view.get(id);
      return row === undefined ? this.deps.view.hasSeen(id) || this.#isOverdue(id) : isFinished(row);
    });
  }

  async #resolve(lease: Lease, signal: AbortSignal): Promise<void> {
    const { sync } = this.deps;
    const absent = lease.parentShardIds.filter((id) => this.#state(id, lease) === 'unknown');
    if (absent.length === 0) {
      return;
    }
    if (this.#snapshot?.shards.has(lease.shardId) !== true || absent.some((id) => this.#awaited.has(id))) {
      this.#snapshot = await sync.snapshot(signal);
    }
    const snapshot = this.#snapshot;
    for (const parent of absent) {
      // Open at the start means: its parents had closed before.
      if (!snapshot.shards.has(parent) || snapshot.openAtStart.has(lease.shardId)) {
        this.#ended.add(parent);
      } else {
        await sync.createAncestry(parent, snapshot, signal);
        this.#awaited.set(parent, this.#round);
      }
    }
  }

  #nameUnread({ shardId, parentShardIds }: Lease): void {
    const { view, isWanted, logger } = this.deps;
    for (const parent of parentShardIds) {
      const row = view.get(parent);
      if (!isWanted(parent) && row !== undefined && !isFinished(row) && !this.#named.has(parent)) {
        this.#named.add(parent);
        logger.warn({ shardId, parent }, 'shardIds leaves the parent of a shard out: it is not waited for');
      }
    }
  }
}
