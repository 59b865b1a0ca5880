/** A record as it was put, or a message as it was read back. */
export interface Delivered {
  readonly key: string | undefined;
  readonly payload: Uint8Array;
}

/** What became of the records sent; the lists hold their indices, in order. */
export interface DeliveryReport {
  readonly sent: number;
  readonly arrived: number;
  /** Never arrived. */
  readonly lost: readonly number[];
  /** Arrivals of a record beyond its first one. */
  readonly duplicated: readonly number[];
  /** First arrivals behind a later record of the same key. */
  readonly outOfOrder: readonly number[];
  /** Arrived with another key or other bytes. */
  readonly altered: readonly number[];
  /** Arrivals that are none of the records sent. */
  readonly unknown: number;
}

/** Compares what was read back with what was sent, one arrival at a time, in the order of the topic. */
export class DeliveryCheck {
  readonly #sent: readonly Delivered[];
  readonly #indexOf: (message: Delivered) => number | undefined;
  readonly #seen: Uint8Array;
  readonly #lastOfKey = new Map<string | undefined, number>();
  readonly #duplicated: number[] = [];
  readonly #outOfOrder: number[] = [];
  readonly #altered: number[] = [];
  #distinct = 0;
  #arrived = 0;
  #unknown = 0;

  /**
   * @param sent in the order in which they were put.
   * @param indexOf tells which of `sent` a message should be; undefined when it is none.
   */
  constructor(sent: readonly Delivered[], indexOf: (message: Delivered) => number | undefined) {
    this.#sent = sent;
    this.#indexOf = indexOf;
    this.#seen = new Uint8Array(sent.length);
  }

  /** Whether every record has arrived at least once. */
  get complete(): boolean {
    return this.#distinct === this.#sent.length;
  }

  /** Records that have arrived at least once. */
  get distinct(): number {
    return this.#distinct;
  }

  add(message: Delivered): void {
    this.#arrived++;
    const index = this.#indexOf(message);
    const original = index === undefined ? undefined : this.#sent[index];
    if (index === undefined || original === undefined) {
      this.#unknown++;
      return;
    }
    if (message.key !== original.key || !sameBytes(message.payload, original.payload)) {
      this.#altered.push(index);
    }
    if (this.#seen[index] === 1) {
      this.#duplicated.push(index);
      return;
    }
    this.#seen[index] = 1;
    this.#distinct++;
    const last = this.#lastOfKey.get(original.key) ?? -1;
    if (index < last) {
      this.#outOfOrder.push(index);
    } else {
      this.#lastOfKey.set(original.key, index);
    }
  }

  report(): DeliveryReport {
    return {
      sent: this.#sent.length,
      arrived: this.#arrived,
      lost: this.#sent.flatMap((_, index) => (this.#seen[index] === 1 ? [] : [index])),
      duplicated: this.#duplicated,
      outOfOrder: this.#outOfOrder,
      altered: this.#altered,
      unknown: this.#unknown,
    };
  }
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** What a delivery without any fault reports, `duplicated` left to the caller. */
export function faultless(sent: number): Omit<DeliveryReport, 'arrived' | 'duplicated'> {
  return { sent, lost: [], outOfOrder: [], altered: [], unknown: 0 };
}
