import type {
  OutgoingMessage,
  Producer,
  ProducerOptions,
  ProducerTransport,
} from '../../src/pulsar/transport';
import { Ring } from '../../src/util/ring';

/** Messages a held producer takes before it is full, as maxPendingMessages has it. */
const MOST = 1000;

/** A transport that can be held: what is sent then goes nowhere, and nothing is confirmed, until it is let go. */
export class HeldTransport implements ProducerTransport {
  readonly #inner: ProducerTransport;
  readonly #waiting = new Ring<() => void>();
  readonly #drained = new Set<() => void>();
  #held = false;

  constructor(inner: ProducerTransport) {
    this.#inner = inner;
  }

  /** Messages that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get chunks(): boolean {
    return this.#inner.chunks;
  }

  get sequences(): boolean {
    return this.#inner.sequences;
  }

  get maxMessageBytes(): number | undefined {
    return this.#inner.maxMessageBytes;
  }

  hold(): void {
    this.#held = true;
  }

  /** Sends what waits, in order. */
  letGo(): void {
    this.#held = false;
    while (this.#waiting.length > 0) {
      this.#waiting.shift()?.();
    }
    for (const tell of this.#drained) {
      tell();
    }
  }

  async createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    const inner = await this.#inner.createProducer(options);
    const drained = (): void => options.listener.drained();
    this.#drained.add(drained);
    const isFull = (): boolean => this.#held && this.#waiting.length >= MOST;
    return {
      topic: inner.topic,
      partitions: inner.partitions,
      get writable() {
        return !isFull() && inner.writable;
      },
      send: (message) => {
        if (this.#held) {
          this.#waiting.push(() => inner.send(message));
        } else {
          inner.send(message);
        }
      },
      flush: () => inner.flush(),
      close: async (deadlineMs) => {
        this.#drained.delete(drained);
        await inner.close(deadlineMs);
      },
    };
  }

  close(deadlineMs: number): Promise<void> {
    return this.#inner.close(deadlineMs);
  }
}
