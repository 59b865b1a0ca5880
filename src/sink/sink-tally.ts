import { FlowTally } from '../metrics/flow-tally';

/**
 * What one sink has taken and stored since it was opened. Bytes are those of data and partition keys; the time of the last
 * record is known to the time between two looks.
 */
export class SinkTally extends FlowTally {
  #seen = 0;

  took(bytes: number): void {
    this.tookIn(1, bytes);
  }

  /** Kinesis has accepted them. */
  stored(records: number): void {
    this.gotRidOf(records);
  }

  failed(code: string, message: string): void {
    this.fail(code, message);
  }

  /** A look now and then costs less than one at the clock for every record. @returns records taken since the last one */
  look(): number {
    const taken = this.recordsIn - this.#seen;
    this.#seen = this.recordsIn;
    if (taken > 0) {
      this.touch();
    }
    return taken;
  }
}
