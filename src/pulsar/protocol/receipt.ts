import { ProtocolError } from './protocol-error';

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

/**
 * Reads producer and sequence id of a receipt into `receipt`, by hand: an unbatched producer gets one a message.
 * @param command a BaseCommand that `isReceipt`.
 * @throws ProtocolError when it is cut off.
 */
export function readReceipt(command: Buffer, receipt: Receipt): void {
  receipt.producerId = -1;
  receipt.sequenceId = -1;
  const cursor = { at: 3 };
  const end = readVarint(command, cursor) + cursor.at;
  while (cursor.at < end) {
    const tag = readVarint(command, cursor);
    if (tag === 0x08) {
      receipt.producerId = readVarint(command, cursor);
    } else if (tag === 0x10) {
      receipt.sequenceId = readVarint(command, cursor);
      return;
    } else if ((tag & 7) === 2) {
      const length = readVarint(command, cursor);
      cursor.at += length;
    } else {
      readVarint(command, cursor);
    }
  }
}

function readVarint(bytes: Buffer, cursor: { at: number }): number {
  let value = 0;
  for (let factor = 1; ; factor *= 0x80) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) {
      throw new ProtocolError('unavailable', 'a receipt is cut off');
    }
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) {
      return value;
    }
  }
}
