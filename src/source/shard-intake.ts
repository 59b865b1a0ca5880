import type { RawRecord } from '../aws/kinesis-api';
import type { RetrievalBatch, ShardReader } from '../retrieval/retrieval';
import { beginsLikeFrame } from '../stream/aggregate-format';
import {
  compareSequenceNumbers,
  type ExtendedSequenceNumber,
  isSentinel,
} from '../stream/extended-sequence-number';
import { HashKeyWindow } from '../stream/hash-key-window';
import { abortable } from '../util/abort';
import { type DataLossWatch, firstFrom } from './data-loss-watch';
import { IntakeRoom } from './intake-room';
import { KinesisRecord } from './kinesis-record';
import type { ReachedPlace } from './reader-watch';
import { ReadingProgress } from './reading-progress';
import { Reservation } from './reservation';
import { RetainedAnswer } from './retained-answer';
import type { ShardConsumerOptions } from './shard-consumer-options';
import { type Slice, Unpacking } from './unpacking';

/**
 * Times its bytes on the way that an answer of the smallest records keeps alive: RECORD_OVERHEAD against some 170
 * bytes of JSON.
 */
const MOST_GROWTH = 3;

export type IntakeOptions = Pick<
  ShardConsumerOptions,
  | 'lease'
  | 'tenure'
  | 'queue'
  | 'budget'
  | 'decoding'
  | 'receiveQueueSize'
  | 'subRecordFilter'
  | 'caughtUpTarget'
  | 'clock'
  | 'metrics'
  | 'watch'
  | 'activeConsumers'
  | 'renewalsFirst'
  | 'openReader'
  | 'watchLoss'
>;

/** Brings the answers of one shard into queue and tracker, one after the other, within the bounds of memory. */
export class ShardIntake {
  readonly #options: IntakeOptions;
  readonly #checkpoint: ExtendedSequenceNumber;
  readonly #stopping: AbortSignal;
  #reader: ShardReader;
  /** Ends what the present reader does. */
  #reading = new AbortController();
  #skipTo: ExtendedSequenceNumber | undefined;
  /** Times its bytes on the way that an answer is expected to keep alive: as the one before; at first the worst. */
  #growth = MOST_GROWTH;
  readonly #room: IntakeRoom;
  readonly #progress: ReadingProgress;
  readonly #loss: DataLossWatch;

  /** @param stopping ends the reading for good */
  constructor(options: IntakeOptions, checkpoint: ExtendedSequenceNumber, stopping: AbortSignal) {
    this.#options = options;
    this.#checkpoint = checkpoint;
    this.#stopping = stopping;
    this.#room = new IntakeRoom(options);
    this.#progress = new ReadingProgress(options);
    this.#loss = options.watchLoss(() => this.#position());
    this.#reader = this.#open(checkpoint);
    const onStop = (): void => {
      this.#reading.abort(stopping.reason);
      options.watch.ended();
    };
    stopping.addEventListener('abort', onStop, { once: true });
    if (stopping.aborted) {
      onStop();
    }
  }

  /** What reading has come to. */
  get progress(): Pick<ReadingProgress, 'caughtUp' | 'lag' | 'drained'> {
    return this.#progress;
  }

  /**
   * One answer, by as many readers as it takes.
   * @returns where the shard ends, or undefined; undefined as well when a stop came while it was read.
   * @throws what the reader throws; the reason of the stop
   */
  async take(): Promise<RetrievalBatch['end']> {
    for (;;) {
      const { signal } = this.#reading;
      try {
        const end = await this.#answer(signal);
        if (!signal.aborted || this.#stopping.aborted) {
          return end;
        }
      } catch (error) {
        if (!signal.aborted || this.#stopping.aborted) {
          throw error;
        }
      }
      this.#replaceReader();
    }
  }

  /** What is read now is given up: another reader goes on behind the last record queued. */
  restart(problem: Error): void {
    this.#reading.abort(problem);
  }

  close(): void {
    this.#reader.close();
  }

  #replaceReader(): void {
    this.#reader.close();
    this.#options.watch.abandoned();
    this.#reading = new AbortController();
    this.#reader = this.#open(this.#position());
  }

  #open(position: ExtendedSequenceNumber): ShardReader {
    this.#skipTo = lastToSkip(position);
    this.#loss.opened(position);
    return this.#options.openReader(position);
  }

  /** The last place read, or where reading begins. */
  #position(): ExtendedSequenceNumber {
    const { sequenceNumber, subSequenceNumber } = this.#options.tenure.lastRead ?? this.#checkpoint;
    return { sequenceNumber, subSequenceNumber };
  }

  /** Undefined when `signal` fired meanwhile: the reader may have gone on behind what it read, and that is dropped. */
  async #answer(signal: AbortSignal): Promise<RetrievalBatch['end']> {
    const { budget, decoding, clock, metrics, watch, renewalsFirst } = this.#options;
    const { sequencing } = this.#options.tenure;
    await watch.whileHeldBack(this.#room.forAnswer(signal));
    await watch.whileHeldBack(renewalsFirst(signal));
    const reservation = new Reservation(budget, decoding);
    const admit = (bytes: number): Promise<void> =>
      watch.whileHeldBack(reservation.take(bytes, Math.ceil(bytes * this.#growth), signal));
    const askedAt = clock.monotonic();
    try {
      const batch = await abortable(this.#reader.read(signal, admit), signal);
      if (signal.aborted) {
        return undefined;
      }
      const answeredAt = clock.monotonic();
      const admitted = this.#loss.admits(batch, askedAt, signal);
      if (admitted !== true && !(await admitted)) {
        this.#replaceReader();
        return undefined;
      }
      if (sequencing?.settled === false) {
        const first = firstFrom(this.#checkpoint, batch);
        await abortable(sequencing.settle(first?.sequenceNumber), signal);
      }
      await this.#queue(batch, reservation, signal);
      this.#loss.queued();
      this.#progress.answered(batch, askedAt, answeredAt);
      watch.reached(placeReached(batch, askedAt));
      metrics.processed.record(1);
      return batch.end;
    } catch (error) {
      if (!signal.aborted) {
        metrics.processed.record(0);
      }
      throw error;
    } finally {
      reservation.end();
    }
  }

  /** Takes an answer, a slice at a time when it is unpacked to more than one. @throws the signal's reason */
  async #queue(batch: RetrievalBatch, reservation: Reservation, signal: AbortSignal): Promise<void> {
    const { budget, clock, metrics } = this.#options;
    let since = clock.monotonic();
    let spent = 0;
    const answer = new RetainedAnswer(budget, batch.millisBehindLatest, clock.now());
    const { raws, skipped } = this.#fresh(batch.records);
    const unpacking = this.#unpacking(raws, skipped, answer);
    try {
      const least = this.#room.leastSlice(reservation);
      for (let isFirst = true; ; isFirst = false) {
        const slice = unpacking.next(this.#room.slice(least));
        if (isFirst && !slice.isLast) {
          answer.open(raws);
        }
        answer.retain(slice.records);
        if (isFirst && slice.records.length > 0) {
          const share = raws.length / batch.records.length;
          this.#growth = Math.min(MOST_GROWTH, Math.max(1, answer.held / (reservation.decoded * share)));
        }
        // What was queued has room of its own.
        reservation.end();
        this.#take(slice);
        spent += clock.monotonic() - since;
        if (slice.isLast) {
          break;
        }
        await this.#room.forSlice(signal);
        since = clock.monotonic();
      }
    } finally {
      answer.close();
    }
    metrics.processTime.record(spent);
  }

  #unpacking(raws: readonly RawRecord[], skipped: number, answer: RetainedAnswer): Unpacking {
    const { lease, tenure, subRecordFilter } = this.#options;
    const { hashRange } = lease.lease;
    return new Unpacking(raws, skipped, {
      window: hashRange === undefined ? undefined : new HashKeyWindow(hashRange),
      misplaced: subRecordFilter,
      firstOrdinal: tenure.nextOrdinal,
      make: (raw, ordinal, part) => new KinesisRecord(tenure, answer, raw, ordinal, part),
    });
  }

  #take({ records, passed, misplaced, damaged, nextOrdinal }: Slice): void {
    const { queue, tenure, metrics, subRecordFilter } = this.#options;
    const bytes = tenure.append(records);
    if (passed !== undefined) {
      tenure.pass(passed, nextOrdinal);
    }
    queue.push(tenure, records);
    metrics.read(records.length, bytes);
    if (misplaced > 0) {
      (subRecordFilter === 'drop' ? metrics.misplacedDropped : metrics.misplacedKept).record(misplaced);
    }
    if (damaged > 0) {
      metrics.damaged.record(damaged);
    }
  }

  /**
   * What lies behind the checkpoint: reading starts AT it, so that a part of an aggregate is not lost. `skipped`:
   * sub-records of the first record that do not.
   */
  #fresh(raws: readonly RawRecord[]): { raws: readonly RawRecord[]; skipped: number } {
    const skipTo = this.#skipTo;
    if (skipTo === undefined) {
      return { raws, skipped: 0 };
    }
    const first = raws.findIndex(
      (raw) => compareSequenceNumbers(raw.sequenceNumber, skipTo.sequenceNumber) >= 0,
    );
    const found = raws[first];
    if (found === undefined) {
      return { raws: [], skipped: 0 };
    }
    this.#skipTo = undefined;
    if (compareSequenceNumbers(found.sequenceNumber, skipTo.sequenceNumber) > 0) {
      return { raws: raws.slice(first), skipped: 0 };
    }
    return beginsLikeFrame(found.data)
      ? { raws: raws.slice(first), skipped: skipTo.subSequenceNumber + 1 }
      : { raws: raws.slice(first + 1), skipped: 0 };
  }
}

function lastToSkip(position: ExtendedSequenceNumber): ExtendedSequenceNumber | undefined {
  return isSentinel(position.sequenceNumber) ? undefined : position;
}

/** An answer that does not say how far behind it is counts as one that is not. */
function placeReached(
  { records, end, lookedSince, millisBehindLatest: ms = 0 }: RetrievalBatch,
  askedAt: number,
): ReachedPlace {
  return {
    instant: (lookedSince ?? askedAt) - ms,
    barren: records.length === 0 && end === undefined && ms > 0,
  };
}
