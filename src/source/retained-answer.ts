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
 * The memory that the records of one answer keep alive (G5). Payloads may be views of shared buffers (an answer's body,
 * a frame, or Node's 8 KiB slabs), and the last view keeps the whole buffer: so the answer is counted as its buffers
 * until little of it is needed, then that little is copied and the buffers are let go.
 *
 * An answer that is unpacked slice by slice is `open` meanwhile: it needs its buffers whatever was confirmed, and keeps
 * the room of its first slice, so that there is always room for one.
 */
export class RetainedAnswer {
  /** Of the answer, milliseconds. */
  readonly millisBehindLatest: number | undefined;
  /** When it was read by the clock of this machine, milliseconds since the epoch. */
  readonly readAt: number;
  readonly #budget: ReceiveBudget;
  #records: readonly RetainedRecord[] = [];
  /** Bytes of buffers shared by several records; 0 once each record has its own. */
  #shared = 0;
  /** Payload bytes of records not yet released. */
  #live = 0;
  /** Records counted: those of #records while buffers are shared, else those not yet released. */
  #count = 0;
  /** Records released that #records still keeps. */
  #released = 0;
  #open = false;
  /** Bytes beside the buffers that stay counted while the answer is open. */
  #floor = 0;
  #held = 0;

  constructor(budget: ReceiveBudget, millisBehindLatest: number | undefined, readAt: number) {
    this.#budget = budget;
    this.readAt = readAt;
    this.millisBehindLatest = millisBehindLatest;
  }

  /** Bytes counted for this answer now. */
  get held(): number {
    return this.#held;
  }

  /** More than one `retain` will follow, with records that are views of `raws`; then `close`. */
  open(raws: readonly { readonly data: Uint8Array }[]): void {
    this.#open = true;
    this.#shared = buffersOf(raws, ({ data }) => data).bytes;
  }

  /** Counts `records`, which have just been made of this answer. Once, unless it is open. */
  retain(records: readonly RetainedRecord[]): void {
    let payload = 0;
    for (const { value } of records) {
      payload += value.byteLength;
    }
    this.#live += payload;
    this.#count += records.length;
    if (this.#open) {
      this.#records = this.#records.concat(records);
      this.#floor ||= this.#count * RECORD_OVERHEAD;
    } else {
      const { bytes, distinct } = buffersOf(records, ({ value }) => value);
      if (distinct < records.length || bytes > payload) {
        this.#shared = Math.max(bytes, payload);
        this.#records = records;
      }
    }
    this.#settle();
  }

  /** Nothing follows. Does nothing to an answer that is not open. */
  close(): void {
    if (this.#open) {
      this.#open = false;
      this.#floor = 0;
      this.#shrink();
      this.#settle();
    }
  }

  /** `record` is confirmed or dropped: it needs its bytes no longer. Once a record. */
  release(record: RetainedRecord): void {
    this.#live -= record.value.byteLength;
    // The object may stay reachable (a transport's frame, the last place read of its shard); its buffer must not.
    record.value = EMPTY;
    if (this.#shared === 0) {
      this.#count--;
    } else {
      this.#released++;
      this.#shrink();
    }
    this.#settle();
  }

  /** Forgets what was released as soon as that is worth it. */
  #shrink(): void {
    if (this.#open) {
      if (this.#released * 2 > this.#records.length) {
        this.#forgetReleased();
      }
    } else if (this.#live * COPY_SHARE < this.#shared) {
      this.#forgetReleased();
      for (const record of this.#records) {
        record.value = Uint8Array.prototype.slice.call(record.value);
      }
      this.#records = [];
      this.#shared = 0;
    }
  }

  #forgetReleased(): void {
    this.#records = this.#records.filter(({ value }) => value !== EMPTY);
    this.#count = this.#records.length;
    this.#released = 0;
  }

  #settle(): void {
    const overhead = Math.max(this.#count * RECORD_OVERHEAD, this.#floor);
    const more = (this.#shared > 0 ? this.#shared : this.#live) + overhead - this.#held;
    this.#held += more;
    if (more > 0) {
      this.#budget.force(more);
    } else if (more < 0) {
      this.#budget.release(-more);
    }
  }
}

const EMPTY = new Uint8Array(0);

/** Buffers behind the payloads of `items`; views of one buffer stand next to each other. */
function buffersOf<T>(
  items: readonly T[],
  payloadOf: (item: T) => Uint8Array,
): { bytes: number; distinct: number } {
  let bytes = 0;
  let distinct = 0;
  let last: ArrayBufferLike | undefined;
  for (const item of items) {
    const { buffer } = payloadOf(item);
    if (buffer !== last) {
      bytes += buffer.byteLength;
      distinct++;
      last = buffer;
    }
  }
  return { bytes, distinct };
}
