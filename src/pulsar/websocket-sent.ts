import type { ConnectorError } from '../errors';
import { Ring } from '../util/ring';

/** What became of a message: stored, or refused for itself. */
export type Outcome = 'STORED' | ConnectorError;

/**
 * Messages on their way, under contexts that run up. They are settled in send order, whatever the order of the answers:
 * those of several partitions overtake each other.
 */
export class SentMessages<M> {
  readonly #messages = new Ring<{ readonly message: M; outcome: Outcome | undefined }>();
  #firstContext = 1;

  get length(): number {
    return this.#messages.length;
  }

  /** Of the message that is sent next. */
  get nextContext(): number {
    return this.#firstContext + this.#messages.length;
  }

  push(message: M): void {
    this.#messages.push({ message, outcome: undefined });
  }

  /** @returns whether a message has that context. */
  answered(context: number, outcome: Outcome): boolean {
    const place = context - this.#firstContext;
    const sent = place >= 0 ? this.#messages.at(place) : undefined;
    if (sent !== undefined) {
      sent.outcome = outcome;
    }
    return sent !== undefined;
  }

  /** The oldest message, once it is answered: it is settled then. */
  settle(): { readonly message: M; readonly outcome: Outcome } | undefined {
    const { message, outcome } = this.#messages.peek() ?? {};
    if (message === undefined || outcome === undefined) {
      return undefined;
    }
    this.#firstContext++;
    this.#messages.shift();
    return { message, outcome };
  }

  /** Lets go of all of them. */
  *clear(): IterableIterator<M> {
    for (let sent = this.#messages.shift(); sent !== undefined; sent = this.#messages.shift()) {
      this.#firstContext++;
      yield sent.message;
    }
  }
}
