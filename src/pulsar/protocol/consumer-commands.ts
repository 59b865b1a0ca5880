import type { TrackedEntry } from './acknowledgement-tracker';
import type { SkipReason } from './chunk-assembler';
import type { ConsumerParts } from './consumer-parts';
import type { SubscriptionRegistration } from './subscription-registration';

/** What a consumer says and waits for no answer: to its broker, wherever that is, and to the log. */
export class ConsumerCommands {
  readonly #parts: ConsumerParts;
  readonly #registration: SubscriptionRegistration;

  constructor(parts: ConsumerParts, registration: SubscriptionRegistration) {
    this.#parts = parts;
    this.#registration = registration;
  }

  /** So many more messages may come. */
  flow(messagePermits: number): void {
    this.#registration.connection?.send('flow', { consumerId: this.#parts.consumerId, messagePermits });
  }

  /**
   * Entries are to come again; without any, everything that is not acknowledged. Where one consumer at a time is
   * served, everything comes whatever is named (seen on 4.0.8).
   */
  redeliver(entries: readonly TrackedEntry[]): void {
    this.#registration.connection?.send('redeliverUnacknowledgedMessages', {
      consumerId: this.#parts.consumerId,
      messageIds: entries.map(({ ledgerId, entryId }) => ({ ledgerId, entryId })),
    });
  }

  /** Parts of a message have been given up. */
  skipped(chunks: readonly TrackedEntry[], reason: SkipReason): void {
    const { topic, subscription, logger, skipped } = this.#parts;
    const ids = chunks.map(({ ledgerId, entryId }) => `${ledgerId}:${entryId}`);
    logger.warn({ topic, subscription, reason, chunks: ids }, 'parts of a message are skipped');
    skipped?.();
  }
}
