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
      producer.send(record);
    }
    const hasRoom = this.#full && this.#unsent.length <= WINDOW_LOW;
    this.#full &&= !hasRoom;
    return hasRoom;
  }

  /** `record` is confirmed or refused. */
  settle(record: DeliveredRecord): void {
    this.#resent = Math.max(0, this.#resent - this.#sent.settle(record));
  }

  /** Puts `records`, in order, in front of what is unsent: they will be sent again. */
  putBack(records: Ring<DeliveredRecord>): void {
    this.#resent = records.length;
    for (const record of this.#unsent) {
      records.push(record);
    }
    this.#unsent = records;
  }

  /** Takes out what was sent and is not confirmed, in order. */
  takeUnconfirmed(): Ring<DeliveredRecord> {
    return this.#sent.takeUnconfirmed();
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
