import {
  decodeMessageMetadata,
  decodeSingleMessageMetadata,
  type MessageIdData,
  type MessageMetadata,
} from './command';
import { splitPayload } from './frame';
import { ProtocolError } from './protocol-error';

/** A message as a consumer gets it. */
export interface IncomingMessage {
  /** `batchIndex` only in a batch. */
  readonly id: MessageIdData;
  /** Messages of its entry. */
  readonly batchSize: number;
  readonly value: Buffer;
  readonly key: string | undefined;
  /** Milliseconds since the epoch. */
  readonly eventTime: number | undefined;
  /** Milliseconds since the epoch, by the producer's clock. */
  readonly publishTime: number;
  readonly properties: { readonly [name: string]: string };
  readonly producerName: string;
  readonly sequenceId: number;
}

/**
 * The messages of one entry.
 * @throws ProtocolError unsupported for what this client cannot read yet, checksum for damaged bytes.
 */
export function readMessages(id: MessageIdData, bytes: Buffer): IncomingMessage[] {
  const { metadata, payload } = splitPayload(bytes);
  const entry = decodeMessageMetadata(metadata);
  if (entry.compression) {
    throw new ProtocolError('unsupported', 'compressed messages cannot be read yet');
  }
  if (entry.encryptionAlgo) {
    throw new ProtocolError('unsupported', 'encrypted messages cannot be read');
  }
  if ((entry.numChunksFromMsg ?? 0) > 1) {
    throw new ProtocolError('unsupported', 'chunked messages cannot be read yet');
  }
  if (entry.numMessagesInBatch === undefined) {
    return [incoming(entry, entry, id, 1, payload)];
  }
  const messages: IncomingMessage[] = [];
  const batchSize = entry.numMessagesInBatch;
  let offset = 0;
  for (let batchIndex = 0; batchIndex < batchSize; batchIndex++) {
    const start = offset + 4;
    const end = start + payload.readUInt32BE(offset);
    const single = decodeSingleMessageMetadata(payload.subarray(start, end));
    offset = end + (single.payloadSize ?? 0);
    if (!single.compactedOut) {
      messages.push(incoming(entry, single, { ...id, batchIndex }, batchSize, payload.subarray(end, offset)));
    }
  }
  return messages;
}

function incoming(
  entry: MessageMetadata,
  own: MessageMetadata,
  id: MessageIdData,
  batchSize: number,
  value: Buffer,
): IncomingMessage {
  const properties: { [name: string]: string } = {};
  for (const { key, value: text } of own.properties ?? []) {
    properties[key] = text;
  }
  return {
    id,
    batchSize,
    value,
    key: own.partitionKey,
    eventTime: own.eventTime || undefined,
    publishTime: entry.publishTime ?? 0,
    properties,
    producerName: entry.producerName ?? '',
    sequenceId: own.sequenceId ?? (entry.sequenceId ?? 0) + (id.batchIndex ?? 0),
  };
}
