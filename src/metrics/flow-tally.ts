import { firstLine } from '../errors';
import type { StatusError } from '../io';
import type { Clock } from '../util/clock';

/** What one instance has taken in and got rid of since it was opened: the same of a source and of a sink. */
export class FlowTally {
  protected readonly clock: Pick<Clock, 'now'>;
  #recordsIn = 0;
  #bytesIn = 0;
  #recordsOut = 0;
  #lastRecordAt: number | undefined;
  #lastError: StatusError | undefined;

  constructor(clock: Pick<Clock, 'now'>) {
    this.clock = clock;
  }

  get recordsIn(): number {
    return this.#recordsIn;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  get recordsOut(): number {
    return this.#recordsOut;
  }

  /** Milliseconds since the epoch. */
  get lastRecordAt(): number | undefined {
    return this.#lastRecordAt;
  }

  get lastError(): StatusError | undefined {
    return this.#lastError;
  }

  protected tookIn(records: number, bytes: number): void {
    this.#recordsIn += records;
    this.#bytesIn += bytes;
  }

  protected gotRidOf(records: number): void {
    this.#recordsOut += records;
  }

  /** A record came in now. */
  protected touch(): void {
    this.#lastRecordAt = this.clock.now();
  }

  protected fail(code: string, message: string): StatusError {
    this.#lastError = { code, message: firstLine(message), at: this.clock.now() };
    return this.#lastError;
  }
}
