/**
 * How a message was encrypted by its producer; the value is then the encrypted bytes, of a whole batch when
 * `batchSize` is given. Source: `org.apache.pulsar.common.api.EncryptionContext`.
 */
export interface EncryptionContext {
  readonly keys: readonly {
    readonly name: string;
    readonly value: Uint8Array;
    readonly metadata: { readonly [name: string]: string };
  }[];
  readonly param: Uint8Array;
  readonly algorithm: string;
  readonly compressionType: 'NONE' | 'LZ4' | 'ZLIB' | 'ZSTD' | 'SNAPPY';
  readonly uncompressedMessageSize: number;
  readonly batchSize: number | undefined;
}
