/** What cannot be read as protobuf. */
export class MalformedWire extends Error {}

/** Groups within groups that are skipped; Java's protobuf takes no more than that many levels altogether. */
const MAX_DEPTH = 100;

/** Bytes of the longest varint. */
const VARINT_BYTES = 10;

export const WIRE_VARINT = 0;
export const WIRE_BYTES = 2;

/** Tag of field `field`; fits one byte up to field 15. */
export function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/**
 * Reads protobuf where it stands, allocating nothing, and takes for well-formed what Java's `CodedInputStream` does,
 * so that both agree on every byte. Every method moves `at`, and none beyond `end`.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /**
   * The lower 32 bits, signed: Java cuts tags, lengths and the indexes of KPL frames down to an int.
   * @throws MalformedWire
   */
  varint(): number {
    let value = 0;
    for (let i = 0; i < VARINT_BYTES; i++) {
      const byte = this.#byte();
      if (i < 5) {
        value |= (byte & 0x7f) << (7 * i);
      }
      if (byte < 0x80) {
        return value;
      }
    }
    throw new MalformedWire('a varint has no end');
  }

  /** The next tag; 0 at the end. @throws MalformedWire */
  tag(): number {
    if (this.at === this.end) {
      return 0;
    }
    const tag = this.varint();
    if (tag >>> 3 === 0) {
      throw new MalformedWire('a field has the number 0');
    }
    return tag;
  }

  /** The length of what follows, which is there. @throws MalformedWire */
  length(): number {
    const length = this.varint();
    if (length < 0 || length > this.end - this.at) {
      throw new MalformedWire('a field is longer than what it stands in');
    }
    return length;
  }

  /** Passes over the value behind `tag`. @throws MalformedWire */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case WIRE_VARINT:
        this.varint();
        return;
      case 1:
        this.#pass(8);
        return;
      case WIRE_BYTES:
        this.#pass(this.length());
        return;
      case 3:
        this.#skipGroup(tag >>> 3, depth + 1);
        return;
      case 5:
        this.#pass(4);
        return;
      default:
        throw new MalformedWire('an end without a beginning, or a wire type that does not exist');
    }
  }

  #skipGroup(field: number, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw new MalformedWire('groups stand too deep within each other');
    }
    for (;;) {
      const tag = this.tag();
      if (tag === tagOf(field, 4)) {
        return;
      }
      if (tag === 0) {
        throw new MalformedWire('a group has no end');
      }
      this.skip(tag, depth);
    }
  }

  #byte(): number {
    const byte = this.at < this.end ? this.bytes[this.at] : undefined;
    if (byte === undefined) {
      throw new MalformedWire('the bytes end within a field');
    }
    this.at++;
    return byte;
  }

  #pass(bytes: number): void {
    if (bytes > this.end - this.at) {
      throw new MalformedWire('the bytes end within a field');
    }
    this.at += bytes;
  }
}
