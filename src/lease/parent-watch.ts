import { mayHeal } from '../aws/retry';
import { ConnectorError } from '../errors';
import { throwIfAborted } from '../util/abort';
import { resolvesWithin } from '../util/limited-wait';
import type { Watchdog } from '../util/watchdog';
import { type ShortRequestDeps, shortRequest } from './held-lease-deps';
import { isFinished, type Lease } from './lease';
import type { LeaseView } from './lease-view';
import type { ShardNames } from './shard-names';
import type { StreamRows } from './stream-rows';

export interface ParentWatchDeps extends ShortRequestDeps {
  readonly watchdog: Watchdog;
  /** Milliseconds between two looks, longer than between two scans of the table; 0: none. */
  readonly interval: number;
  readonly rows: Pick<StreamRows, 'get'>;
  readonly names: Pick<ShardNames, 'nameOf'>;
  readonly view: Pick<LeaseView, 'get' | 'noted'>;
  /** See Parents.wait. */
  readonly wait: (lease: Lease, signal: AbortSignal) => Promise<void>;
}

/** A row, and the monotonic instant before it was read. */
interface Seen {
  readonly row: Lease;
  readonly at: number;
}

/**
 * Sees to it that no child waits for parents that have ended: looks at their rows now and then, and where none of them
 * has said for a whole interval that its parent is still read, the wait is begun anew. Whether the child may start is
 * still that wait's to say.
 */
export class ParentWatch {
  constructor(private readonly deps: ParentWatchDeps) {}

  /** See Parents.wait. @throws the signal's reason, or what cannot heal */
  async wait(lease: Lease, signal: AbortSignal): Promise<void> {
    const { retry, watchdog, interval } = this.deps;
    if (interval === 0) {
      return this.deps.wait(lease, signal);
    }
    const name = this.deps.names.nameOf(lease);
    const part = `${name} parents`;
    let round = new AbortController();
    let waiting = this.#begin(lease, signal, round);
    let hadEnded = false;
    try {
      while (!(await resolvesWithin(retry.clock, interval, waiting))) {
        const rows = await this.#endedParents(lease, signal);
        if (rows === 'STILL_READ') {
          watchdog.report(part, undefined);
        } else if (rows !== 'UNKNOWN' && hadEnded) {
          const problem = blocked(name, lease, interval);
          watchdog.report(part, problem);
          watchdog.restarting(part, problem);
          this.#note(rows);
          round.abort(problem);
          round = new AbortController();
          waiting = this.#begin(lease, signal, round);
        }
        hadEnded = typeof rows === 'object' && !hadEnded;
      }
    } finally {
      watchdog.report(part, undefined);
    }
  }

  #begin(lease: Lease, signal: AbortSignal, round: AbortController): Promise<void> {
    const waiting = this.deps.wait(lease, AbortSignal.any([signal, round.signal]));
    waiting.catch(() => undefined);
    return waiting;
  }

  /** The rows of the parents, if all have ended, those that are absent left out. */
  async #endedParents(lease: Lease, signal: AbortSignal): Promise<Seen[] | 'STILL_READ' | 'UNKNOWN'> {
    const { retry, rows, view } = this.deps;
    const seen: Seen[] = [];
    for (const parent of lease.parentShardIds) {
      const at = retry.clock.monotonic();
      let row: Lease | undefined;
      try {
        row = await shortRequest(this.deps, signal, (limit) => rows.get(parent, limit));
      } catch (error) {
        throwIfAborted(signal);
        if (!mayHeal(error)) {
          throw error;
        }
        return 'UNKNOWN';
      }
      if (row === undefined ? view.get(parent) !== undefined : !isFinished(row)) {
        return 'STILL_READ';
      }
      if (row !== undefined) {
        seen.push({ row, at });
      }
    }
    return seen;
  }

  #note(seen: readonly Seen[]): void {
    for (const { row, at } of seen) {
      this.deps.view.noted(row, at);
    }
  }
}

function blocked(name: string, { parentShardIds }: Lease, ms: number): ConnectorError {
  return new ConnectorError('CHILD_BLOCKED', `${name} waits for parents that ended more than ${ms} ms ago`, {
    expected: 'a start',
    found: `a wait for ${parentShardIds.join(' and ')}`,
  });
}
