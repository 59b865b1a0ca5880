import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';

/** One delivered position; a record is its own entry, so that tracking allocates nothing. */
export interface TrackedEntry extends ExtendedSequenceNumber {
  /** Its number among the user records of the shard, those left out counted too; see RecordSequencing. */
  readonly ordinal: number;
  /** When it came to Kinesis, milliseconds since the epoch; absent of a place where nothing is to be confirmed. */
  readonly eventTime?: number | undefined;
  confirmed: boolean;
  next: TrackedEntry | undefined;
}

/** A place that nothing waits for. */
interface Passed extends TrackedEntry {
  sequenceNumber: string;
  subSequenceNumber: number;
  ordinal: number;
}

/**
 * The contiguous confirmed prefix of one tenure of one shard (G1): entries are appended in shard order,
 * confirmed in any order, and `position` never passes one that is not confirmed.
 */
export class Tracker {
  #head: TrackedEntry | undefined;
  #tail: TrackedEntry | undefined;
  #outstanding = 0;
  #position: ExtendedSequenceNumber | undefined;
  #ordinal = -1;
  #ended = false;
  /** The tail, when nothing there waits for a confirmation. */
  #passed: Passed | undefined;

  /** End of the confirmed prefix; undefined while nothing of this tenure is. */
  get position(): ExtendedSequenceNumber | undefined {
    return this.#position;
  }

  /** Number of the record at `position`, or of the last one left out before it; −1 while there is none. */
  get ordinal(): number {
    return this.#ordinal;
  }

  /** Entries that the prefix has not passed. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** The first entry that is not confirmed. */
  get oldest(): TrackedEntry | undefined {
    return this.#head;
  }

  /** Whether the end of the shard is reached: it was set, and every record before it is confirmed. */
  get atEnd(): boolean {
    return this.#ended && this.#head === undefined;
  }

  /** Sets the end of the shard behind what was appended; nothing may follow. */
  end(): void {
    this.#ended = true;
  }

  /** @param entry a record, not yet confirmed. */
  append(entry: TrackedEntry): void {
    if (this.#tail === undefined) {
      this.#head = entry;
    } else {
      this.#tail.next = entry;
    }
    this.#tail = entry;
    this.#outstanding++;
  }

  /**
   * Goes on to `at`, behind what was appended, where nothing waits for a confirmation.
   * @param ordinal of the last record left out
   * @returns whether `position` has moved
   */
  pass(at: ExtendedSequenceNumber, ordinal: number): boolean {
    if (this.#tail === undefined) {
      this.#position = at;
      this.#ordinal = ordinal;
      return true;
    }
    if (this.#passed !== undefined && this.#passed === this.#tail) {
      // One entry, however much is passed behind a record that is not confirmed.
      this.#passed.sequenceNumber = at.sequenceNumber;
      this.#passed.subSequenceNumber = at.subSequenceNumber;
      this.#passed.ordinal = ordinal;
    } else {
      this.#passed = { ...at, ordinal, confirmed: true, next: undefined };
      this.append(this.#passed);
    }
    return false;
  }

  /** @returns whether `position` has moved. A second confirmation of the same entry does nothing. */
  confirm(entry: TrackedEntry): boolean {
    if (entry.confirmed) {
      return false;
    }
    entry.confirmed = true;
    if (this.#head !== entry) {
      return false;
    }
    this.#advance();
    return true;
  }

  /** Entries the prefix has not passed and that are not confirmed, in order. */
  *unconfirmed(): IterableIterator<TrackedEntry> {
    for (let entry = this.#head; entry !== undefined; entry = entry.next) {
      if (!entry.confirmed) {
        yield entry;
      }
    }
  }

  #advance(): void {
    let entry = this.#head;
    let last: TrackedEntry | undefined;
    while (entry?.confirmed) {
      const next: TrackedEntry | undefined = entry.next;
      // A passed entry must not hold on to its followers: an old one would keep young ones alive.
      entry.next = undefined;
      this.#outstanding--;
      last = entry;
      entry = next;
    }
    this.#head = entry;
    if (entry === undefined) {
      this.#tail = undefined;
    }
    if (last !== undefined) {
      this.#position = { sequenceNumber: last.sequenceNumber, subSequenceNumber: last.subSequenceNumber };
      this.#ordinal = last.ordinal;
    }
  }
}
