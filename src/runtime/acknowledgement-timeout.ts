import { ConnectorError } from '../errors';
import type { Clock, TimerHandle } from '../util/clock';
import type { ConsumedRecord } from './consumed-record';

/** Part of the time-out by which a record may overstay it, so that one timer serves many records. */
const COARSENESS = 0.1;

/**
 * Fails records that a sink has neither acked nor failed within `timeoutMs`, so that they are delivered again; what
 * the sink says about them later does not count. Source: Pulsar, ackTimeout of a consumer.
 */
export class AcknowledgementTimeout {
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  /** Unsettled records, those written first in front. */
  readonly #waiting = new Set<ConsumedRecord>();
  #timer: TimerHandle | undefined;
  #stopped = false;

  /** @param timeoutMs More than 0. */
  constructor(timeoutMs: number, clock: Clock) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /** Starts the time of `record`: call it when the sink has taken it. */
  watch(record: ConsumedRecord): void {
    if (!record.settled && !this.#stopped) {
      record.writtenAt = this.#clock.monotonic();
      this.#waiting.add(record);
      this.#timer ??= this.#clock.setTimer(this.#expire, this.#timeoutMs);
    }
  }

  /** Ends the time of `record`: it is settled. */
  forget(record: ConsumedRecord): void {
    this.#waiting.delete(record);
  }

  /** Nothing is watched any more, nor what a write that is still under way hands in later. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    if (this.#timer !== undefined) {
      this.#clock.clearTimer(this.#timer);
      this.#timer = undefined;
    }
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (const record of this.#waiting) {
      const left = record.writtenAt + this.#timeoutMs - now;
      if (left > 0) {
        this.#timer = this.#clock.setTimer(this.#expire, Math.max(left, this.#timeoutMs * COARSENESS));
        return;
      }
      this.#waiting.delete(record);
      record.fail(
        new ConnectorError('SINK_RECORD_UNSETTLED', 'the sink did not settle a message in time', {
          expected: `ack or fail within timeoutMs, ${this.#timeoutMs} ms`,
          found: `message ${record.message.id} of ${record.topicName}`,
        }),
      );
    }
  };
}
