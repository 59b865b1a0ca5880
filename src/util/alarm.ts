import { follow } from './abort';
import { type Clock, sleep } from './clock';

/** A wait that another part may cut short. A ring between two waits is not lost: the next wait ends at once. */
export class Alarm {
  #rung = false;
  #waiting: AbortController | undefined;

  ring(): void {
    this.#rung = true;
    this.#waiting?.abort();
  }

  /** Resolves after `ms` milliseconds of `clock`, or at the next ring. @throws the signal's reason */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    this.#waiting = waiting;
    const unfollow = follow(signal, waiting);
    if (this.#rung) {
      waiting.abort();
    }
    try {
      await sleep(clock, ms, waiting.signal);
    } catch {
      if (signal.aborted) {
        throw signal.reason;
      }
    } finally {
      unfollow();
      this.#waiting = undefined;
      this.#rung = false;
    }
  }
}
