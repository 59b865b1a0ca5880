import type { SubscriptionEvent } from '../aws/fan-out-api';
import { compareSequenceNumbers } from '../stream/extended-sequence-number';
import type { FixedPosition } from '../stream/iterator-position';

const DIGITS = /^[0-9]+$/;

/**
 * Where the next subscription to a shard starts; pure.
 *
 * After records: behind the last of them, which is what was handed out, whatever the service calls its continuation.
 * After events without records: behind the continuation. A subscription lasts five minutes, and a shard may have more
 * empty past than the service gets through in that time: whoever began each time at the last record would never
 * get out of it. Only a continuation that is truly farther counts: one that names the record to start AT would
 * skip what is left of it.
 */
export class ResumePoint {
  /** Behind the last record handed out, or the start. */
  #proven: FixedPosition;
  #continuation: string | undefined;

  constructor(start: FixedPosition) {
    this.#proven = start;
  }

  get position(): FixedPosition {
    return this.#continuation === undefined ? this.#proven : after(this.#continuation);
  }

  /** `event` was handed out. */
  passed({ records, continuation }: Pick<SubscriptionEvent, 'records' | 'continuation'>): void {
    const last = records.at(-1);
    if (last !== undefined) {
      this.#proven = after(last.sequenceNumber);
    }
    const proven = 'sequenceNumber' in this.#proven ? this.#proven.sequenceNumber : '0';
    const farthest = this.#continuation ?? proven;
    if (
      continuation !== undefined &&
      DIGITS.test(continuation) &&
      compareSequenceNumbers(continuation, farthest) > 0
    ) {
      this.#continuation = continuation;
    } else if (this.#continuation !== undefined && compareSequenceNumbers(proven, this.#continuation) >= 0) {
      this.#continuation = undefined;
    }
  }

  /** The service takes no such position: on from what is proven. */
  refused(): void {
    this.#continuation = undefined;
  }
}

function after(sequenceNumber: string): FixedPosition {
  return { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber };
}
