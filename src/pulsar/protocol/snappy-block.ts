import { copyLiterals, copyMatch } from './lz4-block';
import { WireReader } from './wire-reader';

const reader = new WireReader();

/**
 * A raw Snappy block that holds exactly `size` bytes; ours for the reason of LZ4's.
 * Source: "Snappy compressed format description".
 * @throws Error when the bytes are no such block.
 */
export function decompressSnappy(source: Buffer, size: number): Buffer {
  const told = reader.over(source).varint();
  if (told !== size) {
    throw new Error(`${told} bytes instead of ${size}`);
  }
  const target = Buffer.allocUnsafeSlow(size);
  let from = reader.at;
  let at = 0;
  /** The number in the next `bytes` bytes. */
  const number = (bytes: number): number => {
    from += bytes;
    if (from > source.length) {
      throw new Error('bytes are cut off');
    }
    return source.readUIntLE(from - bytes, bytes);
  };
  while (from < source.length) {
    const tag = number(1);
    const high = tag >>> 2;
    switch (tag & 3) {
      case 0: {
        const literals = (high < 60 ? high : number(high - 59)) + 1;
        at = copyLiterals(source, from, target, at, literals);
        from += literals;
        break;
      }
      case 1:
        at = copyMatch(target, at, ((tag >>> 5) << 8) | number(1), (high & 7) + 4);
        break;
      default:
        at = copyMatch(target, at, number((tag & 3) === 2 ? 2 : 4), high + 1);
    }
  }
  if (at !== size) {
    throw new Error(`${at} bytes instead of ${size}`);
  }
  return target;
}
