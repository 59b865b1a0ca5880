import * as zlib from 'node:zlib';
import type { Codec } from './codec';

/** As good as level 3, which Java's client takes, in nine tenths of its time (JSON, batches of 16 and 128 KiB). */
const LEVEL = 1;

/** `ZSTD_c_compressionLevel` of the C library. */
const COMPRESSION_LEVEL = 100;

interface NativeOptions {
  readonly maxOutputLength?: number;
  readonly params?: { readonly [parameter: number]: number };
}

/** Node has it from 22.15 on. */
const native = zlib as {
  zstdCompressSync?: (source: Buffer, options: NativeOptions) => Buffer;
  zstdDecompressSync?: (source: Buffer, options: NativeOptions) => Buffer;
};

/** Node's own, or the C library as WebAssembly. */
export async function loadZstd(): Promise<Codec> {
  const { zstdCompressSync, zstdDecompressSync } = native;
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) {
    return loadLibrary();
  }
  return {
    compress: (source) => zstdCompressSync(source, { params: { [COMPRESSION_LEVEL]: LEVEL } }),
    decompress: (source, size) => zstdDecompressSync(source, { maxOutputLength: Math.max(1, size) }),
  };
}

/** The C library as WebAssembly, for a Node without ZSTD. */
export async function loadLibrary(): Promise<Codec> {
  const { compress, decompress, isLoaded } = await import('@foxglove/wasm-zstd');
  await isLoaded;
  return { compress: (source) => compress(source, LEVEL), decompress };
}
