import type { Clock, TimerHandle } from '../../util/clock';

/** Pings at every interval, and finds a peer dead when nothing at all was heard between two pings. */
export class KeepAlive {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #ping: () => void;
  readonly #dead: () => void;
  #timer: TimerHandle | undefined;
  #heard = true;

  constructor(clock: Clock, intervalMs: number, ping: () => void, dead: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#ping = ping;
    this.#dead = dead;
  }

  start(): void {
    this.#timer = this.#clock.setTimer(() => {
      if (!this.#heard) {
        this.#dead();
        return;
      }
      this.#heard = false;
      this.#ping();
      this.start();
    }, this.#intervalMs);
  }

  /** A whole frame came from the peer. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    if (this.#timer !== undefined) {
      this.#clock.clearTimer(this.#timer);
    }
  }
}
