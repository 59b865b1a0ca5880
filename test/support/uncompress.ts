import { inflateSync } from 'node:zlib';
import { decompressBlock } from 'lz4js';
import { uncompress as uncompressSnappy } from 'snappyjs';

let zstd: ((bytes: Uint8Array, size: number) => Uint8Array) | undefined;

/** Resolves once ZSTD can be read as well. */
export async function uncompressReady(): Promise<void> {
  const { decompress, isLoaded } = await import('@foxglove/wasm-zstd');
  await isLoaded;
  zstd = decompress;
}

/**
 * What was compressed as Pulsar's clients do it, by libraries that src compresses nothing with (but for ZSTD).
 * @param type number of the kind on the wire.
 */
export function uncompress(bytes: Buffer, type: number, size: number): Buffer {
  switch (type) {
    case 0:
      return bytes;
    case 1: {
      const target = Buffer.alloc(size);
      const end = decompressBlock(bytes, target, 0, bytes.length, 0);
      return target.subarray(0, end);
    }
    case 2:
      return inflateSync(bytes);
    case 3:
      if (zstd === undefined) {
        throw new Error('uncompressReady was not awaited');
      }
      return Buffer.from(zstd(bytes, size));
    case 4:
      return Buffer.from(uncompressSnappy(bytes));
    default:
      throw new Error(`compression ${type}`);
  }
}
