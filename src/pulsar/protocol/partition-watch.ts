import { type Clock, sleep } from '../../util/clock';
import type { Random } from '../../util/random';
import { asProtocolError } from './protocol-error';

export interface PartitionWatchParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds between two questions; 0: never asked. Source: Java's `autoUpdatePartitionsInterval`. */
  readonly intervalMs: number;
  /** How many partitions the topic has now. */
  readonly ask: () => Promise<number>;
  /** Called with each number that is not the one before; 0: the topic is gone, or has no partitions any more. */
  readonly changed: (found: number) => void;
}

/** Asks how many partitions a topic has, again and again: brokers do not tell by themselves (4.0.8). */
export class PartitionWatch {
  readonly #abort = new AbortController();

  constructor(parts: PartitionWatchParts, known: number) {
    if (parts.intervalMs > 0) {
      void this.#watch(parts, known);
    }
  }

  stop(): void {
    this.#abort.abort();
  }

  async #watch(
    { clock, random, intervalMs, ask, changed }: PartitionWatchParts,
    first: number,
  ): Promise<void> {
    const { signal } = this.#abort;
    for (let known = first; ; ) {
      // Spread out: a thousand shards begin together.
      await sleep(clock, intervalMs * (0.5 + random.next()), signal).catch(() => undefined);
      if (signal.aborted) {
        return;
      }
      const found = await ask().catch(whenGone);
      if (!signal.aborted && found !== undefined && found !== known) {
        known = found;
        changed(found);
      }
    }
  }
}

/** Any other error says nothing about the topic: it is asked again at the next turn. */
function whenGone(error: unknown): number | undefined {
  return asProtocolError(error, 'unknown').kind === 'topic-not-found' ? 0 : undefined;
}
