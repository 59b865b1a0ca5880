import type { ManualClock } from '../manual-clock';

interface Entry {
  readonly at: number;
  readonly action: () => void | Promise<void>;
  readonly lasting: boolean;
}

/** What a life does at which instant: between two entries time runs, and with it every process. */
export class Agenda {
  readonly #entries: Entry[] = [];

  constructor(private readonly clock: ManualClock) {}

  /**
   * @param at monotonic milliseconds; what is already past comes next.
   * @param lasting whether it stays when the rest is forgotten.
   */
  at(at: number, action: () => void | Promise<void>, lasting = false): void {
    const entry = { at, action, lasting };
    const place = this.#entries.findIndex((other) => other.at > at);
    this.#entries.splice(place < 0 ? this.#entries.length : place, 0, entry);
  }

  /** @param ms from now. */
  in(ms: number, action: () => void | Promise<void>, lasting = false): void {
    this.at(this.clock.monotonic() + ms, action, lasting);
  }

  /** Forgets what is still to come and does not last. */
  clear(): void {
    const lasting = this.#entries.filter((entry) => entry.lasting);
    this.#entries.splice(0, this.#entries.length, ...lasting);
  }

  async runUntil(until: number): Promise<void> {
    for (let next = this.#entries[0]; next !== undefined && next.at <= until; next = this.#entries[0]) {
      await this.#reach(next.at);
      // Something due earlier may have come in meanwhile.
      if (this.#entries[0] === next) {
        this.#entries.shift();
        await next.action();
      }
    }
    await this.#reach(until);
  }

  async #reach(at: number): Promise<void> {
    await this.clock.advance(Math.max(0, at - this.clock.monotonic()));
  }
}
