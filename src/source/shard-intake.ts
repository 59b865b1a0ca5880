import type { RawRecord } from '../aws/kinesis-api';
import type { RetrievalBatch, ShardReader } from '../retrieval/retrieval';
import { compare, type ExtendedSequenceNumber, isSentinel } from '../stream/extended-sequence-number';
import { KinesisRecord } from './kinesis-record';
import { RetainedAnswer } from './retained-answer';
import type { ShardConsumerOptions } from './shard-consumer-options';

/**
 * Times its bytes on the way that an answer of the smallest records keeps alive: RECORD_OVERHEAD against some 170
 * bytes of JSON.
 */
const MOST_GROWTH = 3;

/** Milliseconds without an answer from which on a shard is taken for not being read, whatever the reason. */
const UNREAD_MS = 5000;

export type IntakeOptions = Pick<
  ShardConsumerOptions,
  | 'tenure'
  | 'queue'
  | 'budget'
  | 'decoding'
  | 'receiveQueueSize'
  | 'caughtUpTarget'
  | 'clock'
  | 'metrics'
  | 'activeConsumers'
>;

/** Brings the answers of one shard into queue and tracker, one after the other, within the bounds of memory. */
export class ShardIntake {
  readonly #options: IntakeOptions;
  readonly #reader: ShardReader;
  #skipTo: ExtendedSequenceNumber | undefined;
  /** Times its bytes on the way that an answer is expected to keep alive: as the one before; at first the worst. */
  #growth = MOST_GROWTH;
  /** Set once reading has passed the tip that the shard had at `caughtUpTarget`: the last record up to there. */
  #tip: { readonly position: ExtendedSequenceNumber | undefined } | undefined;
  #behind: { readonly ms: number; readonly at: number } | undefined;

  constructor(options: IntakeOptions, reader: ShardReader, checkpoint: ExtendedSequenceNumber) {
    this.#options = options;
    this.#reader = reader;
    this.#skipTo = isSentinel(checkpoint.sequenceNumber) ? undefined : checkpoint;
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
   * One answer.
   * @returns where the shard ends, or undefined; undefined as well when `signal` fired while it was read.
   * @throws what the reader throws; the signal's reason
   */
  async take(signal: AbortSignal): Promise<RetrievalBatch['end']> {
    const { budget, decoding, clock, metrics } = this.#options;
    await this.#room(signal);
    let reserved = 0;
    let decoded = 0;
    const letGo = (): void => {
      budget.release(reserved);
      decoding.release(decoded);
      reserved = 0;
      decoded = 0;
    };
    const admit = async (bytes: number): Promise<void> => {
      letGo();
      const kept = Math.ceil(bytes * this.#growth);
      await budget.take(kept, signal);
      reserved = kept;
      await decoding.take(bytes, signal);
      decoded = bytes;
    };
    const askedAt = clock.monotonic();
    try {
      const batch = await this.#reader.read(signal, admit);
      if (signal.aborted) {
        return undefined;
      }
      this.#queue(batch, decoded);
      this.#reached(askedAt, batch);
      metrics.processed.record(1);
      return batch.end;
    } catch (error) {
      if (!signal.aborted) {
        metrics.processed.record(0);
      }
      throw error;
    } finally {
      letGo();
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
      this.#growth = Math.min(MOST_GROWTH, Math.max(1, answer.held / decoded));
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
