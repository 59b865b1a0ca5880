/**
 * Protocol-buffer fields written straight into a buffer that has room for them. Every function returns the offset
 * behind what it wrote. Only the per-message path uses these; commands go through protobufjs.
 */

/** Strings longer than this are encoded by Node's native code, shorter ones faster by a loop. */
const NATIVE_STRING = 128;

/** Bytes a varint of `value` takes; `value` is an integer in [0, 2^53). */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    size++;
  }
  return size;
}

/** @param value an integer in [0, 2^53). */
export function writeVarint(buffer: Buffer, offset: number, value: number): number {
  let at = offset;
  let low = value;
  if (value >= 0x10000000) {
    // Bit operations see 32 bits only: the lowest 28 go first, what is left is below 2^25.
    const high = Math.floor(value / 0x10000000);
    low = value - high * 0x10000000;
    buffer[at++] = low | 0x80;
    buffer[at++] = (low >>> 7) | 0x80;
    buffer[at++] = (low >>> 14) | 0x80;
    buffer[at++] = (low >>> 21) | 0x80;
    low = high;
  }
  while (low >= 0x80) {
    buffer[at++] = low | 0x80;
    low >>>= 7;
  }
  buffer[at++] = low;
  return at;
}

/** A varint field; `tag` is the field number × 8 and must be below 16,384. */
export function writeVarintField(buffer: Buffer, offset: number, tag: number, value: number): number {
  return writeVarint(buffer, writeVarint(buffer, offset, tag), value);
}

/** A string field; `tag` is the field number × 8 + 2. */
export function writeStringField(buffer: Buffer, offset: number, tag: number, text: string): number {
  const length = writeVarint(buffer, offset, tag);
  // Nearly every key and property is ASCII: then bytes = characters, and the length is known beforehand.
  const start = writeVarint(buffer, length, text.length);
  if (text.length <= NATIVE_STRING) {
    let i = 0;
    for (; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        break;
      }
      buffer[start + i] = code;
    }
    if (i === text.length) {
      return start + i;
    }
  }
  return closeLength(buffer, length, start, start + buffer.write(text, start, 'utf8'));
}

/**
 * Sets the length in front of a body that was written at `start` after a guess of its length at `at`; moves the
 * body when the length takes more or fewer bytes than the guess did.
 */
export function closeLength(buffer: Buffer, at: number, start: number, end: number): number {
  const size = end - start;
  const wanted = at + varintSize(size);
  if (wanted !== start) {
    buffer.copyWithin(wanted, start, end);
  }
  writeVarint(buffer, at, size);
  return wanted + size;
}
