import { NOTHING } from './answer-handler';

const PADDING = 0x3d;

/**
 * Bytes that `length` characters of base64 stand for.
 * @param last the last of them, and the one before.
 * @throws TypeError: there is no base64 of that length
 */
function decodedLength(length: number, last: number | undefined, beforeLast: number | undefined): number {
  if (length % 4 !== 0) {
    throw new TypeError('a payload is no base64');
  }
  const padding = length === 0 || last !== PADDING ? 0 : beforeLast === PADDING ? 2 : 1;
  return (length / 4) * 3 - padding;
}

/** @throws TypeError: `text` has another length than base64 */
export function base64Length(text: string): number {
  const { length } = text;
  return decodedLength(length, text.charCodeAt(length - 1), text.charCodeAt(length - 2));
}

/** As base64Length, of the part of `body` from `start` to `end`. */
export function base64LengthIn(body: Buffer, start: number, end: number): number {
  return decodedLength(end - start, body[end - 1], body[end - 2]);
}

/** One buffer for payloads that come as base64 (G5): of just the size given, and shared with nothing else. */
export class Base64Slab {
  readonly #bytes: Buffer;
  #end = 0;

  /** @param size sum of the lengths of the payloads. */
  constructor(size: number) {
    this.#bytes = size === 0 ? NOTHING : Buffer.allocUnsafeSlow(size);
  }

  /** @throws TypeError: `text` is no base64 */
  decode(text: string): Buffer {
    const length = base64Length(text);
    const start = this.#end;
    // Node leaves out what is no base64, and then there are fewer bytes.
    if (length > 0 && this.#bytes.write(text, start, length, 'base64') !== length) {
      throw new TypeError('a payload is no base64');
    }
    this.#end += length;
    return this.#bytes.subarray(start, this.#end);
  }
}

/** In a buffer of its own. @throws TypeError: `text` is no base64 */
export function decodeBase64(text: string): Buffer {
  return new Base64Slab(base64Length(text)).decode(text);
}
