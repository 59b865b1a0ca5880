import { ProtocolError } from './protocol-error';

/** Most bytes of a number on the wire, and the place value of the one behind them. */
const VARINT_BYTES = 10;
const VARINT_END = 0x80 ** VARINT_BYTES;

/**
 * Reads protocol-buffer fields by hand, where the generic decoder would cost more than the rest of a message's way.
 * One reader is used over and over: it costs no allocation. Never reads beyond `end`.
 */
export class WireReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  over(bytes: Buffer, start = 0, end = bytes.length): this {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    return this;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  /** Exact below 2^53, which every number this client looks at is. @throws ProtocolError when it is none. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor < VARINT_END; factor *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        return value;
      }
    }
    throw tooLong();
  }

  /** The lower and the upper 32 bits of a varint, appended to `words`. @throws ProtocolError when it is none. */
  varint64(words: number[]): void {
    let [low, high] = [0, 0];
    for (let shift = 0; shift < 7 * VARINT_BYTES; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else {
        high |= bits << (shift - 32);
      }
      if (byte < 0x80) {
        words.push(low >>> 0, high >>> 0);
        return;
      }
    }
    throw tooLong();
  }

  /** Length of the bytes that follow. @throws ProtocolError when they are cut off. */
  length(): number {
    const length = this.varint();
    if (length > this.end - this.at) {
      throw cutOff();
    }
    return length;
  }

  text(): string {
    const length = this.length();
    const start = this.at;
    this.at += length;
    return this.bytes.toString('utf8', start, this.at);
  }

  view(): Buffer {
    const length = this.length();
    const start = this.at;
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }

  /** Passes over the value of a field. @throws ProtocolError */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.varint();
        break;
      case 1:
        this.#pass(8);
        break;
      case 2:
        this.#pass(this.length());
        break;
      case 5:
        this.#pass(4);
        break;
      default:
        throw new ProtocolError('unavailable', `a field of the unknown kind ${tag & 7}`);
    }
  }

  #byte(): number {
    if (this.at >= this.end) {
      throw cutOff();
    }
    return this.bytes[this.at++] as number;
  }

  #pass(count: number): void {
    this.at += count;
    if (this.at > this.end) {
      throw cutOff();
    }
  }
}

function tooLong(): ProtocolError {
  return new ProtocolError('unavailable', `a number of more than ${VARINT_BYTES} bytes`);
}

function cutOff(): ProtocolError {
  return new ProtocolError('unavailable', 'a protocol buffer is cut off');
}
