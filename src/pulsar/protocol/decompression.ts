import * as zlib from 'node:zlib';
import { decompress as decompressInJavaScript } from 'fzstd';
import { decompressLz4 } from './lz4-block';
import { decompressSnappy } from './snappy-block';

/** Names by their number on the wire. Source: enum CompressionType of PulsarApi.proto. */
export const COMPRESSIONS = ['NONE', 'LZ4', 'ZLIB', 'ZSTD', 'SNAPPY'] as const;

/** A message that claims to be larger is not believed. Brokers store 5 MiB by default. */
export const MAX_UNCOMPRESSED = 64 * 1024 * 1024;

type Decompress = (source: Buffer, size: number) => Buffer;

const DECOMPRESS: readonly Decompress[] = [
  (source) => source,
  decompressLz4,
  // Java's client leaves the end of the stream out: what is missing shows in the size.
  (source, size) => zlib.inflateSync(source, { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...atMost(size) }),
  decompressZstd,
  decompressSnappy,
];

const atMost = (size: number): { readonly maxOutputLength: number } => ({
  maxOutputLength: Math.max(1, size),
});

/** Only newer versions of Node have it. */
const native = zlib as { zstdDecompressSync?: (source: Buffer, options: zlib.ZlibOptions) => Buffer };

/**
 * `payload` as it was before its producer compressed it. Memory and time are bounded by `size`, whatever the bytes.
 * @param compression number of the kind on the wire.
 * @param size bytes that its metadata says it had.
 * @throws Error when it is something else.
 */
export function decompress(payload: Buffer, compression: number, size: number): Buffer {
  const decompressOne = DECOMPRESS[compression];
  if (decompressOne === undefined) {
    throw new Error(`compression ${compression} is not known`);
  }
  if (compression === 0) {
    return payload;
  }
  if (size > MAX_UNCOMPRESSED) {
    throw new Error(`${size} bytes uncompressed are more than ${MAX_UNCOMPRESSED}`);
  }
  const bytes = decompressOne(payload, size);
  if (bytes.length !== size) {
    throw new Error(`${bytes.length} bytes instead of ${size}`);
  }
  return bytes;
}

const ZSTD_MAGIC = 0xfd2fb528;

function decompressZstd(source: Buffer, size: number): Buffer {
  if (native.zstdDecompressSync !== undefined) {
    return native.zstdDecompressSync(source, atMost(size));
  }
  const told = zstdContentSize(source);
  if (told !== size) {
    throw new Error(`${told} bytes instead of ${size}`);
  }
  const target = Buffer.alloc(size);
  decompressInJavaScript(source, target);
  return target;
}

/**
 * Bytes that the one frame in `source` holds. Every client of Pulsar compresses in one call, which writes it down;
 * the package would otherwise make room for a window of up to 2 GiB.
 * Source: RFC 8878, 3.1.1.1.
 */
function zstdContentSize(source: Buffer): number {
  if (source.length < 6 || source.readUInt32LE(0) !== ZSTD_MAGIC) {
    throw new Error('no Zstandard frame');
  }
  const descriptor = source[4] as number;
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number;
  const at = 5 + (singleSegment ? 0 : 1) + dictionaryBytes;
  if (sizeBytes === 0 || source.length < at + sizeBytes) {
    throw new Error('a Zstandard frame does not tell its size');
  }
  const size = sizeBytes === 8 ? Number(source.readBigUInt64LE(at)) : source.readUIntLE(at, sizeBytes);
  return sizeBytes === 2 ? size + 256 : size;
}
