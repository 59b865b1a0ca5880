import { Ring } from '../util/ring';

/** What one producer was given and has not confirmed, in the order of sending; confirmations come in any order. */
export class SentRecords<R> {
  #records = new Ring<R>();
  /** Confirmed before one that was sent earlier. */
  readonly #early = new Set<R>();

  /** Records from the first unconfirmed one on. */
  get length(): number {
    return this.#records.length;
  }

  push(record: R): void {
    this.#records.push(record);
  }

  /** `record` is confirmed or refused. @returns how many records are no longer waited for */
  settle(record: R): number {
    if (this.#records.peek() !== record) {
      this.#early.add(record);
      return 0;
    }
    let settled = 0;
    let next: R | undefined = record;
    do {
      this.#records.shift();
      settled++;
      next = this.#records.peek();
    } while (next !== undefined && this.#early.size > 0 && this.#early.delete(next));
    return settled;
  }

  /** Empties it. @returns what is unconfirmed, in order */
  takeUnconfirmed(): Ring<R> {
    let unconfirmed = this.#records;
    if (this.#early.size > 0) {
      unconfirmed = new Ring();
      for (const record of this.#records) {
        if (!this.#early.has(record)) {
          unconfirmed.push(record);
        }
      }
      this.#early.clear();
    }
    this.#records = new Ring();
    return unconfirmed;
  }
}
