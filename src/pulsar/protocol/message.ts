import { FRAME_PADDING } from './frame';
import { ProtocolError } from './protocol-error';

/** A message on its way to a topic. */
export interface OutgoingMessage {
  readonly key: string | undefined;
  readonly value: Uint8Array;
  /** Milliseconds since the epoch; none when not positive: Pulsar's field has no sign, and 0 in it means none. */
  readonly eventTime: number | undefined;
  readonly properties: { readonly [name: string]: string };
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
  let size = MESSAGE_OVERHEAD + (message.key?.length ?? 0);
  const { properties } = message;
  for (const name in properties) {
    size += PROPERTY_OVERHEAD + name.length + (properties[name] as string).length;
  }
  return size;
}

/** Metadata beside a payload of full size: what the padding of a frame leaves, with room for what brokers add. */
const MAX_EXTRA_METADATA = FRAME_PADDING - 2048;

/**
 * Why a broker that takes payloads of `limit` bytes can never store `message`; undefined when it can. Sent all the
 * same, it would cost the connection and not get an answer.
 */
export function sizeError(message: OutgoingMessage, limit: number): ProtocolError | undefined {
  const { value } = message;
  const metadata = exactMetadataSize(message);
  if (value.length <= limit && value.length + metadata <= limit + MAX_EXTRA_METADATA) {
    return undefined;
  }
  const found = `${value.length} bytes with ${metadata} bytes of metadata`;
  return new ProtocolError('too-large', `the broker takes ${limit} bytes, not ${found}`);
}

/** Bytes of what only the metadata of a chunk have, beside twice the producer's name. */
const CHUNK_OVERHEAD = 128;

/**
 * Bytes of value that a chunk of `message` may have, so that value and metadata together stay within `limit`; undefined
 * when the metadata leave less than half of it. Source: Pulsar `ProducerImpl`, which leaves room for metadata as well.
 */
export function chunkSize(
  message: OutgoingMessage,
  limit: number,
  { producerName }: { readonly producerName: string },
): number | undefined {
  const metadata = exactMetadataSize(message) + CHUNK_OVERHEAD + 2 * Buffer.byteLength(producerName);
  return metadata > limit / 2 ? undefined : limit - metadata;
}

function exactMetadataSize({ key, properties }: OutgoingMessage): number {
  let size = MESSAGE_OVERHEAD + Buffer.byteLength(key ?? '');
  for (const [name, text] of Object.entries(properties)) {
    size += PROPERTY_OVERHEAD + Buffer.byteLength(name) + Buffer.byteLength(text);
  }
  return size;
}
