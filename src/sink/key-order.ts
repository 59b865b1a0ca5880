import type { PendingEntry } from './pending-entry';

/**
 * At most one entry of a partition key is on its way at any time, so that refusals and lost answers cannot reorder
 * them: PutRecords promises no order within a request either. The others of the key wait in their order of arrival.
 */
export class KeyOrder {
  /** The entry of each key that came last. */
  readonly #last = new Map<string, PendingEntry>();

  /** Whether `entry` may go now; otherwise it waits until `settled` hands it out. */
  admit(entry: PendingEntry): boolean {
    const { partitionKey, keyed } = entry.parts;
    if (!keyed) {
      return true;
    }
    const before = this.#last.get(partitionKey);
    this.#last.set(partitionKey, entry);
    if (before === undefined) {
      return true;
    }
    before.successor = entry;
    return false;
  }

  /** The entry that had its turn is stored, or given up: the next of its key, whose turn it is now. */
  settled(entry: PendingEntry): PendingEntry | undefined {
    const { successor, parts } = entry;
    if (successor !== undefined) {
      entry.successor = undefined;
      return successor;
    }
    if (parts.keyed) {
      this.#last.delete(parts.partitionKey);
    }
    return undefined;
  }
}
