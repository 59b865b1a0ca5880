import { type Deferred, deferred } from '../../util/deferred';

interface Waiting<M> extends Deferred<M[]> {
  readonly max: number;
}

/** The one call that waits for a consumer's next messages. */
export class Receiver<M> {
  readonly #take: (max: number) => M[];
  #waiting: Waiting<M> | undefined;
  #woken = false;
  #ending = false;

  /** @param take gives up to `max` messages, none while there are none, or throws what ended them. */
  constructor(take: (max: number) => M[]) {
    this.#take = take;
  }

  receive(max: number): Promise<M[]> {
    const waiting = { ...deferred<M[]>(), max };
    this.#waiting = waiting;
    this.hand();
    return waiting.promise;
  }

  /** From now on a call does not wait: when there is nothing it gets nothing. */
  end(): void {
    this.#ending = true;
    this.hand();
  }

  /** Hands out in a moment, when everything that has come in the same read is there. */
  wake(): void {
    if (!this.#woken && this.#waiting !== undefined) {
      this.#woken = true;
      queueMicrotask(() => {
        this.#woken = false;
        this.hand();
      });
    }
  }

  hand(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      return;
    }
    try {
      const messages = this.#take(waiting.max);
      if (messages.length > 0 || this.#ending) {
        this.#waiting = undefined;
        waiting.resolve(messages);
      }
    } catch (error) {
      this.#waiting = undefined;
      waiting.reject(error);
    }
  }
}
