import * as zlib from 'node:zlib';

type DecompressZstd = (source: Buffer, size: number) => Buffer;

/** Node has it from 22.15 on. */
const native = zlib as { zstdDecompressSync?: (source: Buffer, options: zlib.ZlibOptions) => Buffer };

let library: DecompressZstd | undefined;

/** Resolves once `decompressZstd` may be called. */
export async function zstdReady(): Promise<void> {
  if (native.zstdDecompressSync === undefined && library === undefined) {
    library = await loadLibrary();
  }
}

/** The C library as WebAssembly, for a Node without ZSTD. */
export async function loadLibrary(): Promise<DecompressZstd> {
  const { decompress, isLoaded } = await import('@foxglove/wasm-zstd');
  await isLoaded;
  return decompress;
}

/** @throws Error when the result is larger than `size`, or `source` is damaged. */
export function decompressZstd(source: Buffer, size: number): Buffer {
  if (native.zstdDecompressSync !== undefined) {
    return native.zstdDecompressSync(source, { maxOutputLength: Math.max(1, size) });
  }
  if (library === undefined) {
    throw new Error('the ZSTD library is not loaded');
  }
  return library(source, size);
}
