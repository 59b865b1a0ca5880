import { isUtf8 } from 'node:buffer';

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;

const LITERALS = ['true', 'false', 'null'].map((text) => Buffer.from(text));
const ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

/**
 * What is wrong with `bytes` as one JSON text in UTF-8 (RFC 8259); undefined when nothing is. Nothing is built of it:
 * memory is one bit a level of nesting. Says where, never what: payloads are not for logs.
 */
export function jsonFault(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) {
    return 'bytes that are no UTF-8';
  }
  const at = new JsonCheck(bytes).fault();
  return at === undefined ? undefined : at >= bytes.length ? 'an end too soon' : `no JSON at byte ${at}`;
}

/** Walks over one text. Each step returns the place behind what it read, or −1 − the place of a fault. */
class JsonCheck {
  readonly #bytes: Uint8Array;
  /** What is open, outermost first: 1 for an object, 0 for an array; a bit each. */
  #open = new Uint8Array(8);
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Place of the first byte that cannot stand there. */
  fault(): number | undefined {
    let at = this.#blank(0);
    for (;;) {
      at = this.#value(at);
      while (at >= 0) {
        at = this.#blank(at);
        if (this.#depth === 0) {
          return at === this.#bytes.length ? undefined : at;
        }
        const byte = this.#bytes[at];
        const isObject = this.#isObject();
        if (byte === 0x2c) {
          at = isObject ? this.#name(this.#blank(at + 1)) : this.#blank(at + 1);
          break;
        }
        if (byte !== (isObject ? 0x7d : 0x5d)) {
          return at;
        }
        this.#depth--;
        at++;
      }
      if (at < 0) {
        return -1 - at;
      }
    }
  }

  /** A scalar or an empty collection, or the way to the first scalar within. */
  #value(from: number): number {
    let at = from;
    for (;;) {
      const byte = this.#bytes[at];
      if (byte === 0x7b || byte === 0x5b) {
        const isObject = byte === 0x7b;
        const inside = this.#blank(at + 1);
        if (this.#bytes[inside] === (isObject ? 0x7d : 0x5d)) {
          return inside + 1;
        }
        this.#push(isObject);
        at = isObject ? this.#name(inside) : inside;
        if (at < 0) {
          return at;
        }
      } else if (byte === QUOTE) {
        return this.#string(at);
      } else if (byte === MINUS || isDigit(byte)) {
        return this.#number(at);
      } else {
        return this.#literal(at);
      }
    }
  }

  /** A name and its colon; the place of its value. */
  #name(at: number): number {
    const end = this.#bytes[at] === QUOTE ? this.#string(at) : -1 - at;
    if (end < 0) {
      return end;
    }
    const colon = this.#blank(end);
    return this.#bytes[colon] === 0x3a ? this.#blank(colon + 1) : -1 - colon;
  }

  #string(from: number): number {
    const bytes = this.#bytes;
    for (let at = from + 1; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        return at + 1;
      }
      if (byte < 0x20) {
        return -1 - at;
      }
      if (byte === BACKSLASH) {
        at++;
        if (bytes[at] === 0x75) {
          for (let i = 0; i < 4; i++) {
            at++;
            if (!isHex(bytes[at])) {
              return -1 - at;
            }
          }
        } else if (!ESCAPES.has(bytes[at] ?? 0)) {
          return -1 - at;
        }
      }
    }
    return -1 - bytes.length;
  }

  #number(from: number): number {
    const bytes = this.#bytes;
    let at = bytes[from] === MINUS ? from + 1 : from;
    at = bytes[at] === ZERO ? at + 1 : this.#digits(at);
    if (at >= 0 && bytes[at] === 0x2e) {
      at = this.#digits(at + 1);
    }
    if (at >= 0 && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
      const sign = bytes[at + 1];
      at = this.#digits(sign === MINUS || sign === 0x2b ? at + 2 : at + 1);
    }
    return at;
  }

  /** At least one digit. */
  #digits(from: number): number {
    let at = from;
    while (isDigit(this.#bytes[at])) {
      at++;
    }
    return at === from ? -1 - at : at;
  }

  #literal(from: number): number {
    const literal = LITERALS.find((text) => text[0] === this.#bytes[from]);
    if (literal === undefined) {
      return -1 - from;
    }
    for (let i = 1; i < literal.length; i++) {
      if (this.#bytes[from + i] !== literal[i]) {
        return -1 - Math.min(from + i, this.#bytes.length);
      }
    }
    return from + literal.length;
  }

  #blank(from: number): number {
    let at = from;
    for (;;) {
      const byte = this.#bytes[at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
        return at;
      }
      at++;
    }
  }

  #push(isObject: boolean): void {
    const place = this.#depth >> 3;
    if (place === this.#open.length) {
      const larger = new Uint8Array(2 * place);
      larger.set(this.#open);
      this.#open = larger;
    }
    const bit = 1 << (this.#depth & 7);
    const byte = this.#open[place] as number;
    this.#open[place] = isObject ? byte | bit : byte & ~bit;
    this.#depth++;
  }

  #isObject(): boolean {
    const last = this.#depth - 1;
    return ((this.#open[last >> 3] as number) & (1 << (last & 7))) !== 0;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 0x39;
}

function isHex(byte: number | undefined): boolean {
  const lower = (byte ?? 0) | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}
