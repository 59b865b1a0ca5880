import { WireReader } from './wire-reader';

/** A SEND_RECEIPT; ids are below 2^53. */
export interface Receipt {
  producerId: number;
  sequenceId: number;
  /** Whether the broker had it before: its message id is −1:−1. Seen on 4.0.8, of topics that deduplicate. */
  duplicate: boolean;
}

/** BaseCommand { type = 7, send_receipt (field 7) … }: how every broker writes a receipt. */
const START = 0x0807;
const BODY_TAG = 0x3a;
const PRODUCER_ID = 0x08;
const SEQUENCE_ID = 0x10;
const MESSAGE_ID = 0x1a;
/** MessageIdData { ledgerId = 1 … }. */
const LEDGER_ID = 0x08;
/** Bytes of −1 and its tag, and four of its bytes: numbers below 2^53 do not have that many with their highest bit. */
const MINUS_ONE_BYTES = 11;
const FOUR_OF_MINUS_ONE = 0xffffffff;

export function isReceipt(command: Buffer): boolean {
  return command.length > 4 && command.readUInt16BE(0) === START && command[2] === BODY_TAG;
}

const reader = new WireReader();

/**
 * Reads a receipt into `receipt`, by hand: an unbatched producer gets one a message.
 * @param command a BaseCommand that `isReceipt`.
 * @throws ProtocolError when it is cut off.
 */
export function readReceipt(command: Buffer, receipt: Receipt): void {
  receipt.producerId = -1;
  receipt.sequenceId = -1;
  receipt.duplicate = false;
  reader.over(command, 3);
  reader.end = reader.length() + reader.at;
  while (reader.more) {
    const tag = reader.varint();
    if (tag === PRODUCER_ID) {
      receipt.producerId = reader.varint();
    } else if (tag === SEQUENCE_ID) {
      receipt.sequenceId = reader.varint();
    } else if (tag === MESSAGE_ID) {
      const length = reader.length();
      receipt.duplicate = isNowhere(command, reader.at, length);
      // Fields come in the order of their tags: what is left says nothing.
      return;
    } else {
      reader.skip(tag);
    }
  }
}

/** Whether the ledger of the message id at `start` is −1. */
function isNowhere(bytes: Buffer, start: number, length: number): boolean {
  return (
    length >= MINUS_ONE_BYTES &&
    bytes[start] === LEDGER_ID &&
    bytes.readUInt32BE(start + 1) === FOUR_OF_MINUS_ONE &&
    bytes.readUInt32BE(start + 5) === FOUR_OF_MINUS_ONE
  );
}
