import type { TrackedEntry } from './acknowledgement-tracker';
import { COMPRESSIONS } from './codec';
import { decompress, MAX_UNCOMPRESSED } from './decompression';
import type { Delivery } from './delivery';
import { splitPayload } from './frame';
import {
  ENTRY_PROPERTIES,
  type EntryMetadata,
  newSingleMetadata,
  type OwnMetadata,
  readEntryMetadata,
  readSingleMetadata,
  SINGLE_PROPERTIES,
} from './message-metadata';
import { asProtocolError, ProtocolError } from './protocol-error';
import { type MessageSource, ReceivedMessage } from './received-message';

/** Used for every message of a batch: what it says is taken over at once. */
const single = newSingleMetadata();

/**
 * One entry of a topic as it was delivered. It stays as it came until its messages are wanted: what waits takes no
 * more memory than the broker sent, and what is dropped costs nothing.
 */
export class ReceivedEntry implements MessageSource {
  readonly topic: string;
  readonly ledgerId: number;
  readonly entryId: number;
  readonly redeliveryCount: number;
  readonly metadata: EntryMetadata;
  /** Bytes it keeps alive. */
  bytes: number;
  /** Messages as the broker counts them. */
  readonly count: number;
  #payload: Buffer;
  /** Of the chunks before this one, which is the last of its message. */
  #before: readonly Buffer[] = [];
  #next = 0;
  #offset = -1;

  /** @throws ProtocolError unreadable */
  constructor(topic: string, { ledgerId, entryId, redeliveryCount }: Delivery, frame: Buffer) {
    this.topic = topic;
    this.ledgerId = ledgerId;
    this.entryId = entryId;
    this.redeliveryCount = redeliveryCount;
    this.bytes = frame.length;
    try {
      const { metadata, payload } = splitPayload(frame);
      this.metadata = readEntryMetadata(metadata);
      this.#payload = payload;
      this.count = this.metadata.batchSize ?? 1;
      this.#check();
    } catch (error) {
      throw unreadable(ledgerId, entryId, error);
    }
  }

  /** Whether it is a part of a message. */
  get isChunk(): boolean {
    return this.metadata.chunks > 1;
  }

  /**
   * Makes the message of which this is the last chunk; it is put together when it is handed out.
   * @param before the others, in their order.
   */
  join(before: readonly ReceivedEntry[]): void {
    this.#before = before.map((chunk) => chunk.#payload);
    this.bytes += before.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Messages it is handed out as: an encrypted batch is one. */
  get messages(): number {
    return this.metadata.encryption === undefined ? this.count : 1;
  }

  /** Whether a part of it was handed out. */
  get begun(): boolean {
    return this.#next > 0;
  }

  /** The next message that is open, which is held from now on; undefined behind the last. @throws ProtocolError unreadable */
  next(tracked: TrackedEntry): ReceivedMessage | undefined {
    try {
      return this.#read(tracked);
    } catch (error) {
      throw unreadable(this.ledgerId, this.entryId, error);
    }
  }

  #read(tracked: TrackedEntry): ReceivedMessage | undefined {
    const { metadata } = this;
    if (metadata.encryption !== undefined || metadata.batchSize === undefined) {
      return this.#next++ === 0 && tracked.hold(0) ? this.#only(tracked) : undefined;
    }
    this.#decompress();
    while (this.#next < this.count) {
      const index = this.#next++;
      const payload = this.#payload;
      const start = this.#offset + 4;
      const end = start + payload.readUInt32BE(this.#offset);
      readSingleMetadata(payload, start, Math.min(end, payload.length), single);
      this.#offset = end + single.payloadSize;
      if (this.#offset > payload.length) {
        throw new Error(`message ${index} of its batch is cut off`);
      }
      if (single.compactedOut) {
        tracked.skip(index);
      } else if (tracked.hold(index)) {
        const value = payload.subarray(end, this.#offset);
        return this.#message(tracked, index, single, value, payload, start, end, SINGLE_PROPERTIES);
      }
    }
    return undefined;
  }

  #only(tracked: TrackedEntry): ReceivedMessage {
    const { metadata } = this;
    if (this.isChunk) {
      this.#joinChunks();
    }
    if (metadata.encryption === undefined) {
      this.#decompress();
    }
    const { bytes } = metadata;
    return this.#message(tracked, -1, metadata, this.#payload, bytes, 0, bytes.length, ENTRY_PROPERTIES);
  }

  #message(
    tracked: TrackedEntry,
    batchIndex: number,
    own: OwnMetadata,
    value: Buffer,
    bytes: Buffer,
    start: number,
    end: number,
    tag: number,
  ): ReceivedMessage {
    const message = new ReceivedMessage(this, tracked, batchIndex, own, value, this.redeliveryCount);
    if (own.hasProperties) {
      message.propertiesAre(bytes, start, end, tag);
    }
    return message;
  }

  #decompress(): void {
    if (this.#offset < 0) {
      const { compression, uncompressedSize } = this.metadata;
      this.#payload = decompress(this.#payload, compression, uncompressedSize);
      this.#offset = 0;
    }
  }

  #joinChunks(): void {
    const { totalChunkBytes } = this.metadata;
    this.#payload = Buffer.concat([...this.#before, this.#payload]);
    this.#before = [];
    if (this.#payload.length !== totalChunkBytes) {
      throw new Error(`its chunks have ${this.#payload.length} bytes instead of ${totalChunkBytes}`);
    }
  }

  #check(): void {
    const { chunks, chunkId, totalChunkBytes, compression, uncompressedSize, encryption, batchSize } =
      this.metadata;
    if (chunks > 1) {
      if (encryption !== undefined) {
        // Each chunk is encrypted by itself, with a parameter of its own: no message can tell them all.
        throw new ProtocolError('unsupported', 'it is a chunk of an encrypted message');
      }
      if (batchSize !== undefined || chunkId >= chunks || totalChunkBytes > MAX_UNCOMPRESSED) {
        throw new Error(`chunk ${chunkId} of ${chunks}, ${totalChunkBytes} bytes`);
      }
    }
    if (encryption !== undefined || batchSize === undefined) {
      return;
    }
    const size = compression === 0 ? this.#payload.length : uncompressedSize;
    // Each message has four bytes of length: more cannot be there, and would cost memory only.
    if (batchSize * 4 > size || size > MAX_UNCOMPRESSED) {
      throw new Error(`${batchSize} messages in ${size} bytes (${COMPRESSIONS[compression]})`);
    }
  }
}

function unreadable(ledgerId: number, entryId: number, cause: unknown): ProtocolError {
  const { message } = asProtocolError(cause, 'unreadable');
  return new ProtocolError('unreadable', `message ${ledgerId}:${entryId} cannot be read: ${message}`, cause);
}
