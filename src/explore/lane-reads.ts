import type { RetrievalBatch } from '../retrieval/retrieval';
import { throwIfAborted } from '../util/abort';
import type { Clock } from '../util/clock';
import { Gate } from '../util/gate';
import { ReadPace } from './read-pace';
import type { ShardLane } from './shard-lane';

export interface LaneReadsOptions {
  /** Of each shard, above 0. */
  readonly readsPerSecond: number;
  readonly clock: Clock;
  /** Ends reads under way, without a word. */
  readonly signal: AbortSignal;
  taken(lane: ShardLane, batch: RetrievalBatch): void;
  /** A read can go on no more. */
  failed(error: unknown): void;
}

/** Reads at a time: an answer may have 10 MiB. */
const READS_AT_ONCE = 8;

/** The reads of a look, each shard at its pace. */
export class LaneReads {
  readonly #options: LaneReadsOptions;
  readonly #gate = new Gate(READS_AT_ONCE);
  readonly #paces = new Map<string, ReadPace>();

  constructor(options: LaneReadsOptions) {
    this.#options = options;
  }

  /** Starts the reads of `wanted` that are due. @returns monotonic instant of the next one; infinite without one */
  start(wanted: readonly ShardLane[]): number {
    const now = this.#options.clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const lane of wanted) {
      const pace = this.#paceOf(lane);
      if (pace.next <= now) {
        pace.begin();
        void this.#read(lane, pace);
      } else {
        next = Math.min(next, pace.next);
      }
    }
    return next;
  }

  async #read(lane: ShardLane, pace: ReadPace): Promise<void> {
    const { clock, signal, taken, failed } = this.#options;
    try {
      const batch = await this.#gate.run(() => {
        throwIfAborted(signal);
        pace.started(clock.monotonic());
        return lane.reader.read(signal, async () => undefined);
      });
      throwIfAborted(signal);
      pace.answered(batch.records.reduce((sum, { data }) => sum + data.byteLength, 0));
      taken(lane, batch);
    } catch (error) {
      if (!signal.aborted) {
        failed(error);
      }
    }
  }

  #paceOf({ shardId }: ShardLane): ReadPace {
    const pace = this.#paces.get(shardId) ?? new ReadPace(this.#options.readsPerSecond);
    this.#paces.set(shardId, pace);
    return pace;
  }
}
