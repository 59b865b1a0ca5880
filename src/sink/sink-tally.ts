import { firstLine } from '../errors';
import type { StatusError } from '../io';
import type { Clock } from '../util/clock';

/** What one sink has taken and stored since it was opened. */
export class SinkTally {
  readonly #clock: Pick<Clock, 'now'>;
  #recordsIn = 0;
  #bytesIn = 0;
  #recordsOut = 0;
  #seen = 0;
  #lastRecordAt: number | undefined;
  #lastError: StatusError | undefined;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  get recordsIn(): number {
    return this.#recordsIn;
  }

  /** Of data and partition keys. */
  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** Accepted by Kinesis. */
  get recordsOut(): number {
    return this.#recordsOut;
  }

  /** Milliseconds since the epoch, to the time between two looks. */
  get lastRecordAt(): number | undefined {
    return this.#lastRecordAt;
  }

  get lastError(): StatusError | undefined {
    return this.#lastError;
  }

  took(bytes: number): void {
    this.#recordsIn++;
    this.#bytesIn += bytes;
  }

  stored(records: number): void {
    this.#recordsOut += records;
  }

  failed(code: string, message: string): void {
    this.#lastError = { code, message: firstLine(message), at: this.#clock.now() };
  }

  /** A look now and then costs less than one at the clock for every record. @returns records taken since the last one */
  look(): number {
    const taken = this.#recordsIn - this.#seen;
    this.#seen = this.#recordsIn;
    this.#lastRecordAt = taken > 0 ? this.#clock.now() : this.#lastRecordAt;
    return taken;
  }
}
