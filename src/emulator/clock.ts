import { type Clock, systemClock } from '../util/clock';
import type { ServiceClock } from './service-model';

/** Real time plus an offset that the user of the emulator moves: streams settle, iterators expire, records are trimmed by it. */
export class SettableClock implements ServiceClock {
  #offset = 0;
  readonly #base: Pick<Clock, 'now'>;

  constructor(base: Pick<Clock, 'now'> = systemClock) {
    this.#base = base;
  }

  /** Milliseconds since the epoch, whole. */
  now(): number {
    return Math.floor(this.#base.now()) + this.#offset;
  }

  /** @param ms may be negative: then the clock jumps back. */
  advance(ms: number): void {
    this.#offset += ms;
  }

  /** @param ms milliseconds since the epoch; time goes on from there. */
  set(ms: number): void {
    this.#offset = ms - Math.floor(this.#base.now());
  }
}
