import type { TrackedEntry, Tracker } from './tracker';

/**
 * Dead letters of one tenure, in the order of their records. Records are refused in any order, by the source or by the
 * topic; but a dead-letter topic that deduplicates drops a number that comes behind a higher one. So a letter leaves once
 * everything before its record is confirmed, or is a letter that has left.
 */
export class LetterOrder {
  readonly #tracker: Pick<Tracker, 'unconfirmed'> | undefined;
  /** Those that have left are undefined. */
  readonly #letters = new Map<TrackedEntry, (() => void) | undefined>();

  /** @param tracker of the tenure; undefined where no order is needed */
  constructor(tracker: Pick<Tracker, 'unconfirmed'> | undefined) {
    this.#tracker = tracker;
  }

  /** @param send lets the letter leave */
  add(record: TrackedEntry, send: () => void): void {
    if (this.#tracker === undefined) {
      send();
      return;
    }
    this.#letters.set(record, send);
    this.#release(this.#tracker);
  }

  /** `record` is confirmed, whichever way it took. */
  confirmed(record: TrackedEntry): void {
    if (this.#tracker !== undefined && this.#letters.size > 0) {
      this.#letters.delete(record);
      this.#release(this.#tracker);
    }
  }

  #release(tracker: Pick<Tracker, 'unconfirmed'>): void {
    for (const entry of tracker.unconfirmed()) {
      if (!this.#letters.has(entry)) {
        return;
      }
      const send = this.#letters.get(entry);
      this.#letters.set(entry, undefined);
      send?.();
    }
  }
}
