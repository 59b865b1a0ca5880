import type { Record } from '../io';
import type { OutgoingMessage, Producer } from '../pulsar/transport';
import { Ring } from '../util/ring';
import { SentRecords } from './sent-records';

/** A message, and who is told what became of it. */
export type DeliveredRecord = OutgoingMessage & Pick<Record<Uint8Array>, 'ack' | 'fail'>;

/** Unsent records a lane takes before it asks for a pause, and the level at which it asks for more. */
const WINDOW = 1000;
const WINDOW_LOW = WINDOW / 2;

/** The records of one lane in their order: unsent ones behind those that were sent and are not confirmed. */
export class LaneRecords {
  readonly #sent = new SentRecords<DeliveredRecord>();
  #unsent = new Ring<DeliveredRecord>();
  /** Records at the front that an earlier producer may have stored, and nobody has confirmed since. */
  #resent = 0;
  #full = false;
  #lastSent = -1;
  #onQuiet: (() => void) | undefined;

  /** Number of the record that was sent last, −1 before the first: see RecordSequencing. */
  get lastSent(): number {
    return this.#lastSent;
  }

  /** Whether there is enough to send for now. */
  get full(): boolean {
    return this.#full;
  }

  get inFlight(): number {
    return this.#sent.length;
  }

  get unsent(): number {
    return this.#unsent.length;
  }

  /** Whether everything that may have left is answered. */
  get answered(): boolean {
    return this.#sent.length === 0 && this.#resent === 0;
  }

  add(record: DeliveredRecord): void {
    this.#unsent.push(record);
    this.#full ||= this.#unsent.length >= WINDOW;
  }

  /** Sends what `producer` takes. @returns whether there is room again for more records */
  sendTo(producer: Producer<DeliveredRecord>): boolean {
    while (producer.writable) {
      const record = this.#unsent.shift();
      if (record === undefined) {
        break;
      }
      this.#sent.push(record);
      this.#lastSent = record.recordSequence ?? -1;
      producer.send(record);
    }
    const hasRoom = this.#full && this.#unsent.length <= WINDOW_LOW;
    this.#full &&= !hasRoom;
    return hasRoom;
  }

  /** `record` is confirmed or refused. */
  settle(record: DeliveredRecord): void {
    this.#resent = Math.max(0, this.#resent - this.#sent.settle(record));
    if (this.inFlight === 0) {
      this.#onQuiet?.();
    }
  }

  /** Resolves when nothing is in flight, or nothing of it will be answered any more. One caller at a time. */
  quiet(): Promise<void> {
    if (this.inFlight === 0) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
    });
  }

  /** What is in flight will not be answered any more. */
  unanswered(): void {
    this.#onQuiet?.();
  }

  /** Puts what was sent and is not confirmed in front of what is unsent, in order. @returns how many records */
  rewind(): number {
    const records = this.#sent.takeUnconfirmed();
    this.#resent = records.length;
    for (const record of this.#unsent) {
      records.push(record);
    }
    this.#unsent = records;
    return this.#resent;
  }

  /** Counts what was sent and is not confirmed as done. */
  ackUnconfirmed(): void {
    for (const record of this.#sent.takeUnconfirmed()) {
      record.ack();
    }
  }

  /** Takes out what is to be sent, or sent again. */
  takeUnsent(): Ring<DeliveredRecord> {
    const unsent = this.#unsent;
    this.#unsent = new Ring();
    this.#resent = 0;
    this.#full = false;
    return unsent;
  }

  dropUnsent(): void {
    this.#unsent.clear();
  }
}
