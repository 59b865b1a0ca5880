import { varintSize, writeVarint, writeVarintField } from './wire';

/** Place of an entry. */
export interface EntryId {
  readonly ledgerId: number;
  readonly entryId: number;
}

/** BaseCommand type and field of an ACK. */
const [TYPE, BODY_TAG] = [10, 0x52];
/** More than all numbers of one id, or of the command's head, take. */
const [ID_BYTES, HEAD_BYTES] = [24, 48];

/**
 * The frame of an ACK of whole entries, by hand: an unbatched topic has an id a message.
 * Source: CommandAck of PulsarApi.proto.
 */
export function ackFrame(consumerId: number, requestId: number, ids: readonly EntryId[]): Buffer {
  const body = Buffer.allocUnsafe(ids.length * ID_BYTES + HEAD_BYTES);
  let end = writeVarintField(body, 0, 0x08, consumerId);
  end = writeVarintField(body, end, 0x10, 0);
  for (const { ledgerId, entryId } of ids) {
    body[end] = 0x1a;
    // Two numbers of at most eight bytes and their tags: the length always fits one byte.
    const start = end + 2;
    const behind = writeVarintField(body, writeVarintField(body, start, 0x08, ledgerId), 0x10, entryId);
    body[end + 1] = behind - start;
    end = behind;
  }
  end = writeVarintField(body, end, 0x40, requestId);
  const commandBytes = 3 + varintSize(end) + end;
  const frame = Buffer.allocUnsafe(8 + commandBytes);
  frame.writeUInt32BE(4 + commandBytes, 0);
  frame.writeUInt32BE(commandBytes, 4);
  frame[8] = 0x08;
  frame[9] = TYPE;
  frame[10] = BODY_TAG;
  body.copy(frame, writeVarint(frame, 11, end), 0, end);
  return frame;
}
