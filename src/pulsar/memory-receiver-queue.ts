import type { Clock } from '../util/clock';
import { DelayLine } from '../util/delay-line';
import { Ring } from '../util/ring';
import type { MemoryMessage } from './memory-message';
import type { ReceiverLimits } from './protocol';

export interface ReceiverQueueEvents {
  /** The broker has sent what the consumer still has in hand. */
  repeated(message: MemoryMessage): void;
  /** Messages have arrived. */
  filled(): void;
}

/** Messages that travel to a consumer and wait there, bounded by number and bytes. */
export class MemoryReceiverQueue {
  readonly #limits: ReceiverLimits;
  readonly #travelling: DelayLine<MemoryMessage>;
  readonly #waiting = new Ring<MemoryMessage>();
  #bytes = 0;

  constructor(clock: Clock, limits: ReceiverLimits, events: ReceiverQueueEvents) {
    this.#limits = limits;
    this.#travelling = new DelayLine(clock, {
      arrived: (message) => {
        if (message.original === undefined) {
          this.#waiting.push(message);
        } else {
          this.#bytes -= message.size;
          events.repeated(message.original);
        }
      },
      settled: () => events.filled(),
    });
  }

  get full(): boolean {
    const { messages, bytes } = this.#limits;
    return this.#travelling.length + this.#waiting.length >= messages || this.#bytes >= bytes;
  }

  /** Nothing waits. */
  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** @param latencyMs Milliseconds until it arrives; 0 = behind everything that runs now. */
  push(message: MemoryMessage, latencyMs: number): void {
    this.#bytes += message.size;
    this.#travelling.push(message, latencyMs);
  }

  /** The next of those that wait, up to `max`. */
  take(max: number): MemoryMessage[] {
    const taken: MemoryMessage[] = [];
    while (taken.length < max && this.#waiting.length > 0) {
      const message = this.#waiting.shift() as MemoryMessage;
      this.#bytes -= message.size;
      taken.push(message);
    }
    return taken;
  }

  clear(): void {
    this.#travelling.clear();
    this.#waiting.clear();
    this.#bytes = 0;
  }
}
