import { WireReader } from './wire-reader';

/** A SEND_RECEIPT; ids are below 2^53. */
export interface Receipt {
  producerId: number;
  sequenceId: number;
}

/** BaseCommand { type = 7, send_receipt (field 7) … }: how every broker writes a receipt. */
const START = 0x0807;
const BODY_TAG = 0x3a;

export function isReceipt(command: Buffer): boolean {
  return command.length > 4 && command.readUInt16BE(0) === START && command[2] === BODY_TAG;
}

const reader = new WireReader();

/**
 * Reads producer and sequence id of a receipt into `receipt`, by hand: an unbatched producer gets one a message.
 * @param command a BaseCommand that `isReceipt`.
 * @throws ProtocolError when it is cut off.
 */
export function readReceipt(command: Buffer, receipt: Receipt): void {
  receipt.producerId = -1;
  receipt.sequenceId = -1;
  reader.over(command, 3);
  reader.end = reader.length() + reader.at;
  while (reader.more) {
    const tag = reader.varint();
    if (tag === 0x08) {
      receipt.producerId = reader.varint();
    } else if (tag === 0x10) {
      receipt.sequenceId = reader.varint();
      return;
    } else {
      reader.skip(tag);
    }
  }
}
