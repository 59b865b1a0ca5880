export interface PendingLimits {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * What all producers of a client together hold unconfirmed. Once a limit is reached it stays full until both are
 * down to three quarters, so that producers do not stop and go with every receipt. Room is offered in turns:
 * one producer that always has more must not take it all.
 */
export class PendingBudget {
  readonly #limits: PendingLimits;
  readonly #waiters = new Set<() => void>();
  #messages = 0;
  #bytes = 0;
  #full = false;

  constructor(limits: PendingLimits) {
    this.#limits = limits;
  }

  get full(): boolean {
    return this.#full;
  }

  take(bytes: number): void {
    this.#messages++;
    this.#bytes += bytes;
    if (this.#messages >= this.#limits.messages || this.#bytes >= this.#limits.bytes) {
      this.#full = true;
    }
  }

  release(messages: number, bytes: number): void {
    this.#messages -= messages;
    this.#bytes -= bytes;
    const { messages: maxMessages, bytes: maxBytes } = this.#limits;
    if (this.#full && this.#messages <= maxMessages * 0.75 && this.#bytes <= maxBytes * 0.75) {
      this.#full = false;
      for (const drained of [...this.#waiters]) {
        if (this.#full) {
          return;
        }
        if (this.#waiters.delete(drained)) {
          this.#waiters.add(drained);
          drained();
        }
      }
    }
  }

  /** `drained` is called when there is room again and its turn has come, until the returned function is called. */
  watch(drained: () => void): () => void {
    this.#waiters.add(drained);
    return () => this.#waiters.delete(drained);
  }
}
