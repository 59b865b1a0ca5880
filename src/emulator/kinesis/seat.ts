import type { ServiceError } from '../service-model';
import { Allowance } from './allowance';

/** Source: Kinesis API, SubscribeToShard: a call sooner after a successful one is refused, a later one takes over. */
const SAFE_MS = 5_000;

/** What holds a seat. */
export interface Holder {
  /** Another one takes its place. Nothing happens to one that has ended. */
  takeOver(): void;
  fail(error: ServiceError): void;
}

/** Where one consumer reads one shard: at most one subscription at a time. */
export class Seat {
  readonly calls = new Allowance();
  readonly bytes = new Allowance();
  /** The last one, also when it has ended. */
  #holder: Holder | undefined;
  #takenAt = Number.NEGATIVE_INFINITY;

  /** Whether a subscription that was opened of late keeps others away, be it over or not. */
  isSafe(now: number): boolean {
    return now >= this.#takenAt && now < this.#takenAt + SAFE_MS;
  }

  take(holder: Holder, now: number): void {
    this.#holder?.takeOver();
    this.#holder = holder;
    this.#takenAt = now;
  }

  fail(error: ServiceError): void {
    this.#holder?.fail(error);
  }
}
