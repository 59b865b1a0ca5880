import { HAS_ROOM } from '../io';
import { type Deferred, deferred } from '../util/deferred';

/** Bounds what the sink holds. One record may pass each bound, however large it is. */
export class PendingRoom {
  readonly #maxRecords: number;
  readonly #maxBytes: number;
  #records = 0;
  #bytes = 0;
  #waiting: Deferred<void> | undefined;

  constructor(maxRecords: number, maxBytes: number) {
    this.#maxRecords = maxRecords;
    this.#maxBytes = maxBytes;
  }

  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#records >= this.#maxRecords || this.#bytes >= this.#maxBytes;
  }

  take(bytes: number): void {
    this.#records++;
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#records--;
    this.#bytes -= bytes;
    if (this.#waiting !== undefined && !this.full) {
      this.#waiting.resolve();
      this.#waiting = undefined;
    }
  }

  /** Resolves when another record may come. @throws what `close` is given */
  wait(): Promise<void> {
    if (!this.full) {
      return HAS_ROOM;
    }
    this.#waiting ??= deferred();
    return this.#waiting.promise;
  }

  /** Ends a wait: no other record may come. */
  close(cause: Error): void {
    this.#waiting?.reject(cause);
    this.#waiting = undefined;
  }
}
