import { COMPRESSIONS, type CompressionType } from './codec';
import { loadCodec } from './codecs';
import { ProtocolError } from './protocol-error';

/** What a producer does to its payloads. */
export interface Compressor {
  /** Number of the kind on the wire. */
  readonly type: number;
  /** `source` compressed; undefined when that gains nothing: readers take each entry as its metadata say. */
  compress(source: Buffer): Uint8Array | undefined;
}

/** @returns undefined for NONE. @throws ProtocolError unsupported, when its library does not load on this machine. */
export async function compressorOf(type: CompressionType): Promise<Compressor | undefined> {
  if (type === 'NONE') {
    return undefined;
  }
  try {
    const codec = await loadCodec(type);
    return {
      type: COMPRESSIONS.indexOf(type),
      compress: (source) => {
        const bytes = codec.compress(source);
        return bytes.length < source.length ? bytes : undefined;
      },
    };
  } catch (error) {
    throw new ProtocolError('unsupported', `${type} does not work on this machine`, error);
  }
}
