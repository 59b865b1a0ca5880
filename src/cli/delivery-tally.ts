/** What became of numbered records on their way. */
export interface Tally {
  readonly put: number;
  /** Different records that arrived. */
  readonly delivered: number;
  readonly lost: number;
  /** Arrivals beyond the first of the same record. */
  readonly duplicated: number;
  /** First arrivals behind a later record of the same key. */
  readonly outOfOrder: number;
}

/** Counts arrivals against the numbers 0 to put − 1, which were given in the order of putting. */
export class DeliveryTally {
  readonly #put: number;
  readonly #seen: Uint8Array;
  readonly #lastOfKey = new Map<string, number>();
  #delivered = 0;
  #duplicated = 0;
  #outOfOrder = 0;

  constructor(put: number) {
    this.#put = put;
    this.#seen = new Uint8Array(put);
  }

  /** @param n the number of the record, 0 to put − 1. @param key its partition key. */
  arrived(n: number, key: string): void {
    if (this.#seen[n] === 1) {
      this.#duplicated++;
      return;
    }
    this.#seen[n] = 1;
    this.#delivered++;
    if (n < (this.#lastOfKey.get(key) ?? -1)) {
      this.#outOfOrder++;
    } else {
      this.#lastOfKey.set(key, n);
    }
  }

  /** Different records that have arrived so far. */
  get delivered(): number {
    return this.#delivered;
  }

  result(): Tally {
    return {
      put: this.#put,
      delivered: this.#delivered,
      lost: this.#put - this.#delivered,
      duplicated: this.#duplicated,
      outOfOrder: this.#outOfOrder,
    };
  }
}
