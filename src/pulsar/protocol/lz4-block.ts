/** Matches shorter than this are not worth a call into native code. */
const SHORT = 32;

/**
 * Copies `length` bytes within `target` from `distance` before `at`; source and target may overlap, then the bytes
 * repeat. @returns the offset behind them.
 */
export function copyMatch(target: Buffer, at: number, distance: number, length: number): number {
  const from = at - distance;
  if (from < 0 || distance === 0 || at + length > target.length) {
    throw new Error('a match lies outside of what was read');
  }
  if (length > SHORT && distance >= length) {
    target.copyWithin(at, from, from + length);
  } else {
    for (let i = 0; i < length; i++) {
      target[at + i] = target[from + i] as number;
    }
  }
  return at + length;
}

/** Copies `length` bytes from `source` to `target`. @returns the offset in `target` behind them. */
export function copyLiterals(
  source: Buffer,
  from: number,
  target: Buffer,
  at: number,
  length: number,
): number {
  if (from + length > source.length || at + length > target.length) {
    throw new Error('bytes are cut off');
  }
  if (length > SHORT) {
    source.copy(target, at, from, from + length);
  } else {
    for (let i = 0; i < length; i++) {
      target[at + i] = source[from + i] as number;
    }
  }
  return at + length;
}

/**
 * A raw LZ4 block that holds exactly `size` bytes. Ours, because the packages trust their input: damaged bytes make
 * them run on, or return whatever was there.
 * Source: "LZ4 Block Format Description".
 * @throws Error when the bytes are no such block.
 */
export function decompressLz4(source: Buffer, size: number): Buffer {
  const target = Buffer.allocUnsafeSlow(size);
  let from = 0;
  let at = 0;
  const length = (start: number): number => {
    let total = start;
    if (start === 15) {
      for (let byte = 255; byte === 255; total += byte) {
        byte = source[from++] ?? -1;
        if (byte < 0) {
          throw new Error('bytes are cut off');
        }
      }
    }
    return total;
  };
  while (from < source.length) {
    const token = source[from++] as number;
    const literals = length(token >>> 4);
    at = copyLiterals(source, from, target, at, literals);
    from += literals;
    if (from === source.length) {
      break;
    }
    if (from + 2 > source.length) {
      throw new Error('bytes are cut off');
    }
    const distance = source.readUInt16LE(from);
    from += 2;
    at = copyMatch(target, at, distance, length(token & 15) + 4);
  }
  if (at !== size) {
    throw new Error(`${at} bytes instead of ${size}`);
  }
  return target;
}
