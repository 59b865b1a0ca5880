import type { KnownTexts } from './known-texts';

/** Major types of items, the upper three bits of a head. Source: RFC 8949, 3.1. */
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;
const SIMPLE = 7;
/** What the lower five bits of a simple head mean. */
const FALSE = 20;
const TRUE = 21;
const NULL = 22;
const UNDEFINED = 23;
const FLOAT16 = 25;
const FLOAT32 = 26;
const FLOAT64 = 27;
/** Lower bits of a head that announces no length: a break ends what follows. */
const INDEFINITE = 31;
const BREAK = 0xff;

/** Deeper than anything a service answers. */
const MOST_DEPTH = 32;
/** Instants in seconds lie below, those in milliseconds above: the years 5138 and 1973. */
const LEAST_MILLISECONDS = 1e11;

/** Reads CBOR where it lies, from left to right. Methods throw SyntaxError and RangeError. Source: RFC 8949. */
export class CborReader {
  readonly #body: Buffer;
  #at = 0;
  /** Of the head read last: the lower bits, and the number that they are or announce. */
  #low = 0;
  #argument = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#body.length) {
      this.#fail();
    }
  }

  /** Takes null or undefined, if that is next. */
  takesNull(): boolean {
    const next = this.#body[this.#at];
    const isNull = next === ((SIMPLE << 5) | NULL) || next === ((SIMPLE << 5) | UNDEFINED);
    if (isNull) {
      this.#at++;
    }
    return isNull;
  }

  /** @returns how many items follow; `continues` wants to know before each how many are left. */
  list(): number {
    return this.#lengthOf(LIST);
  }

  /** As `list`; each item is a name and a value. */
  map(): number {
    return this.#lengthOf(MAP);
  }

  continues(left: number): boolean {
    return left === Number.POSITIVE_INFINITY ? !this.#takesBreak() : left > 0;
  }

  /** @param known what it is likely to be */
  text(known?: KnownTexts): string {
    const length = this.#lengthOf(TEXT);
    const text = known?.find(this.#body, this.#at, length);
    if (text === undefined) {
      return this.#text(length);
    }
    this.#at += length;
    return text;
  }

  /** Bytes as a part of the body, not a copy; or the text that stands in their place. */
  bytesOrText(): Buffer | string {
    const major = this.#head();
    if (major === BYTES) {
      return this.#bytes(this.#argument);
    }
    return major === TEXT ? this.#text(this.#argument) : this.#fail();
  }

  /** Milliseconds since the epoch, whole. AWS writes them as a tagged integer, others without the tag, or in seconds. */
  instant(): number {
    const major = this.#untagged();
    const value = major === UNSIGNED || major === SIMPLE ? this.#value(major, 0) : undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      return this.#fail();
    }
    return Math.round(value < LEAST_MILLISECONDS ? value * 1000 : value);
  }

  /** Anything. Maps become objects without a prototype; tags are left out. */
  value(depth = 0): unknown {
    return this.#value(this.#untagged(), depth);
  }

  #value(major: number, depth: number): unknown {
    switch (major) {
      case UNSIGNED:
        return this.#argument;
      case NEGATIVE:
        return -1 - this.#argument;
      case BYTES:
        return this.#bytes(this.#argument);
      case TEXT:
        return this.#text(this.#argument);
      case LIST:
        return this.#items(this.#argument, depth);
      case MAP:
        return this.#members(this.#argument, depth);
      default:
        return this.#simple();
    }
  }

  #items(count: number, depth: number): unknown[] {
    this.#requireDepth(depth);
    const items: unknown[] = [];
    for (let left = count; this.continues(left); left--) {
      items.push(this.value(depth + 1));
    }
    return items;
  }

  #members(count: number, depth: number): { [name: string]: unknown } {
    this.#requireDepth(depth);
    const members = Object.create(null) as { [name: string]: unknown };
    for (let left = count; this.continues(left); left--) {
      const name = this.text();
      members[name] = this.value(depth + 1);
    }
    return members;
  }

  #simple(): boolean | number | null {
    switch (this.#low) {
      case FALSE:
      case TRUE:
        return this.#low === TRUE;
      case NULL:
      case UNDEFINED:
        return null;
      case FLOAT16:
        return halfFloat(this.#argument);
      case FLOAT32:
        return this.#body.readFloatBE(this.#at - 4);
      case FLOAT64:
        return this.#body.readDoubleBE(this.#at - 8);
      default:
        return this.#fail();
    }
  }

  #bytes(length: number): Buffer {
    if (length !== Number.POSITIVE_INFINITY) {
      const start = this.#skip(length);
      return this.#body.subarray(start, this.#at);
    }
    const pieces: Buffer[] = [];
    while (!this.#takesBreak()) {
      const start = this.#skip(this.#pieceOf(BYTES));
      pieces.push(this.#body.subarray(start, this.#at));
    }
    return Buffer.concat(pieces);
  }

  #text(length: number): string {
    if (length !== Number.POSITIVE_INFINITY) {
      const start = this.#skip(length);
      return this.#body.toString('utf8', start, this.#at);
    }
    let text = '';
    while (!this.#takesBreak()) {
      text += this.#text(this.#pieceOf(TEXT));
    }
    return text;
  }

  /** Length of a piece, which has one. */
  #pieceOf(major: number): number {
    const length = this.#lengthOf(major);
    return length === Number.POSITIVE_INFINITY ? this.#fail() : length;
  }

  #lengthOf(major: number): number {
    return this.#head() === major ? this.#argument : this.#fail();
  }

  #takesBreak(): boolean {
    const isBreak = this.#body[this.#at] === BREAK;
    if (isBreak) {
      this.#at++;
    }
    return isBreak;
  }

  /** @returns where what is skipped begins */
  #skip(length: number): number {
    const start = this.#at;
    this.#at += length;
    return this.#at > this.#body.length ? this.#fail() : start;
  }

  /** Reads the head of an item, and those of its tags before. @returns its major type */
  #untagged(): number {
    let major = this.#head();
    while (major === TAG) {
      major = this.#head();
    }
    return major;
  }

  #head(): number {
    const head = this.#body[this.#at++] ?? this.#fail();
    const low = head & 31;
    this.#low = low;
    this.#argument = low < 24 ? low : this.#argumentOf(head >> 5, low);
    return head >> 5;
  }

  #argumentOf(major: number, low: number): number {
    const body = this.#body;
    switch (low) {
      case 24:
        return body.readUInt8(this.#skip(1));
      case 25:
        return body.readUInt16BE(this.#skip(2));
      case 26:
        return body.readUInt32BE(this.#skip(4));
      case 27: {
        const start = this.#skip(8);
        return body.readUInt32BE(start) * 2 ** 32 + body.readUInt32BE(start + 4);
      }
      case INDEFINITE:
        return major >= BYTES && major <= MAP ? Number.POSITIVE_INFINITY : this.#fail();
      default:
        return this.#fail();
    }
  }

  #requireDepth(depth: number): void {
    if (depth >= MOST_DEPTH) {
      this.#fail();
    }
  }

  #fail(): never {
    throw new SyntaxError(`no CBOR, or cut short, at byte ${this.#at} of ${this.#body.length}`);
  }
}

/** Source: RFC 8949, appendix D. */
function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const value =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent < 31
        ? (fraction + 1024) * 2 ** (exponent - 25)
        : fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN;
  return bits < 0x8000 ? value : -value;
}
