import * as zlib from 'node:zlib';
import type { Codec, CompressionType } from './codec';
import { loadZstd } from './zstd';

/** Libraries are loaded when they are wanted: one without a build for this machine must not stop the rest. */
const LOAD: { readonly [K in Exclude<CompressionType, 'NONE'>]: () => Promise<Codec> } = {
  LZ4: loadLz4,
  ZLIB: async () => ({ compress: deflate, decompress: inflate }),
  ZSTD: loadZstd,
  SNAPPY: loadSnappy,
};

const loading = new Map<CompressionType, Promise<Codec>>();

/** @throws Error when its library does not load on this machine. */
export function loadCodec(type: Exclude<CompressionType, 'NONE'>): Promise<Codec> {
  const codec = loading.get(type) ?? LOAD[type]();
  loading.set(type, codec);
  return codec;
}

/** Raw LZ4 blocks, as Java's client writes them. */
async function loadLz4(): Promise<Codec> {
  const { compressSync, uncompressSync } = await import('lz4-napi');
  // The library keeps the size in front of the block; Pulsar has it in the metadata.
  const sizeBytes = 4;
  return {
    compress: (source) => compressSync(source).subarray(sizeBytes),
    decompress: (source, size) => {
      const sized = Buffer.allocUnsafe(sizeBytes + source.length);
      sized.writeUInt32LE(size);
      sized.set(source, sizeBytes);
      return uncompressSync(sized);
    },
  };
}

/** Raw Snappy blocks, which begin with their size. */
async function loadSnappy(): Promise<Codec> {
  const { compressSync, uncompressSync } = await import('snappy');
  return {
    compress: (source) => compressSync(source, { copyOutputData: true }),
    decompress: (source, size) => {
      // Room is made for what the block says: it must be what was announced.
      const told = snappySize(source);
      if (told !== size) {
        throw new Error(`${told} bytes instead of ${size}`);
      }
      return uncompressSync(source, { asBuffer: true, copyOutputData: true }) as Buffer;
    },
  };
}

/** The varint at the start of a block; NaN when there is none. */
function snappySize(source: Buffer): number {
  let size = 0;
  for (let i = 0, factor = 1; i < 5; i++, factor *= 0x80) {
    const byte = source[i] ?? Number.NaN;
    size += (byte & 0x7f) * factor;
    if (!(byte >= 0x80)) {
      return Number.isNaN(byte) ? byte : size;
    }
  }
  return Number.NaN;
}

/** Level 1: beside level 6 a third of the time, for a sixth more bytes. */
function deflate(source: Buffer): Buffer {
  // A result that does not fit into one chunk of that size is of no use.
  return zlib.deflateSync(source, { level: 1, chunkSize: Math.max(64, source.length) });
}

function inflate(source: Buffer, size: number): Buffer {
  return zlib.inflateSync(source, {
    // Java's client leaves the end of the stream out: what is missing shows in the size.
    finishFlush: zlib.constants.Z_SYNC_FLUSH,
    maxOutputLength: Math.max(1, size),
  });
}
