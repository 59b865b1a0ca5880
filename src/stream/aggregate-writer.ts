import { DIGEST_BYTES, digestOf, FRAME, MAGIC, RECORD } from './aggregate-format';
import { hashKeyOf } from './hash-key';

/** A record for Kinesis. */
export interface UserRecord {
  readonly data: Uint8Array;
  /** 1 to 256 characters. */
  readonly partitionKey: string;
  /** Decimal, 0 to 2^128 − 1. */
  readonly explicitHashKey?: string;
}

/** Partition key of a frame; its explicit hash key says where it goes. Source: KPL `KinesisRecord::partition_key`. */
const CARRIER_KEY = 'a';

/** Bytes of a tag of the fields used here. */
const TAG_BYTES = 1;

interface Member {
  readonly record: UserRecord;
  readonly partitionKeyIndex: number;
  readonly explicitHashKeyIndex: number | undefined;
  /** Bytes of its `Record` message. */
  readonly bytes: number;
}

/**
 * Makes one record for Kinesis of several, as the KPL does. All of them should belong to one shard: the frame goes where
 * its first record would go. Readers find them in the order in which they were added.
 */
export class AggregateWriter {
  readonly #limit: number;
  readonly #members: Member[] = [];
  readonly #partitionKeys = new Map<string, number>();
  readonly #explicitHashKeys = new Map<string, number>();
  /** Bytes of the protobuf of all members. */
  #protobuf = 0;

  /** @param limit bytes that the record for Kinesis may have, data and partition key together */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Records added. */
  get count(): number {
    return this.#members.length;
  }

  /** Bytes of what `finish` would return, data and partition key, as Kinesis counts them. */
  get size(): number {
    const [first] = this.#members;
    if (this.#members.length === 1 && first !== undefined) {
      return sizeAlone(first.record);
    }
    return this.#members.length === 0 ? 0 : frameSize(this.#protobuf);
  }

  /** Adds `record` unless the limit would be passed, alone or in the frame; then nothing is changed, and it is false. */
  add(record: UserRecord): boolean {
    const { data, partitionKey, explicitHashKey } = record;
    const keys = this.#partitionKeys;
    const hashKeys = this.#explicitHashKeys;
    const partitionKeyIndex = keys.get(partitionKey) ?? keys.size;
    const explicitHashKeyIndex =
      explicitHashKey === undefined ? undefined : (hashKeys.get(explicitHashKey) ?? hashKeys.size);
    const bytes =
      TAG_BYTES +
      varintSize(partitionKeyIndex) +
      (explicitHashKeyIndex === undefined ? 0 : TAG_BYTES + varintSize(explicitHashKeyIndex)) +
      fieldSize(data.length);
    const protobuf =
      this.#protobuf +
      (partitionKeyIndex === keys.size ? fieldSize(Buffer.byteLength(partitionKey)) : 0) +
      (explicitHashKey !== undefined && explicitHashKeyIndex === hashKeys.size
        ? fieldSize(Buffer.byteLength(explicitHashKey))
        : 0) +
      fieldSize(bytes);
    const size = this.#members.length === 0 ? sizeAlone(record) : frameSize(protobuf);
    if (size > this.#limit) {
      return false;
    }
    keys.set(partitionKey, partitionKeyIndex);
    if (explicitHashKey !== undefined && explicitHashKeyIndex !== undefined) {
      hashKeys.set(explicitHashKey, explicitHashKeyIndex);
    }
    this.#members.push({ record, partitionKeyIndex, explicitHashKeyIndex, bytes });
    this.#protobuf = protobuf;
    return true;
  }

  /**
   * What to put; at least one record was added. One alone goes as it is (source: KPL `KinesisRecord::serialize`). A frame
   * has the hash key of its first record, so that it lands on the shard where that would.
   */
  finish(): UserRecord {
    const [first] = this.#members;
    if (first === undefined) {
      throw new RangeError('there is nothing to aggregate');
    }
    const { record } = first;
    if (this.#members.length === 1) {
      return record;
    }
    return {
      data: this.#frame(),
      partitionKey: CARRIER_KEY,
      explicitHashKey: record.explicitHashKey ?? String(hashKeyOf(record.partitionKey)),
    };
  }

  #frame(): Buffer {
    const frame = Buffer.allocUnsafe(MAGIC.length + this.#protobuf + DIGEST_BYTES);
    frame.set(MAGIC);
    let at = MAGIC.length;
    const varint = (value: number): void => {
      let left = value;
      while (left > 0x7f) {
        frame[at++] = (left & 0x7f) | 0x80;
        left >>>= 7;
      }
      frame[at++] = left;
    };
    const head = (tag: number, value: number): void => {
      varint(tag);
      varint(value);
    };
    const text = (tag: number, value: string): void => {
      head(tag, Buffer.byteLength(value));
      at += frame.write(value, at);
    };
    // Keys of a Map come in the order in which they were first set.
    for (const key of this.#partitionKeys.keys()) {
      text(FRAME.partitionKey, key);
    }
    for (const key of this.#explicitHashKeys.keys()) {
      text(FRAME.explicitHashKey, key);
    }
    for (const { record, partitionKeyIndex, explicitHashKeyIndex, bytes } of this.#members) {
      head(FRAME.record, bytes);
      head(RECORD.partitionKeyIndex, partitionKeyIndex);
      if (explicitHashKeyIndex !== undefined) {
        head(RECORD.explicitHashKeyIndex, explicitHashKeyIndex);
      }
      head(RECORD.data, record.data.length);
      frame.set(record.data, at);
      at += record.data.length;
    }
    frame.set(digestOf(frame.subarray(MAGIC.length, at)), at);
    return frame;
  }
}

function sizeAlone({ data, partitionKey }: UserRecord): number {
  return data.length + Buffer.byteLength(partitionKey);
}

function frameSize(protobuf: number): number {
  return CARRIER_KEY.length + MAGIC.length + protobuf + DIGEST_BYTES;
}

/** Bytes of a field with a length and that many bytes. */
function fieldSize(length: number): number {
  return TAG_BYTES + varintSize(length) + length;
}

/** Bytes of a whole number from 0 to 2^31 − 1. */
function varintSize(value: number): number {
  return value < 1 ? 1 : Math.ceil((32 - Math.clz32(value)) / 7);
}
