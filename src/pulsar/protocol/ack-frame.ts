import { closeLength, varintSize, writeVarint, writeVarintField } from './wire';

/** Place of an entry. */
export interface EntryId {
  readonly ledgerId: number;
  readonly entryId: number;
}

/** What of an entry is acknowledged. */
export interface AckId extends EntryId {
  /** Messages of a batch that are not, as bits in words of 32, lowest first; all are when absent. */
  readonly ackSet?: readonly number[];
}

export type AckType = 'individual' | 'cumulative';

/** Source: enum CommandAck.AckType of PulsarApi.proto. */
const ACK_TYPES: { readonly [T in AckType]: number } = { individual: 0, cumulative: 1 };

/** BaseCommand type and field of an ACK. */
const [TYPE, BODY_TAG] = [10, 0x52];
/** More than all numbers of one id, of a word of its set, or of the command's head, take. */
const [ID_BYTES, WORD_BYTES, HEAD_BYTES] = [24, 6, 48];

/**
 * The frame of an ACK, by hand: an unbatched topic has an id a message.
 * Source: CommandAck and MessageIdData of PulsarApi.proto.
 */
export function ackFrame(
  consumerId: number,
  requestId: number,
  ids: readonly AckId[],
  type: AckType = 'individual',
): Buffer {
  const words = ids.reduce((sum, { ackSet }) => sum + (ackSet?.length ?? 0) + 1, 0);
  const body = Buffer.allocUnsafe(ids.length * ID_BYTES + words * WORD_BYTES + HEAD_BYTES);
  let end = writeVarintField(body, 0, 0x08, consumerId);
  end = writeVarintField(body, end, 0x10, ACK_TYPES[type]);
  for (const { ledgerId, entryId, ackSet } of ids) {
    body[end] = 0x1a;
    // Two numbers of at most eight bytes and their tags: without a set the length fits one byte.
    const start = end + 2;
    let behind = writeVarintField(body, writeVarintField(body, start, 0x08, ledgerId), 0x10, entryId);
    for (let i = 0; ackSet !== undefined && i < ackSet.length; i += 2) {
      body[behind] = 0x28;
      behind = writeWord(body, behind + 1, ackSet[i] ?? 0, ackSet[i + 1] ?? 0);
    }
    end = closeLength(body, end + 1, start, behind);
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

/** A varint of 64 bits. */
function writeWord(buffer: Buffer, offset: number, lower: number, upper: number): number {
  let [at, low, high] = [offset, lower, upper];
  while (high !== 0 || low > 0x7f) {
    buffer[at++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  buffer[at++] = low;
  return at;
}
