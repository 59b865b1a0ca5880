import { COMPRESSIONS, type Codec } from './codec';
import { loadCodec } from './codecs';

/** A message that claims to be larger is not believed. Brokers store 5 MiB by default. */
export const MAX_UNCOMPRESSED = 64 * 1024 * 1024;

type Known = { readonly codec: Codec } | { readonly missing: unknown };

/** By number on the wire; what cannot be loaded here says so to who needs it. */
let known: readonly (Known | undefined)[] = [];

/** Resolves once `decompress` knows every kind. */
export async function decompressionReady(): Promise<void> {
  if (known.length === 0) {
    known = await Promise.all(
      COMPRESSIONS.map((type) =>
        type === 'NONE'
          ? undefined
          : loadCodec(type).then(
              (codec) => ({ codec }),
              (missing) => ({ missing }),
            ),
      ),
    );
  }
}

/**
 * `payload` as it was before its producer compressed it. Memory and time are bounded by `size`, whatever the bytes.
 * @param compression number of the kind on the wire.
 * @param size bytes that its metadata says it had.
 * @throws Error when it is something else.
 */
export function decompress(payload: Buffer, compression: number, size: number): Buffer {
  if (compression === 0) {
    return payload;
  }
  const entry = known[compression];
  if (entry === undefined) {
    throw new Error(`compression ${compression} is not known`);
  }
  if ('missing' in entry) {
    throw new Error(`${COMPRESSIONS[compression]} does not work on this machine`, { cause: entry.missing });
  }
  if (size > MAX_UNCOMPRESSED) {
    throw new Error(`${size} bytes uncompressed are more than ${MAX_UNCOMPRESSED}`);
  }
  const bytes = entry.codec.decompress(payload, size);
  if (bytes.length !== size) {
    throw new Error(`${bytes.length} bytes instead of ${size}`);
  }
  return bytes;
}
