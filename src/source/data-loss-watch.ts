import type { RawRecord } from '../aws/kinesis-api';
import type { RetrievalBatch } from '../retrieval/retrieval';
import {
  compareSequenceNumbers,
  type ExtendedSequenceNumber,
  isSentinel,
} from '../stream/extended-sequence-number';
import { throwIfAborted } from '../util/abort';
import type { Clock } from '../util/clock';
import type { Gap, GapReason } from './data-loss';
import type { TrimHorizon } from './trim-horizon';

/** Milliseconds by which the look behind an answer may be later than the time of the service it carries. */
const LATE_LOOK_MS = 600_000;

/** Milliseconds, or the share of the retention, by which reading that began at the horizon has to have got away from it. */
const AHEAD_MS = 600_000;
const AHEAD_SHARE = 0.1;

interface Behind {
  readonly ms: number;
  readonly at: number;
}

export interface DataLossWatchOptions {
  /** See coveredTo. */
  readonly coveredTo: number | undefined;
  /** See isUnbegun. */
  readonly unbegun: boolean;
  /** See startsAsConfigured. */
  readonly asConfigured: boolean;
  readonly horizon: Pick<TrimHorizon, 'look'>;
  /** Milliseconds that every stream keeps its records at least. */
  readonly leastRetention: number;
  readonly clock: Clock;
  /** What reading has come to: the last place read, or where it began. */
  position(): ExtendedSequenceNumber;
  /** Records may be missing here. What it throws ends the reading. */
  onGap(gap: Gap): void;
}

/**
 * Sees when records of one shard may have been trimmed before they were read (G1), and never else.
 *
 * A reader starts AT the last record read. When that record comes first, nothing behind it is missing, however old it is.
 * When it does not come, everything behind it may be missing that was trimmed meanwhile; but only what arrived since
 * the shard was last known to be read to its tip, and only what is older than the retention. A shard that is quiet is
 * read to its tip all the time, so it is never reported, even though its last record is trimmed some day.
 *
 * While reading goes on the same is asked once the place reached is older than the retention: because Pulsar took
 * nothing for so long, or Kinesis did not answer. Then the answer at hand may have jumped over what was trimmed, and
 * is read again, AT the last record read. Reading from TRIM_HORIZON begins that old: what is trimmed in front of it
 * before it has got away from there is told as a matter of the start.
 */
export class DataLossWatch {
  readonly #options: DataLossWatchOptions;
  #coveredTo: number | undefined;
  #asConfigured: boolean;
  /** How old what is still unread may be: `ms` at the monotonic instant `at`; undefined before the first answer. */
  #behind: Behind | undefined;
  /** The same behind the answer that was taken and is not queued yet. */
  #next: (Behind & { readonly isAhead: boolean }) | undefined;
  /** Where the present reader starts, until an answer has shown whether its record is there. */
  #unproven: ExtendedSequenceNumber | undefined;
  /** Whether reading has ever been ahead of the horizon. */
  #armed: boolean;

  constructor(options: DataLossWatchOptions) {
    this.#options = options;
    this.#coveredTo = options.coveredTo;
    this.#asConfigured = options.asConfigured;
    this.#armed = options.coveredTo !== undefined || !isSentinel(options.position().sequenceNumber);
  }

  /** A reader starts AT `position`. */
  opened(position: ExtendedSequenceNumber): void {
    this.#unproven = position;
    this.#next = undefined;
  }

  /** All of the answer that was admitted is queued: the next reader will start behind it. */
  queued(): void {
    if (this.#next !== undefined) {
      this.#behind = this.#next;
      this.#armed ||= this.#next.isAhead;
      this.#asConfigured = false;
      if (this.#options.unbegun) {
        // Since when nobody has read it said nothing of what there is to read.
        this.#coveredTo = undefined;
      }
      this.#next = undefined;
    }
  }

  /**
   * Looks at an answer of which nothing is queued yet.
   * @param askedAt monotonic instant of the call
   * @returns whether to go on; false: it is to be read again, AT the last record read. No promise where none is needed.
   * @throws what onGap throws; what asking for the retention throws
   */
  admits(batch: RetrievalBatch, askedAt: number, signal: AbortSignal): boolean | Promise<boolean> {
    if (this.#isOrdinary(batch)) {
      this.#read(batch, askedAt);
      return true;
    }
    return this.#judge(batch, askedAt, signal);
  }

  /** Whether nothing can be missing in front of `batch`, by what is known without asking. */
  #isOrdinary(batch: RetrievalBatch): boolean {
    if (batch.end?.vanished === true) {
      return false;
    }
    const { leastRetention } = this.#options;
    const unproven = this.#unproven;
    if (unproven === undefined) {
      return this.#behind === undefined || this.#age() < leastRetention;
    }
    if (isSentinel(unproven.sequenceNumber)) {
      return this.#coveredTo === undefined || this.#isCovered(batch);
    }
    const found = firstFrom(unproven, batch);
    if (found === undefined) {
      // Answers may be empty on the way to a record that is there.
      const isOver = batch.millisBehindLatest === 0 || batch.end !== undefined;
      return !isOver || this.#isCovered(batch);
    }
    return found.sequenceNumber === unproven.sequenceNumber || this.#isCovered(batch);
  }

  /** Whether all that is older than any retention was read, as far as the answer alone tells. */
  #isCovered({ serviceTime }: RetrievalBatch): boolean {
    const { leastRetention } = this.#options;
    return (
      this.#age() < leastRetention ||
      (this.#coveredTo !== undefined &&
        serviceTime !== undefined &&
        this.#coveredTo >= serviceTime + LATE_LOOK_MS - leastRetention)
    );
  }

  async #judge(batch: RetrievalBatch, askedAt: number, signal: AbortSignal): Promise<boolean> {
    const { horizon, position, onGap } = this.#options;
    const age = this.#age();
    const known = this.#coveredTo !== undefined || age !== Number.POSITIVE_INFINITY;
    const { now, ms } = known ? await horizon.look(signal) : { now: 0, ms: 0 };
    throwIfAborted(signal);
    const covered = Math.max(this.#coveredTo ?? Number.NEGATIVE_INFINITY, now - age);
    const isGap = !known || covered < now - ms;
    if (isGap && this.#unproven === undefined && batch.end?.vanished !== true) {
      if (!isSentinel(position().sequenceNumber)) {
        return false;
      }
      if (!this.#armed) {
        this.#read(batch, askedAt);
        return true;
      }
    }
    if (isGap) {
      onGap({
        reason: this.#reason(batch, known),
        from: position(),
        coveredTo: known ? covered : undefined,
        keptSince: known ? now - ms : undefined,
        to: batch.records[0],
      });
    }
    this.#read(batch, askedAt, ms);
    return true;
  }

  #reason(batch: RetrievalBatch, known: boolean): GapReason {
    if (!known) {
      return 'UNKNOWN';
    }
    if (batch.end?.vanished === true) {
      return 'VANISHED';
    }
    return this.#asConfigured || !this.#armed ? 'START' : 'TRIMMED';
  }

  /** @param retention milliseconds, where it was asked for */
  #read(batch: RetrievalBatch, askedAt: number, retention = this.#options.leastRetention): void {
    const { millisBehindLatest, lookedSince = askedAt } = batch;
    const unproven = this.#unproven;
    if (
      unproven !== undefined &&
      (isSentinel(unproven.sequenceNumber) ||
        firstFrom(unproven, batch) !== undefined ||
        millisBehindLatest === 0)
    ) {
      this.#unproven = undefined;
    }
    if (millisBehindLatest !== undefined && this.#unproven === undefined) {
      const behind = { ms: millisBehindLatest, at: lookedSince };
      const isAhead = this.#age(behind) < retention - Math.min(AHEAD_MS, retention * AHEAD_SHARE);
      this.#next = { ...behind, isAhead };
    }
  }

  /** Milliseconds: nothing older is unread; infinite while that is not known. */
  #age(behind: Behind | undefined = this.#behind): number {
    const { clock } = this.#options;
    return behind === undefined ? Number.POSITIVE_INFINITY : behind.ms + clock.monotonic() - behind.at;
  }
}

/** The first record of the answer that is `position`, or lies behind it. */
export function firstFrom(
  position: ExtendedSequenceNumber,
  { records }: RetrievalBatch,
): RawRecord | undefined {
  return records.find(
    ({ sequenceNumber }) => compareSequenceNumbers(sequenceNumber, position.sequenceNumber) >= 0,
  );
}
