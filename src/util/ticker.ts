import type { Clock, TimerHandle } from './clock';

/** Calls `work` every `ms` milliseconds, and a last time when it is stopped. `work` must not throw. */
export class Ticker {
  #timer: TimerHandle | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly ms: number,
    private readonly work: () => void,
  ) {
    this.#set();
  }

  stop(): void {
    if (this.#timer !== undefined) {
      this.clock.clearTimer(this.#timer);
      this.#timer = undefined;
      this.work();
    }
  }

  #set(): void {
    this.#timer = this.clock.setTimer(() => {
      this.#set();
      this.work();
    }, this.ms);
  }
}
