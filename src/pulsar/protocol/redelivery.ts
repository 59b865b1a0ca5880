import type { Clock } from '../../util/clock';
import { DelayLine } from '../../util/delay-line';
import type { TrackedEntry } from './acknowledgement-tracker';
import type { ReceivedMessage } from './received-message';

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
  readonly #delayed: DelayLine<HeldMessage>;
  readonly #delayMs: number;
  #due: HeldMessage[] = [];

  /** @param ask is given messages whose time has come. */
  constructor(clock: Clock, delayMs: number, ask: (messages: readonly HeldMessage[]) => void) {
    this.#delayMs = delayMs;
    this.#delayed = new DelayLine<HeldMessage>(clock, {
      arrived: (message) => this.#due.push(message),
      settled: () => {
        const due = this.#due;
        this.#due = [];
        ask(due);
      },
    });
  }

  refuse({ entry, index }: ReceivedMessage): void {
    this.#delayed.push({ entry, index }, this.#delayMs);
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
  readonly #delayed: DelayLine<ReceivedMessage>;
  readonly #delayMs: number;
  #bytes = 0;

  constructor(clock: Clock, delayMs: number, again: (message: ReceivedMessage) => void) {
    this.#delayMs = delayMs;
    this.#delayed = new DelayLine(clock, {
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
    this.#delayed.push(message, this.#delayMs);
  }

  clear(): readonly HeldMessage[] {
    this.#bytes = 0;
    return this.#delayed.clear();
  }
}
