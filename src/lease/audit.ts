import type { DecimalHashRange } from '../stream/hash-coverage';
import { firstHole, type HashKeyRange } from '../stream/hash-key';
import { isFinished, type Lease } from './lease';

/** What an audit finds. */
export type Finding =
  | { readonly state: 'COMPLETE' }
  /** There is no row at all, anchors apart. */
  | { readonly state: 'EMPTY' }
  /** Hash keys of which no shard is read or waits to be read. `confirmed`: often enough in a row to be believed. */
  | { readonly state: 'HOLE'; readonly hole: HashKeyRange; readonly confirmed: boolean };

/** Rows of shards still to be read that name no hash range: rows of old KCL workers, and shards of a single key. */
export function withoutRange(leases: readonly Lease[]): string[] {
  return leases
    .filter((lease) => lease.hashRange === undefined && !isFinished(lease))
    .map(({ shardId }) => shardId);
}

/**
 * Looks for hash keys that no unfinished lease covers (source: KCL `PeriodicShardSyncManager`). A healthy table has
 * none at any moment: children have rows before their parent is finished, whoever reads them, and overlaps are no
 * holes. One scan, which is not of one moment, may show one nevertheless: only the same hole in so many audits
 * counts.
 */
export class Audit {
  #hole: HashKeyRange | undefined;
  #times = 0;

  /** @param threshold audits in a row that have to find the same hole; from 1 */
  constructor(private readonly threshold: number) {}

  /** @param ranges of shards whose rows name none */
  look(leases: readonly Lease[], ranges: ReadonlyMap<string, DecimalHashRange>): Finding {
    if (leases.every(({ anchor }) => anchor)) {
      return { state: 'EMPTY' };
    }
    const covered = leases
      .filter((lease) => !isFinished(lease))
      .flatMap(({ shardId, hashRange }) => hashRange ?? ranges.get(shardId) ?? [])
      .map(parse);
    const hole = firstHole(covered);
    if (hole === undefined) {
      this.#times = 0;
      return { state: 'COMPLETE' };
    }
    const again = this.#times > 0 && hole.start === this.#hole?.start && hole.end === this.#hole.end;
    this.#times = again ? this.#times + 1 : 1;
    this.#hole = hole;
    return { state: 'HOLE', hole, confirmed: this.#times >= this.threshold };
  }

  /** What was confirmed is being mended: counting begins anew. */
  mended(): void {
    this.#times = 0;
  }
}

function parse({ startingHashKey, endingHashKey }: DecimalHashRange): HashKeyRange {
  return { start: BigInt(startingHashKey), end: BigInt(endingHashKey) };
}
