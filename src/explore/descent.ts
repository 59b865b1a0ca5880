import type { ChildShard } from '../stream/shard';

/** A shard whose turn has come. */
export interface Descendant {
  readonly shardId: string;
  /** Milliseconds since the epoch: what its parents had last; nothing in it has arrived earlier. */
  readonly floor: number;
}

/** When the children of shards that were read to their end are read: behind all their parents that are read; pure. */
export class Descent {
  /** As far as they were listed in the beginning; later ones are told by the shards that end. */
  readonly #parents: ReadonlyMap<string, readonly string[]>;
  readonly #opened = new Set<string>();
  readonly #waiting = new Map<string, { readonly parents: readonly string[]; readonly floor: number }>();

  constructor(parents: ReadonlyMap<string, readonly string[]>) {
    this.#parents = parents;
  }

  opened(shardId: string): void {
    this.#opened.add(shardId);
    this.#waiting.delete(shardId);
  }

  /** @param floor of what their parent had */
  ended(children: readonly ChildShard[], floor: number): void {
    for (const { shardId, parentShards: parents } of children) {
      if (!this.#opened.has(shardId)) {
        const known = this.#waiting.get(shardId)?.floor ?? floor;
        this.#waiting.set(shardId, { parents, floor: Math.max(known, floor) });
      }
    }
  }

  /** Those to be opened now. @param reading ids of shards that are under way */
  ready(reading: ReadonlySet<string>): Descendant[] {
    return Array.from(this.#waiting, ([shardId, { parents, floor }]) => ({ shardId, parents, floor }))
      .filter(({ parents }) => !parents.some((parent) => this.#isToCome(parent, reading)))
      .map(({ shardId, floor }) => ({ shardId, floor }));
  }

  /** Whether a shard is read, or will be when one of its ancestors has ended. */
  #isToCome(shardId: string, reading: ReadonlySet<string>): boolean {
    const line = new Set([shardId]);
    for (const id of line) {
      if (reading.has(id) || this.#waiting.has(id)) {
        return true;
      }
      if (!this.#opened.has(id)) {
        for (const parent of this.#parents.get(id) ?? []) {
          line.add(parent);
        }
      }
    }
    return false;
  }
}
