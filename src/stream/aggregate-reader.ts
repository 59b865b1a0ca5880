import { beginsLikeFrame, DIGEST_BYTES, digestOf, FRAME, MAGIC, RECORD, TAG_KEY } from './aggregate-format';
import type { HashKeyWindow } from './hash-key-window';
import { KeyTable } from './key-table';
import { MalformedWire, WireReader } from './wire-reader';

/**
 * Opens the KPL frame `data`; undefined when it is not a whole one: too short, another beginning, an MD5 that does not
 * fit, or no protobuf of the right shape. Such a record is what it is. Source: KCL `AggregatorUtil.deaggregate`.
 */
export function openAggregate(data: Uint8Array): AggregateReader | undefined {
  if (!beginsLikeFrame(data)) {
    return undefined;
  }
  const end = data.length - DIGEST_BYTES;
  if (!digestOf(data.subarray(MAGIC.length, end)).equals(data.subarray(end))) {
    return undefined;
  }
  try {
    return new AggregateReader(data, MAGIC.length, end);
  } catch (error) {
    if (error instanceof MalformedWire) {
      return undefined;
    }
    throw error;
  }
}

/**
 * Goes through the sub-records of a frame one after the other. Beside the frame it holds four bytes a table entry and
 * about a thousand keys: nothing a sub-record.
 */
export class AggregateReader {
  /** Sub-records in the frame. */
  readonly count: number;
  readonly #wire: WireReader;
  readonly #partitionKeys: KeyTable;
  readonly #explicitHashKeys: KeyTable;
  #index = -1;
  #partitionKeyIndex: number | undefined;
  #explicitHashKeyIndex: number | undefined;
  #dataAt: number | undefined;
  #dataEnd = 0;

  /** Checks everything. @throws MalformedWire */
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#wire = new WireReader(bytes, at, end);
    const places = this.#check();
    this.count = places.records;
    this.#partitionKeys = new KeyTable(bytes, places.partitionKeys);
    this.#explicitHashKeys = new KeyTable(bytes, places.explicitHashKeys);
  }

  /** Goes to the next sub-record; false when there is none. */
  next(): boolean {
    if (this.#index + 1 >= this.count) {
      return false;
    }
    const wire = this.#wire;
    for (let tag = wire.tag(); tag !== FRAME.record; tag = wire.tag()) {
      wire.skip(tag);
    }
    this.#readRecord();
    this.#index++;
    return true;
  }

  /** Passes over the next `count` sub-records, or all that are left. */
  skip(count: number): void {
    for (let i = 0; i < count && this.next(); i++) {}
  }

  /** Sub-sequence number of the sub-record: its place in the frame, from 0. */
  get subSequenceNumber(): number {
    return this.#index;
  }

  /** Payload of the sub-record, a view of the frame. */
  get data(): Uint8Array {
    const { buffer, byteOffset } = this.#wire.bytes;
    const at = this.#dataAt ?? 0;
    return new Uint8Array(buffer, byteOffset + at, this.#dataEnd - at);
  }

  /** Partition key of the sub-record; undefined when it names none that is there. */
  get partitionKey(): string | undefined {
    return this.#partitionKeyIndex === undefined
      ? undefined
      : this.#partitionKeys.at(this.#partitionKeyIndex);
  }

  /** Explicit hash key of the sub-record; undefined when it has none, or names none that is there. */
  get explicitHashKey(): string | undefined {
    return this.#explicitHashKeyIndex === undefined
      ? undefined
      : this.#explicitHashKeys.at(this.#explicitHashKeyIndex);
  }

  /** Whether the sub-record names keys that are in the tables. */
  get isWhole(): boolean {
    return (
      this.partitionKey !== undefined &&
      (this.#explicitHashKeyIndex === undefined || this.explicitHashKey !== undefined)
    );
  }

  /**
   * Whether the key of the sub-record lies in `window`: its explicit hash key, else the MD5 of its partition key. True
   * when that cannot be told. One window a reader.
   */
  isInside(window: HashKeyWindow): boolean {
    const inside =
      this.#explicitHashKeyIndex === undefined
        ? this.#partitionKeys.passes(this.#partitionKeyIndex ?? -1, (key) => window.holdsPartitionKey(key))
        : this.#explicitHashKeys.passes(
            this.#explicitHashKeyIndex,
            (key) => window.holdsHashKey(key) ?? true,
          );
    return inside ?? true;
  }

  /** Reads the whole frame, and comes back to its beginning. @throws MalformedWire */
  #check(): { records: number; partitionKeys: Uint32Array; explicitHashKeys: Uint32Array } {
    const wire = this.#wire;
    const begin = wire.at;
    const counts = { records: 0, partitionKeys: 0, explicitHashKeys: 0 };
    for (let tag = wire.tag(); tag !== 0; tag = wire.tag()) {
      if (tag === FRAME.record) {
        this.#readRecord();
        counts.records++;
        continue;
      }
      if (tag === FRAME.partitionKey) {
        counts.partitionKeys++;
      } else if (tag === FRAME.explicitHashKey) {
        counts.explicitHashKeys++;
      }
      wire.skip(tag);
    }
    wire.at = begin;
    // Tables may stand anywhere, also behind the records that name their entries.
    const partitionKeys = new Uint32Array(counts.partitionKeys);
    const explicitHashKeys = new Uint32Array(counts.explicitHashKeys);
    let [nextPartitionKey, nextExplicitHashKey] = [0, 0];
    for (let tag = wire.tag(); tag !== 0; tag = wire.tag()) {
      if (tag === FRAME.partitionKey) {
        partitionKeys[nextPartitionKey++] = wire.at;
      } else if (tag === FRAME.explicitHashKey) {
        explicitHashKeys[nextExplicitHashKey++] = wire.at;
      }
      wire.skip(tag);
    }
    wire.at = begin;
    return { records: counts.records, partitionKeys, explicitHashKeys };
  }

  /** The `Record` at hand. @throws MalformedWire */
  #readRecord(): void {
    const wire = this.#wire;
    const outerEnd = this.#enter();
    this.#partitionKeyIndex = undefined;
    this.#explicitHashKeyIndex = undefined;
    this.#dataAt = undefined;
    for (let tag = wire.tag(); tag !== 0; tag = wire.tag()) {
      // Of a field that stands there twice the last one counts.
      switch (tag) {
        case RECORD.partitionKeyIndex:
          this.#partitionKeyIndex = wire.varint();
          break;
        case RECORD.explicitHashKeyIndex:
          this.#explicitHashKeyIndex = wire.varint();
          break;
        case RECORD.data: {
          const length = wire.length();
          this.#dataAt = wire.at;
          wire.at += length;
          this.#dataEnd = wire.at;
          break;
        }
        case RECORD.tag:
          this.#readTag();
          break;
        default:
          wire.skip(tag, 1);
      }
    }
    wire.end = outerEnd;
    if (this.#partitionKeyIndex === undefined || this.#dataAt === undefined) {
      throw new MalformedWire('a record lacks its partition key index or its data');
    }
  }

  #readTag(): void {
    const wire = this.#wire;
    const outerEnd = this.#enter();
    let hasKey = false;
    for (let tag = wire.tag(); tag !== 0; tag = wire.tag()) {
      hasKey ||= tag === TAG_KEY;
      wire.skip(tag, 2);
    }
    wire.end = outerEnd;
    if (!hasKey) {
      throw new MalformedWire('a tag lacks its key');
    }
  }

  /** Reads on within the message at hand. @returns where what it stands in ends */
  #enter(): number {
    const wire = this.#wire;
    const length = wire.length();
    const outerEnd = wire.end;
    wire.end = wire.at + length;
    return outerEnd;
  }
}
