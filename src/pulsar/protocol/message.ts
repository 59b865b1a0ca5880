import type { Compressor } from './compression';
import { FRAME_PADDING } from './frame';
import { ProtocolError } from './protocol-error';

/** A message on its way to a topic. */
export interface OutgoingMessage {
  readonly key: string | undefined;
  readonly value: Uint8Array;
  /** Milliseconds since the epoch; none when not positive: Pulsar's field has no sign, and 0 in it means none. */
  readonly eventTime: number | undefined;
  readonly properties: { readonly [name: string]: string };
  /** Whether `key` is the base64 of the key's bytes. */
  readonly keyIsBase64?: boolean | undefined;
  /** What Key_Shared readers go by instead of the key. */
  readonly orderingKey?: string | undefined;
  /** Its sequence id, where it brings one. */
  readonly recordSequence?: number | undefined;
}

/** Bytes of tags, lengths and numbers around one message's own text, at most. */
const MESSAGE_OVERHEAD = 48;
/** The same around one property. */
const PROPERTY_OVERHEAD = 16;

/**
 * Bytes of a message's metadata, when all its text is ASCII. Other text takes up to three times as much: callers
 * that need a bound multiply.
 */
export function metadataSize(message: OutgoingMessage): number {
  const { key, orderingKey, properties } = message;
  let size = MESSAGE_OVERHEAD + (key?.length ?? 0) + (orderingKey?.length ?? 0);
  for (const name in properties) {
    size += PROPERTY_OVERHEAD + name.length + (properties[name] as string).length;
  }
  return size;
}

/** A payload that goes in an operation of its own, because it is too large as it is for one frame. */
export interface LargePayload {
  /** The value, or what compression made of it: that is done once, and what comes out is cut. */
  readonly bytes: Uint8Array;
  /** Number on the wire of how it was compressed; 0: not. */
  readonly compression: number;
  /** Bytes of each of its parts but the last; all of it when one frame is enough now. */
  readonly partSize: number;
}

/**
 * How `message` goes to a broker that takes payloads of `limit` bytes; undefined: in one frame, like any other. Sent
 * above the limit it would cost the connection and not get an answer, again and again.
 * Source: Pulsar `ProducerImpl.sendAsync`, which compresses first and then cuts.
 * @param chunked whether it may go in parts.
 * @throws ProtocolError too-large, when the broker can never store it.
 */
export function largePayload(
  message: OutgoingMessage,
  limit: number,
  {
    producerName,
    compressor,
  }: { readonly producerName: string; readonly compressor: Compressor | undefined },
  chunked: boolean,
): LargePayload | undefined {
  const { value } = message;
  const metadata = exactMetadataSize(message);
  if (fits(value.length, metadata, limit)) {
    return undefined;
  }
  const compressed = compressor?.compress(Buffer.from(value.buffer, value.byteOffset, value.length));
  const bytes = compressed ?? value;
  const compression = compressed === undefined ? 0 : (compressor?.type ?? 0);
  if (fits(bytes.length, metadata, limit)) {
    return { bytes, compression, partSize: bytes.length };
  }
  const partSize = limit - metadata - CHUNK_OVERHEAD - 2 * Buffer.byteLength(producerName);
  // What leaves no room for the value itself would go in parts without end.
  if (!chunked || partSize < limit / 2) {
    const found = `${bytes.length} bytes with ${metadata} bytes of metadata`;
    throw new ProtocolError('too-large', `the broker takes ${limit} bytes, not ${found}`);
  }
  return { bytes, compression, partSize };
}

/** Bytes of what only the metadata of a chunk have, beside twice the producer's name. */
const CHUNK_OVERHEAD = 128;

/** Metadata beside a payload of full size: what the padding of a frame leaves, with room for what brokers add. */
const MAX_EXTRA_METADATA = FRAME_PADDING - 2048;

function fits(payload: number, metadata: number, limit: number): boolean {
  return payload <= limit && payload + metadata <= limit + MAX_EXTRA_METADATA;
}

function exactMetadataSize({ key, orderingKey, properties }: OutgoingMessage): number {
  let size = MESSAGE_OVERHEAD + Buffer.byteLength(key ?? '') + Buffer.byteLength(orderingKey ?? '');
  for (const [name, text] of Object.entries(properties)) {
    size += PROPERTY_OVERHEAD + Buffer.byteLength(name) + Buffer.byteLength(text);
  }
  return size;
}
