import type { RawRecord } from '../aws/kinesis-api';
import type { RetrievalBatch, ShardReader } from '../retrieval/retrieval';
import { compare, type ExtendedSequenceNumber, isSentinel } from '../stream/extended-sequence-number';
import { abortable } from '../util/abort';
import { KinesisRecord } from './kinesis-record';
import { Reservation } from './reservation';
import { RetainedAnswer } from './retained-answer';
import type { ShardConsumerOptions } from './shard-consumer-options';

/**
 * Times its bytes on the way that an answer of the smallest records keeps alive: RECORD_OVERHEAD against some 170
 * bytes of JSON.
 */
const MOST_GROWTH = 3;

/** Milliseconds allowed for between the clock behind a Date header and those of records. */
const DATE_MS = 1000;

/** Milliseconds without an answer from which on a shard is taken for not being read, whatever the reason. */
const UNREAD_MS = 5000;

export type IntakeOptions = Pick<
  ShardConsumerOptions,
  | 'lease'
  | 'tenure'
  | 'queue'
  | 'budget'
  | 'decoding'
  | 'receiveQueueSize'
  | 'caughtUpTarget'
  | 'clock'
  | 'metrics'
  | 'watch'
  | 'activeConsumers'
  | 'renewalsFirst'
  | 'openReader'
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
  /** Set once reading has passed the tip that the shard had at `caughtUpTarget`: the last record up to there. */
  #tip: { readonly position: ExtendedSequenceNumber | undefined } | undefined;
  #behind: { readonly ms: number; readonly at: number } | undefined;
  /** What was read when nothing was left to read, at a time of the service; until all of it is confirmed. */
  #emptied: { readonly position: ExtendedSequenceNumber | undefined; readonly at: number } | undefined;

  /** @param stopping ends the reading for good */
  constructor(options: IntakeOptions, checkpoint: ExtendedSequenceNumber, stopping: AbortSignal) {
    this.#options = options;
    this.#checkpoint = checkpoint;
    this.#stopping = stopping;
    this.#reader = options.openReader(checkpoint);
    this.#skipTo = lastToSkip(checkpoint);
    const onStop = (): void => {
      this.#reading.abort(stopping.reason);
      options.watch.ended();
    };
    stopping.addEventListener('abort', onStop, { once: true });
    if (stopping.aborted) {
      onStop();
    }
  }

  /** Whether the shard was read to where its tip was at `caughtUpTarget`, and all of that is confirmed. */
  get caughtUp(): boolean {
    const tip = this.#tip;
    return (
      tip !== undefined && (tip.position === undefined || this.#options.tenure.hasConfirmed(tip.position))
    );
  }

  /** Milliseconds that reading is behind the tip of the shard, at most; undefined before the first answer. */
  get lag(): number | undefined {
    if (this.#behind === undefined) {
      return undefined;
    }
    const unread = this.#options.clock.monotonic() - this.#behind.at;
    return this.#behind.ms + (unread >= UNREAD_MS ? unread : 0);
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
    const { tenure, watch, openReader } = this.#options;
    const { sequenceNumber, subSequenceNumber } = tenure.lastRead ?? this.#checkpoint;
    const position = { sequenceNumber, subSequenceNumber };
    this.#reader.close();
    watch.abandoned();
    this.#reading = new AbortController();
    this.#reader = openReader(position);
    this.#skipTo = lastToSkip(position);
  }

  /** Undefined when `signal` fired meanwhile: the reader may have gone on behind what it read, and that is dropped. */
  async #answer(signal: AbortSignal): Promise<RetrievalBatch['end']> {
    const { budget, decoding, clock, metrics, watch, renewalsFirst } = this.#options;
    await watch.whileHeldBack(this.#room(signal));
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
      this.#queue(batch, reservation.decoded);
      this.#reached(askedAt, batch);
      this.#caughtUpAt(askedAt, batch);
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

  /** @param decoded bytes of the answer on the way */
  #queue(batch: RetrievalBatch, decoded: number): void {
    const { budget, queue, tenure, clock, metrics } = this.#options;
    const since = clock.monotonic();
    const answer = new RetainedAnswer(budget, batch.millisBehindLatest);
    const records = this.#fresh(batch.records).map((raw) => new KinesisRecord(tenure, answer, raw, 0));
    answer.retain(records);
    if (records.length > 0) {
      const share = records.length / batch.records.length;
      this.#growth = Math.min(MOST_GROWTH, Math.max(1, answer.held / (decoded * share)));
    }
    const bytes = tenure.append(records);
    queue.push(tenure, records);
    metrics.records.record(records.length);
    metrics.bytes.record(bytes);
    metrics.processTime.record(clock.monotonic() - since);
  }

  /** What was read reaches to (time of the call − millisBehindLatest), whatever the clocks show. */
  #reached(askedAt: number, { millisBehindLatest, end }: RetrievalBatch): void {
    const { tenure, clock, caughtUpTarget } = this.#options;
    const ms = millisBehindLatest ?? Number.POSITIVE_INFINITY;
    if (end !== undefined) {
      this.#behind = undefined;
    } else if (millisBehindLatest !== undefined) {
      this.#behind = { ms, at: clock.monotonic() };
    }
    if (askedAt - ms >= caughtUpTarget) {
      this.#tip ??= { position: tenure.lastRead };
    }
  }

  /** Tells the lease since when everything is confirmed that was there then. */
  #caughtUpAt(askedAt: number, { millisBehindLatest, serviceTime }: RetrievalBatch): void {
    const { lease, tenure, clock } = this.#options;
    if (millisBehindLatest === 0 && serviceTime !== undefined) {
      // The header is of the answer; the look at the shard may have been as early as the call.
      const at = serviceTime - DATE_MS - (clock.monotonic() - askedAt);
      // A busy shard is asked again before its records are confirmed: the older instant stands until they are.
      this.#emptied ??= { position: tenure.lastRead, at: Math.floor(at) };
    }
    const emptied = this.#emptied;
    if (emptied !== undefined && (emptied.position === undefined || tenure.hasConfirmed(emptied.position))) {
      lease.caughtUp(emptied.at);
      this.#emptied = undefined;
    }
  }

  /** Waits until this shard has used up its share of the queue, and there is room for another answer. */
  async #room(signal: AbortSignal): Promise<void> {
    const { tenure, queue, budget, receiveQueueSize, activeConsumers } = this.#options;
    for (;;) {
      const active = Math.max(1, activeConsumers());
      const queued = queue.sizeOf(tenure);
      // A shard whose sends are stalled may fill a quarter of the budget, not all of it.
      const holdsTooMuch = tenure.heldBytes > budget.limit / Math.min(4, active);
      if ((queued === 0 || queued < receiveQueueSize / active) && !holdsTooMuch) {
        break;
      }
      await tenure.change(signal);
    }
    await budget.room(signal);
  }

  /** What lies behind the checkpoint: reading starts AT it, so that a part of an aggregate is not lost. */
  #fresh(raws: readonly RawRecord[]): readonly RawRecord[] {
    const skipTo = this.#skipTo;
    if (skipTo === undefined) {
      return raws;
    }
    const first = raws.findIndex(
      (raw) => compare({ sequenceNumber: raw.sequenceNumber, subSequenceNumber: 0 }, skipTo) > 0,
    );
    if (first < 0) {
      return [];
    }
    this.#skipTo = undefined;
    return raws.slice(first);
  }
}

function lastToSkip(position: ExtendedSequenceNumber): ExtendedSequenceNumber | undefined {
  return isSentinel(position.sequenceNumber) ? undefined : position;
}
