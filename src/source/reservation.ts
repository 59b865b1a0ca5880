import { throwIfAborted } from '../util/abort';
import type { ReceiveBudget } from './receive-budget';

/** The room in memory that one read has for its answer while that is on the way. */
export class Reservation {
  readonly #budget: ReceiveBudget;
  readonly #decoding: ReceiveBudget;
  #kept = 0;
  #decoded = 0;
  #ended = false;

  constructor(budget: ReceiveBudget, decoding: ReceiveBudget) {
    this.#budget = budget;
    this.#decoding = decoding;
  }

  /** Bytes of the answer on the way. */
  get decoded(): number {
    return this.#decoded;
  }

  /** Bytes that its records are expected to keep alive. */
  get kept(): number {
    return this.#kept;
  }

  /**
   * Waits for room for another answer in place of the one before, which broke off.
   * @param bytes of the answer on the way
   * @param kept bytes that its records are expected to keep alive
   * @throws the signal's reason, as for an answer that comes after its reader was given up: that has no room
   */
  async take(bytes: number, kept: number, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    this.#letGo();
    try {
      await this.#budget.take(kept, signal);
      this.#kept = kept;
      await this.#decoding.take(bytes, signal);
      this.#decoded = bytes;
    } finally {
      if (this.#ended) {
        this.#letGo();
      }
    }
    throwIfAborted(signal);
  }

  /** The read is over; what it queued has room of its own. */
  end(): void {
    this.#ended = true;
    this.#letGo();
  }

  #letGo(): void {
    this.#budget.release(this.#kept);
    this.#decoding.release(this.#decoded);
    this.#kept = 0;
    this.#decoded = 0;
  }
}
