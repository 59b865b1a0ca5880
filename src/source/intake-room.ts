import { throwIfAborted } from '../util/abort';
import { sleep } from '../util/clock';
import type { Reservation } from './reservation';
import { RECORD_OVERHEAD } from './retained-answer';
import type { ShardConsumerOptions } from './shard-consumer-options';
import { SLICE } from './unpacking';

/** Sub-records that are unpacked at once where there is no room at all: hundreds of shards may be at that. */
const LEAST_SLICE = 16;

export type IntakeRoomOptions = Pick<
  ShardConsumerOptions,
  'tenure' | 'queue' | 'budget' | 'receiveQueueSize' | 'clock' | 'watch' | 'activeConsumers' | 'renewalsFirst'
>;

/** What room one shard has in queue and budget, which it shares with the others. */
export class IntakeRoom {
  readonly #options: IntakeRoomOptions;

  constructor(options: IntakeRoomOptions) {
    this.#options = options;
  }

  /** Waits until this shard has used up its share of the queue, and there is room for another answer. */
  async forAnswer(signal: AbortSignal): Promise<void> {
    const { tenure, budget } = this.#options;
    while (!this.#mayQueue()) {
      await tenure.change(signal);
    }
    await budget.room(signal);
  }

  /** Sub-records that an answer has room for in any case, by what was reserved for it. */
  leastSlice({ kept, decoded }: Reservation): number {
    const reserved = Math.floor((kept - decoded) / RECORD_OVERHEAD);
    return this.slice(Math.min(SLICE, Math.max(LEAST_SLICE, reserved)));
  }

  /** Sub-records to unpack now. @param least what the answer has room for in any case */
  slice(least: number): number {
    const { budget } = this.#options;
    return budget.used + SLICE * RECORD_OVERHEAD <= budget.limit ? SLICE : least;
  }

  /**
   * Waits until there is room for another slice of the answer at hand. There is once all before it is confirmed, however
   * little room there is, for the answer keeps that of one slice: no shard may wait for another one here.
   */
  async forSlice(signal: AbortSignal): Promise<void> {
    const { tenure, budget, clock, watch, renewalsFirst } = this.#options;
    // Unpacking is work without a pause: whatever else is due comes first.
    await sleep(clock, 0, signal);
    await watch.whileHeldBack(renewalsFirst(signal));
    while (tenure.outstanding > 0 && !(this.#mayQueue() && budget.used < budget.limit)) {
      await watch.whileHeldBack(tenure.change(signal));
    }
    throwIfAborted(signal);
  }

  /** Whether this shard has used up its share of the queue. */
  #mayQueue(): boolean {
    const { tenure, queue, budget, receiveQueueSize, activeConsumers } = this.#options;
    const active = Math.max(1, activeConsumers());
    const queued = queue.sizeOf(tenure);
    // A shard whose sends are stalled may fill a quarter of the budget, not all of it.
    const holdsTooMuch = tenure.heldBytes > budget.limit / Math.min(4, active);
    return (queued === 0 || queued < receiveQueueSize / active) && !holdsTooMuch;
  }
}
