import type { SubscriptionType } from '../io';
import type { ReceivedMessage } from '../pulsar/transport';

/** Messages whose redeliveries are remembered; those beyond it are counted anew, oldest first. */
const MAX_REMEMBERED = 10_000;

/**
 * How often a message was delivered before. Brokers count that on Shared and Key_Shared only; on the others the
 * deliveries refused here are counted. Source: Pulsar, redelivery counts of the dispatchers.
 */
export class RedeliveryCount {
  readonly #counted: boolean;
  readonly #refused = new Map<string, number>();

  /** @param wanted Whether somebody asks: nothing is remembered otherwise. */
  constructor(type: SubscriptionType, wanted: boolean) {
    this.#counted = !wanted || type === 'Shared' || type === 'Key_Shared';
  }

  of(message: ReceivedMessage): number {
    return this.#counted ? message.redeliveryCount : (this.#refused.get(nameOf(message)) ?? 0);
  }

  /** `message` is about to be delivered again. */
  refused(message: ReceivedMessage): void {
    if (this.#counted) {
      return;
    }
    const [name, count] = [nameOf(message), this.of(message) + 1];
    this.#refused.delete(name);
    this.#refused.set(name, count);
    if (this.#refused.size > MAX_REMEMBERED) {
      for (const oldest of this.#refused.keys()) {
        this.#refused.delete(oldest);
        break;
      }
    }
  }

  /** `message` does not come again. */
  settled(message: ReceivedMessage): void {
    if (this.#refused.size > 0) {
      this.#refused.delete(nameOf(message));
    }
  }
}

/** Ids are those of one topic or partition. */
function nameOf({ topic, id }: ReceivedMessage): string {
  return `${topic} ${id}`;
}
