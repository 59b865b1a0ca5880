import { isUtf8 } from 'node:buffer';
import { MAX_DEPTH } from './json-parser';
import { PayloadError } from './payload-error';

/** Items of arrays and maps that a payload may hold beyond one a byte: only items of no bytes at all need it. */
const EMPTY_ITEMS = 65_536;

/** Reads the binary encoding of Avro. Source: Avro specification, Binary Encoding. @throws PayloadError */
export class AvroReader {
  readonly #bytes: Buffer;
  #at = 0;
  #depth = 0;
  #itemsLeft: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#itemsLeft = bytes.length + EMPTY_ITEMS;
  }

  boolean(): boolean {
    const byte = this.#byte('a boolean');
    if (byte > 1) {
      throw this.#wrong('a boolean', `the byte ${byte}`);
    }
    return byte === 1;
  }

  /** 32 bits. */
  int(): number {
    const value = this.#smallLong('an int');
    if (value !== (value | 0)) {
      throw this.#wrong('an int', `the number ${value}`);
    }
    return value;
  }

  /** 64 bits, exact. */
  long(): number | bigint {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 7; count++) {
      const byte = this.#byte('a long');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
      factor *= 128;
    }
    let wide = BigInt(value);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#byte('a long');
      wide |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const bits = BigInt.asUintN(64, wide);
        return (bits >> 1n) ^ -(bits & 1n);
      }
    }
    throw this.#wrong('a long', 'more than ten bytes');
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#take(4, 'a float'));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8, 'a double'));
  }

  /** `length` bytes, not copied. */
  fixed(length: number): Buffer {
    const start = this.#take(length, `${length} bytes`);
    return this.#bytes.subarray(start, start + length);
  }

  bytes(): Buffer {
    return this.fixed(this.#length('a length of bytes'));
  }

  string(): string {
    const length = this.#length('a length of text');
    const start = this.#take(length, `a text of ${length} bytes`);
    const text = this.#bytes.toString('utf8', start, start + length);
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(start, start + length))) {
      throw this.#wrong('text in UTF-8', 'other bytes');
    }
    return text;
  }

  /** A number below `count`: the branch of a union, the symbol of an enum. */
  index(count: number, what: string): number {
    const index = this.#smallLong(what);
    if (index < 0 || index >= count) {
      throw this.#wrong(`${what} below ${count}`, `${index}`);
    }
    return index;
  }

  /** Calls `item` for each item of an array or map, block by block. */
  items(item: () => void): void {
    for (;;) {
      let count = this.#smallLong('a block of items');
      if (count === 0) {
        return;
      }
      if (count < 0) {
        count = -count;
        this.#length('the size of a block');
      }
      this.#itemsLeft -= count;
      if (this.#itemsLeft < 0) {
        throw this.#wrong('as many items as bytes', `${count} items`);
      }
      for (; count > 0; count--) {
        item();
      }
    }
  }

  /** Bounds how deep `read` calls itself: a schema may be recursive. */
  nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) {
      throw this.#wrong(`values nested at most ${MAX_DEPTH} deep`, 'more');
    }
    const value = read();
    this.#depth--;
    return value;
  }

  end(): void {
    if (this.#at < this.#bytes.length) {
      throw this.#wrong('the end', `${this.#bytes.length - this.#at} more bytes`);
    }
  }

  #smallLong(what: string): number {
    const value = this.long();
    if (typeof value === 'bigint') {
      throw this.#wrong(what, `the number ${value}`);
    }
    return value;
  }

  #length(what: string): number {
    const length = this.#smallLong(what);
    if (length < 0) {
      throw this.#wrong(what, `the number ${length}`);
    }
    return length;
  }

  #byte(what: string): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) {
      throw this.#wrong(what, 'the end');
    }
    return byte;
  }

  #take(length: number, what: string): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) {
      throw this.#wrong(what, `${this.#bytes.length - start} bytes and the end`);
    }
    this.#at = start + length;
    return start;
  }

  #wrong(expected: string, found: string): PayloadError {
    return new PayloadError(
      `Avro, here ${expected}`,
      `${found} at byte ${Math.min(this.#at, this.#bytes.length)}`,
    );
  }
}
