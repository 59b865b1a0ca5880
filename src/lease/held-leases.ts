import { messageOf } from '../errors';
import type { Logger } from '../util/logger';
import type { HeldLease } from './held-lease';
import type { Lease } from './lease';
import type { LeaseMetrics } from './lease-metrics';

export interface HeldLeasesDeps {
  /** Names the stream where there are several. */
  readonly loggerOf: (lease: Lease) => Logger;
  readonly metrics: LeaseMetrics;
  /** See LeaseCoordinatorOptions. */
  readonly onAcquired: (held: HeldLease) => Promise<void>;
  /** A consumer has failed. */
  readonly onFailed: (error: unknown) => void;
}

/** The leases of one worker, each from its take until its consumer has ended; some may be lost already. */
export class HeldLeases {
  readonly #held = new Map<string, HeldLease>();
  #ended = false;

  constructor(private readonly deps: HeldLeasesDeps) {}

  /** @param key of its row */
  get(key: string): HeldLease | undefined {
    return this.#held.get(key);
  }

  values(): Iterable<HeldLease> {
    return this.#held.values();
  }

  /** Runs the consumer of a lease that was taken. Never rejects. */
  async consume(held: HeldLease): Promise<void> {
    const { metrics, onAcquired, onFailed } = this.deps;
    const { key, shardId, checkpoint } = held.lease;
    this.#held.set(key, held);
    metrics.current.record(this.#held.size);
    held.signal.addEventListener('abort', () => this.#lost(held), { once: true });
    this.#logger(held).info({ shardId, checkpoint: checkpoint.sequenceNumber }, 'lease taken');
    try {
      await onAcquired(held);
    } catch (error) {
      onFailed(error);
    } finally {
      held.abandon('its consumer ended without giving it up');
      this.#held.delete(key);
      metrics.current.record(this.#held.size);
    }
  }

  /** Leaves what was not given up to run out. */
  abandon(): void {
    this.#ended = true;
    for (const held of this.#held.values()) {
      held.abandon('this worker stopped without giving it up');
    }
  }

  #logger(held: HeldLease): Logger {
    return this.deps.loggerOf(held.lease);
  }

  #lost(held: HeldLease): void {
    const { shardId, signal } = held;
    if (!this.#ended) {
      this.deps.metrics.lost.record(1);
      this.#logger(held).warn(
        { shardId, reason: messageOf(signal.reason) },
        'lease lost; reading of the shard stops here and goes on wherever it is held',
      );
    }
  }
}
