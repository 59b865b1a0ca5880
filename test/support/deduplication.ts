/** What a topic with deduplication makes of a send. */
export type DuplicateVerdict =
  /** It is stored. */
  | 'NEW'
  /** It is dropped, whole, and answered by a receipt with message id −1:−1. */
  | 'DUPLICATE'
  /** That id was accepted before and is not stored yet: PersistenceError, "cannot determine whether …". */
  | 'UNKNOWN';

/** Message id of a receipt for a duplicate: −1:−1, which as numbers without a sign are the largest of 64 bits. */
export const NOWHERE = { ledgerId: 2 ** 64, entryId: 2 ** 64 };

/**
 * How one topic of a broker tells duplicates, by producer name. A send is judged by its first id alone. Chunks but the
 * last of a message are not offered: they are stored whatever their id.
 * Source: Pulsar `MessageDeduplication` (isDuplicateNormal, recordMessagePersistedNormal,
 * resetHighestSequenceIdPushed, getLastPublishedSequenceId), and as seen on 4.0.8.
 */
export class Deduplication {
  readonly #pushed = new Map<string, number>();
  readonly #persisted = new Map<string, number>();

  /** A send arrives. One without `highestSequenceId`, or with one below `sequenceId`, is taken for a single id. */
  offer(name: string, sequenceId: number, highestSequenceId?: number): DuplicateVerdict {
    if (sequenceId <= this.lastSequenceId(name)) {
      return sequenceId <= (this.#persisted.get(name) ?? -1) ? 'DUPLICATE' : 'UNKNOWN';
    }
    this.#pushed.set(name, Math.max(sequenceId, highestSequenceId ?? 0));
    return 'NEW';
  }

  /** A send that was NEW is stored now. */
  persisted(name: string, highestSequenceId: number): void {
    this.#persisted.set(name, highestSequenceId);
  }

  /** What PRODUCER_SUCCESS tells: accepted, and perhaps not stored yet. −1: none. */
  lastSequenceId(name: string): number {
    return this.#pushed.get(name) ?? -1;
  }

  /**
   * What was accepted and is not stored never will be: a write has failed and every producer of the topic was
   * closed (`PersistentTopic.addFailed`), or the broker starts again.
   */
  reset(): void {
    this.#pushed.clear();
    for (const [name, id] of this.#persisted) {
      this.#pushed.set(name, id);
    }
  }

  /** The producer was away for longer than the broker remembers one. */
  forget(name: string): void {
    this.#pushed.delete(name);
    this.#persisted.delete(name);
  }
}
