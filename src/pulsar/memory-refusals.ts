import { consumerSettings } from '../config/consumer-settings';
import type { Clock } from '../util/clock';
import { DelayLines } from '../util/delay-lines';
import type { MemoryMessage } from './memory-message';
import { type RedeliveryBackoff, redeliveryDelay } from './protocol';
import type { ConsumerOptions } from './transport';

/** Messages of one consumer that are negatively acknowledged, until it is their time to be delivered again. */
export class MemoryRefusals {
  readonly #waiting: DelayLines<MemoryMessage>;
  readonly #backoff: RedeliveryBackoff;
  /** How often a message was refused before, by its number: brokers count on Shared and Key_Shared only. */
  readonly #counts: Map<number, number> | undefined;

  /** @param again is given each message whose time has come. */
  constructor(clock: Clock, options: ConsumerOptions, again: (message: MemoryMessage) => void) {
    const {
      subscriptionType,
      negativeAckRedeliveryDelayMs: initialMs,
      settings = consumerSettings(),
    } = options;
    const { maxDelayMs: maxMs, multiplier } = settings.negativeAckRedeliveryBackoff;
    this.#backoff = { initialMs, maxMs, multiplier };
    this.#counts = subscriptionType === 'Shared' || subscriptionType === 'Key_Shared' ? undefined : new Map();
    this.#waiting = new DelayLines(clock, { arrived: again });
  }

  add(message: MemoryMessage): void {
    const { number, redeliveryCount } = message;
    const before = this.#counts === undefined ? redeliveryCount : (this.#counts.get(number) ?? 0);
    this.#counts?.set(number, before + 1);
    this.#waiting.push(message, redeliveryDelay(this.#backoff, before));
  }

  /** The message of that number does not come again. */
  settled(number: number): void {
    this.#counts?.delete(number);
  }

  clear(): void {
    this.#waiting.clear();
    this.#counts?.clear();
  }
}
