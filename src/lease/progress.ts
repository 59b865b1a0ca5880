import { compareSequenceNumbers, type ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import { isUnanswered, type Lease } from './lease';
import type { OwnerChange } from './owner-writes';
import { isSameNumbering, type RowNumbering } from './row-numbering';

/**
 * What a holder knows and its row may not show yet. Positions are kept as two plain fields: `confirm` is called
 * for every answer of a broker, and a caller's position object may keep a chain of records alive.
 */
export class Progress {
  #sequenceNumber: string;
  #subSequenceNumber: number;
  #caughtUpAt: number | undefined;
  /** Undefined where records are not numbered, NONE where they are no more. Ordinal and place: as it began. */
  #numbering: RowNumbering | 'NONE' | undefined;
  /** Records numbered up to the newest position. */
  #ordinal = 0;
  #childShardIds: readonly string[] | undefined;

  constructor(start: ExtendedSequenceNumber) {
    this.#sequenceNumber = start.sequenceNumber;
    this.#subSequenceNumber = start.subSequenceNumber;
  }

  /**
   * Earlier positions than the newest one are ignored, and so is SHARD_END: see `end`.
   * @param ordinal records numbered up to there
   */
  confirm(position: ExtendedSequenceNumber, ordinal = 0): void {
    if (position.sequenceNumber !== 'SHARD_END' && this.#order(position) < 0) {
      this.#sequenceNumber = position.sequenceNumber;
      this.#subSequenceNumber = position.subSequenceNumber;
      this.#ordinal = ordinal;
    }
  }

  /**
   * From now on checkpoints tell how many records were numbered. The first one begins at the newest position; behind
   * NONE there is no other.
   */
  number(numbering: RowNumbering | 'NONE'): void {
    if (this.#numbering === undefined && numbering !== 'NONE') {
      this.#ordinal = numbering.ordinal;
    }
    if (this.#numbering !== 'NONE') {
      this.#numbering = numbering;
    }
  }

  /** What `number` was given last; undefined where records are not numbered. */
  get numbering(): RowNumbering | 'NONE' | undefined {
    return this.#numbering;
  }

  caughtUp(at: number): void {
    this.#caughtUpAt = Math.max(at, this.#caughtUpAt ?? at);
  }

  end(childShardIds: readonly string[]): void {
    this.#sequenceNumber = 'SHARD_END';
    this.#subSequenceNumber = 0;
    this.#childShardIds = childShardIds;
  }

  isAheadOf(lease: Lease): boolean {
    return this.#order(lease.checkpoint) > 0;
  }

  /** What the next write should say; a checkpoint only when it moves the row's forward. */
  changeOf(lease: Lease, release: boolean): OwnerChange {
    const change: { -readonly [member in keyof OwnerChange]: OwnerChange[member] } = {};
    if (this.isAheadOf(lease)) {
      change.checkpoint = {
        sequenceNumber: this.#sequenceNumber,
        subSequenceNumber: this.#subSequenceNumber,
      };
      if (this.#childShardIds !== undefined) {
        change.childShardIds = this.#childShardIds;
      }
      if (this.#numbering !== undefined && this.#numbering !== 'NONE') {
        change.ordinal = this.#ordinal;
      }
    }
    if (this.#numbering === 'NONE') {
      change.unnumbered = true;
    } else if (this.#numbering !== undefined && !isSameNumbering(lease.numbering, this.#numbering)) {
      change.numbering = {
        ...this.#numbering,
        ordinal: this.#ordinal,
        at: change.checkpoint ?? lease.checkpoint,
      };
    }
    if (this.#caughtUpAt !== undefined && this.#caughtUpAt > (lease.caughtUpAt ?? 0)) {
      change.caughtUpAt = this.#caughtUpAt;
    }
    if (release) {
      change.release = true;
    } else if (lease.handoffId !== undefined && isUnanswered(lease)) {
      change.draining = lease.handoffId;
    }
    return change;
  }

  /** Negative: the newest position is behind `other`; positive: beyond it. */
  #order(other: ExtendedSequenceNumber): number {
    return (
      compareSequenceNumbers(this.#sequenceNumber, other.sequenceNumber) ||
      this.#subSequenceNumber - other.subSequenceNumber
    );
  }
}
