import type { Clock } from '../../util/clock';
import { DelayLines } from '../../util/delay-lines';
import type { TrackedEntry } from './acknowledgement-tracker';
import type { ReceivedMessage } from './received-message';
import { type RedeliveryBackoff, redeliveryDelay } from './redelivery-backoff';

/**
 * How negatively acknowledged messages come again. Until their time they stay held: copies of them, which come after
 * a reconnect, are not handed out.
 */
export interface Redelivery {
  /** Messages and bytes kept here meanwhile. */
  readonly messages: number;
  readonly bytes: number;
  refuse(message: ReceivedMessage): void;
  /** Lets go of everything, and gives it back. */
  clear(): readonly HeldMessage[];
}

/** What says how long a message waits. */
export type Refused = HeldMessage & { readonly redeliveryCount: number };

/** What is left of a message whose bytes are not needed. */
export interface HeldMessage {
  readonly entry: TrackedEntry;
  /** Place in its entry. */
  readonly index: number;
}

/**
 * By the broker, at any consumer of the subscription. It does so for entries: messages of the same entry that are
 * acknowledged, or still held here, are not handed out again when it comes.
 */
export class BrokerRedelivery implements Redelivery {
  readonly messages = 0;
  readonly bytes = 0;
  readonly #delayed: DelayLines<HeldMessage>;
  readonly #backoff: RedeliveryBackoff;
  #due: HeldMessage[] = [];

  /** @param ask is given messages whose time has come. */
  constructor(clock: Clock, backoff: RedeliveryBackoff, ask: (messages: readonly HeldMessage[]) => void) {
    this.#backoff = backoff;
    this.#delayed = new DelayLines<HeldMessage>(clock, {
      arrived: (message) => this.#due.push(message),
      settled: () => {
        const due = this.#due;
        this.#due = [];
        ask(due);
      },
    });
  }

  refuse({ entry, index, redeliveryCount }: Refused): void {
    this.#delayed.push({ entry, index }, redeliveryDelay(this.#backoff, redeliveryCount));
  }

  clear(): readonly HeldMessage[] {
    return this.#delayed.clear();
  }
}

/**
 * By this consumer. On a subscription with one consumer at a time the broker would send everything again that is
 * not acknowledged, whatever it is asked for.
 */
export class LocalRedelivery implements Redelivery {
  readonly #delayed: DelayLines<ReceivedMessage>;
  readonly #backoff: RedeliveryBackoff;
  #bytes = 0;

  constructor(clock: Clock, backoff: RedeliveryBackoff, again: (message: ReceivedMessage) => void) {
    this.#backoff = backoff;
    this.#delayed = new DelayLines(clock, {
      arrived: (message) => {
        this.#bytes -= message.value?.length ?? 0;
        again(message.again());
      },
    });
  }

  get messages(): number {
    return this.#delayed.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  refuse(message: ReceivedMessage): void {
    this.#bytes += message.value?.length ?? 0;
    this.#delayed.push(message, redeliveryDelay(this.#backoff, message.refusals));
  }

  clear(): readonly HeldMessage[] {
    this.#bytes = 0;
    return this.#delayed.clear();
  }
}
