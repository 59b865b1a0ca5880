import * as zlib from 'node:zlib';
import { decompressLz4 } from './lz4-block';
import { decompressSnappy } from './snappy-block';
import { decompressZstd, zstdReady } from './zstd';

/** Names by their number on the wire. Source: enum CompressionType of PulsarApi.proto. */
export const COMPRESSIONS = ['NONE', 'LZ4', 'ZLIB', 'ZSTD', 'SNAPPY'] as const;

/** A message that claims to be larger is not believed. Brokers store 5 MiB by default. */
export const MAX_UNCOMPRESSED = 64 * 1024 * 1024;

type Decompress = (source: Buffer, size: number) => Buffer;

const DECOMPRESS: readonly Decompress[] = [
  (source) => source,
  decompressLz4,
  // Java's client leaves the end of the stream out: what is missing shows in the size.
  (source, size) =>
    zlib.inflateSync(source, {
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
      maxOutputLength: Math.max(1, size),
    }),
  decompressZstd,
  decompressSnappy,
];

/** Resolves once `decompress` knows every kind. */
export const decompressionReady = zstdReady;

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
