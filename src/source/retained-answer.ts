import type { ReceiveBudget } from './receive-budget';

/**
 * What a record costs beside its payload: the record object, its sequence number and partition key, its places
 * in queue and tracker. Measured on Node 20: about 400 bytes; rounded up, for the bound must hold.
 */
export const RECORD_OVERHEAD = 512;

/** A part of an answer is worth copying when less than 1/COPY_SHARE of what it keeps alive is still needed. */
const COPY_SHARE = 4;

/** A record whose payload may be exchanged for a copy. */
export interface RetainedRecord {
  value: Uint8Array;
}

/**
 * The memory that the records of one answer keep alive (G5). Payloads may be views of shared buffers (an
 * answer's body, or Node's 8 KiB slabs), and the last view keeps the whole buffer: so the answer is counted as
 * its buffers until little of it is needed, then that little is copied and the buffers are let go.
 */
export class RetainedAnswer {
  /** Of the answer, milliseconds. */
  readonly millisBehindLatest: number | undefined;
  readonly #budget: ReceiveBudget;
  #records: RetainedRecord[] = [];
  /** Bytes of buffers shared by several records; 0 once each record has its own. */
  #shared = 0;
  /** Payload bytes of records not yet released. */
  #live = 0;
  /** Records released that #records still keeps. */
  #released = 0;
  #held = 0;

  constructor(budget: ReceiveBudget, millisBehindLatest: number | undefined) {
    this.#budget = budget;
    this.millisBehindLatest = millisBehindLatest;
  }

  /** Bytes counted for this answer now. */
  get held(): number {
    return this.#held;
  }

  /** Counts `records`, which have just been made of this answer; once. */
  retain(records: RetainedRecord[]): void {
    let buffers = 0;
    let distinct = 0;
    let last: ArrayBufferLike | undefined;
    for (const record of records) {
      const buffer = record.value.buffer;
      if (buffer !== last) {
        buffers += buffer.byteLength;
        distinct++;
        last = buffer;
      }
      this.#live += record.value.byteLength;
    }
    if (distinct < records.length || buffers > this.#live) {
      this.#shared = buffers;
      this.#records = records;
    }
    this.#hold(Math.max(buffers, this.#live) + records.length * RECORD_OVERHEAD);
  }

  /** `record` is confirmed or dropped: it needs its bytes no longer. Once a record. */
  release(record: RetainedRecord): void {
    const bytes = record.value.byteLength;
    this.#live -= bytes;
    if (this.#shared === 0) {
      this.#free(bytes + RECORD_OVERHEAD);
      return;
    }
    // The object may stay reachable for a while (a transport's frame, the tracker); its buffer must not.
    record.value = EMPTY;
    this.#released++;
    if (this.#live * COPY_SHARE < this.#shared) {
      this.#copyRest();
    }
  }

  #copyRest(): void {
    for (const record of this.#records) {
      if (record.value !== EMPTY) {
        record.value = Uint8Array.prototype.slice.call(record.value);
      }
    }
    this.#records = [];
    const freed = this.#shared - this.#live + this.#released * RECORD_OVERHEAD;
    this.#shared = 0;
    this.#free(freed);
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    this.#budget.force(bytes);
  }

  #free(bytes: number): void {
    this.#held -= bytes;
    this.#budget.release(bytes);
  }
}

const EMPTY = new Uint8Array(0);
