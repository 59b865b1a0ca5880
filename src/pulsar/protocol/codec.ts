/** Names by their number on the wire. Source: enum CompressionType of PulsarApi.proto. */
export const COMPRESSIONS = ['NONE', 'LZ4', 'ZLIB', 'ZSTD', 'SNAPPY'] as const;

export type CompressionType = (typeof COMPRESSIONS)[number];

/** One kind of compression, both ways. Results are valid for as long as their owner keeps them. */
export interface Codec {
  compress(source: Buffer): Uint8Array;
  /**
   * Memory is bounded by `size`, whatever the bytes.
   * @throws Error when the result is larger than `size`, or `source` is damaged.
   */
  decompress(source: Buffer, size: number): Buffer;
}
