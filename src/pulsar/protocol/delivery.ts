import { ProtocolError } from './protocol-error';
import { WireReader } from './wire-reader';

/** What a MESSAGE command says of the entry behind it; ids are below 2^53. */
export interface Delivery {
  consumerId: number;
  ledgerId: number;
  entryId: number;
  /** How often the broker delivered the entry before. */
  redeliveryCount: number;
  /**
   * Messages of the batch that are not acknowledged yet, as bits in words of 32, lowest first. Only where the
   * broker keeps acknowledgements of parts of a batch, and there are some.
   */
  ackSet: readonly number[] | undefined;
}

/** BaseCommand { type = 9, message (field 9) … }: how every broker writes a MESSAGE. */
const START = 0x0809;
const BODY_TAG = 0x4a;

const reader = new WireReader();

export function newDelivery(): Delivery {
  return { consumerId: -1, ledgerId: -1, entryId: -1, redeliveryCount: 0, ackSet: undefined };
}

export function isDelivery(command: Buffer): boolean {
  return command.length > 4 && command.readUInt16BE(0) === START && command[2] === BODY_TAG;
}

/**
 * Reads a MESSAGE command into `delivery`, by hand: a consumer gets one an entry.
 * @param command a BaseCommand that `isDelivery`.
 * @throws ProtocolError when it is cut off, or has no id.
 */
export function readDelivery(command: Buffer, delivery: Delivery): void {
  delivery.consumerId = -1;
  delivery.ledgerId = -1;
  delivery.entryId = -1;
  delivery.redeliveryCount = 0;
  delivery.ackSet = undefined;
  reader.over(command, 3);
  reader.end = reader.length() + reader.at;
  let ackSet: number[] | undefined;
  while (reader.more) {
    const tag = reader.varint();
    if (tag === 0x08) {
      delivery.consumerId = reader.varint();
    } else if (tag === 0x12) {
      readMessageId(reader.length() + reader.at, delivery);
    } else if (tag === 0x18) {
      delivery.redeliveryCount = reader.varint();
    } else if (tag === 0x20) {
      ackSet ??= [];
      reader.varint64(ackSet);
    } else if (tag === 0x22) {
      ackSet ??= [];
      for (const end = reader.length() + reader.at; reader.at < end; ) {
        reader.varint64(ackSet);
      }
    } else {
      reader.skip(tag);
    }
  }
  delivery.ackSet = ackSet;
  if (!isPlace(delivery.ledgerId) || !isPlace(delivery.entryId)) {
    // It could not be acknowledged.
    throw new ProtocolError('unavailable', 'a MESSAGE without the id of its entry');
  }
}

function isPlace(id: number): boolean {
  return id >= 0 && id <= Number.MAX_SAFE_INTEGER;
}

function readMessageId(end: number, delivery: Delivery): void {
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === 0x08) {
      delivery.ledgerId = reader.varint();
    } else if (tag === 0x10) {
      delivery.entryId = reader.varint();
    } else {
      reader.skip(tag);
    }
  }
}

/** Messages of a batch of `count` that are acknowledged already. */
export function acknowledgedOf(ackSet: readonly number[] | undefined, count: number): number {
  if (ackSet === undefined) {
    return 0;
  }
  let left = 0;
  for (let word of ackSet) {
    for (; word !== 0; word = (word & (word - 1)) >>> 0) {
      left++;
    }
  }
  return Math.max(0, count - left);
}
