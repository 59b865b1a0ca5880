import type { LargePayload } from './message';

/** How a message that is too large for one frame goes: in parts, one frame each, all with its sequence id. */
export interface Chunks {
  /** What is cut; a single part goes as a plain message. */
  readonly payload: LargePayload;
  readonly count: number;
  /** Parts sent, and parts the broker has, since sending began or began again. */
  sent: number;
  confirmed: number;
  /** When its first part was sent, milliseconds since the epoch; told apart by it from what was sent of it before. */
  begunAt: number;
}

/** One SEND: a plain message, or a batch; or all of one chunked message. Its ids and borders never change once closed. */
export interface SendOperation {
  /** Ids of its first and its last message; those between them follow one by one, unless messages bring theirs. */
  readonly sequenceId: number;
  highestSequenceId: number;
  count: number;
  valueBytes: number;
  /** See `metadataSize`. */
  metadataBytes: number;
  confirmed: boolean;
  /** Confirmed because the broker had it before. */
  duplicate: boolean;
  /** It has one message, and nothing that is not alone is sent before it is confirmed. */
  readonly alone: boolean;
  readonly chunks: Chunks | undefined;
}

/** What goes in parts is above the limit of a batch, which must be below that of the broker. */
export function chunksOf(payload: LargePayload): Chunks {
  return {
    payload,
    count: Math.ceil(payload.bytes.length / payload.partSize),
    sent: 0,
    confirmed: 0,
    begunAt: 0,
  };
}

export function operationBytes(operation: SendOperation): number {
  return operation.valueBytes + operation.metadataBytes;
}

/** Notes a receipt for `operation`, or for one of its parts. @returns false when none was due */
export function noteReceipt(operation: SendOperation, duplicate: boolean): boolean {
  const { chunks } = operation;
  if (chunks !== undefined && chunks.confirmed === chunks.sent) {
    return false;
  }
  // Only the last part of a message is told as a duplicate, and that may overtake the receipts of the others.
  operation.duplicate ||= duplicate;
  operation.confirmed = chunks === undefined || ++chunks.confirmed === chunks.count;
  return true;
}
