import type { RawRecord } from '../aws/kinesis-api';
import { beginsLikeFrame } from '../stream/aggregate-format';
import { type AggregateReader, openAggregate } from '../stream/aggregate-reader';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { HashKeyWindow } from '../stream/hash-key-window';
import type { KinesisRecord, SubRecord } from './kinesis-record';

/** Most sub-records gone through between two looks at what room there is. */
export const SLICE = 512;

export interface UnpackingOptions {
  /** Hash keys of the shard; undefined when they are not known: then every sub-record is taken. */
  readonly window: HashKeyWindow | undefined;
  readonly misplaced: 'keep' | 'drop';
  /** Number of the first user record gone through; those left out have numbers too. */
  readonly firstOrdinal: number;
  /** @param part one of its sub-records; undefined: the record is none of several */
  make(raw: RawRecord, ordinal: number, part: SubRecord | undefined): KinesisRecord;
}

/** A part of an answer. */
export interface Slice {
  readonly records: readonly KinesisRecord[];
  /** The last place gone through when no record stands there: what lies up to it was dropped, or was nothing. */
  readonly passed: ExtendedSequenceNumber | undefined;
  /** Sub-records outside the shard's hash keys. */
  readonly misplaced: number;
  /** Records that begin like a frame and are none, and sub-records that name no key. */
  readonly damaged: number;
  /** Number of the user record that comes next. */
  readonly nextOrdinal: number;
  /** Nothing follows. */
  readonly isLast: boolean;
}

/** Goes through the records of an answer and the sub-records of its frames, as many at a time as a slice has; pure. */
export class Unpacking {
  readonly #raws: readonly RawRecord[];
  readonly #options: UnpackingOptions;
  #at = 0;
  /** Sub-records of the first record that were gone through earlier; the record itself is the first of none. */
  #skipped: number;
  /** Of the frame at hand. */
  #frame: AggregateReader | undefined;
  #records: KinesisRecord[] = [];
  #passed: ExtendedSequenceNumber | undefined;
  #misplaced = 0;
  #damaged = 0;
  #ordinal: number;

  /** @param skipped sub-sequence numbers of the first record, from 0, that are left out */
  constructor(raws: readonly RawRecord[], skipped: number, options: UnpackingOptions) {
    this.#raws = raws;
    this.#skipped = skipped;
    this.#options = options;
    this.#ordinal = options.firstOrdinal;
  }

  /**
   * The next part.
   * @param most sub-records gone through, at least 1
   */
  next(most = SLICE): Slice {
    let left = most;
    for (let raw = this.#raws[this.#at]; raw !== undefined && left > 0; raw = this.#raws[this.#at]) {
      const frame = this.#frame ?? this.#open(raw);
      if (frame === undefined) {
        this.#whole(raw);
      } else {
        left = this.#parts(raw, frame, left);
      }
    }
    return this.#slice();
  }

  #open(raw: RawRecord): AggregateReader | undefined {
    if (!beginsLikeFrame(raw.data)) {
      return undefined;
    }
    const frame = openAggregate(raw.data);
    if (frame === undefined) {
      this.#damaged++;
      return undefined;
    }
    frame.skip(this.#skipped);
    if (frame.count === 0) {
      this.#passed = { sequenceNumber: raw.sequenceNumber, subSequenceNumber: 0 };
    }
    this.#frame = frame;
    return frame;
  }

  #whole(raw: RawRecord): void {
    if (this.#skipped === 0) {
      this.#take(this.#options.make(raw, this.#ordinal++, undefined));
    }
    this.#leave();
  }

  /** @returns how many may follow in this slice */
  #parts(raw: RawRecord, frame: AggregateReader, most: number): number {
    let left = most;
    while (left > 0) {
      if (!frame.next()) {
        this.#leave();
        return left;
      }
      left--;
      this.#part(raw, frame);
    }
    return left;
  }

  #part(raw: RawRecord, frame: AggregateReader): void {
    const { window, misplaced, make } = this.#options;
    if (!frame.isWhole) {
      this.#damaged++;
    }
    if (window !== undefined && !frame.isInside(window)) {
      this.#misplaced++;
      if (misplaced === 'drop') {
        this.#ordinal++;
        const { subSequenceNumber } = frame;
        this.#passed = { sequenceNumber: raw.sequenceNumber, subSequenceNumber };
        return;
      }
    }
    this.#take(make(raw, this.#ordinal++, frame));
  }

  #take(record: KinesisRecord): void {
    this.#records.push(record);
    this.#passed = undefined;
  }

  #leave(): void {
    this.#frame = undefined;
    this.#skipped = 0;
    this.#at++;
  }

  #slice(): Slice {
    const slice = {
      records: this.#records,
      passed: this.#passed,
      misplaced: this.#misplaced,
      damaged: this.#damaged,
      nextOrdinal: this.#ordinal,
      isLast: this.#at === this.#raws.length,
    };
    this.#records = [];
    this.#passed = undefined;
    this.#misplaced = 0;
    this.#damaged = 0;
    return slice;
  }
}
