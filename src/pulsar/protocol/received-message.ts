import type { TrackedEntry } from './acknowledgement-tracker';
import { COMPRESSIONS } from './codec';
import {
  type EntryMetadata,
  NO_PROPERTIES,
  type OwnMetadata,
  type Properties,
  readProperties,
} from './message-metadata';

const NO_BYTES = Buffer.alloc(0);

/** How a message was encrypted. */
export interface EncryptionContext {
  readonly keys: readonly {
    readonly name: string;
    readonly value: Uint8Array;
    readonly metadata: Properties;
  }[];
  readonly param: Uint8Array;
  readonly algorithm: string;
  readonly compressionType: (typeof COMPRESSIONS)[number];
  readonly uncompressedMessageSize: number;
  readonly batchSize: number | undefined;
}

/** What the messages of one entry have in common. */
export interface MessageSource {
  /** Full name. */
  readonly topic: string;
  readonly metadata: EntryMetadata;
}

/** A message in the hands of a consumer's caller. What is seldom asked for is made when it is asked for. */
export class ReceivedMessage {
  readonly key: string | undefined;
  readonly keyIsBase64: boolean;
  /** Undefined for a null value. Still encrypted and compressed when there is an `encryption`. */
  readonly value: Buffer | undefined;
  /** Milliseconds since the epoch. */
  readonly eventTime: number | undefined;
  readonly redeliveryCount: number;
  /** For the consumer: the entry it belongs to. */
  readonly entry: TrackedEntry;
  /** For the consumer: whether it was acknowledged, or negatively. */
  settled = false;
  /** For the consumer: how often it handed it out before, where the broker has no part in that. */
  refusals = 0;
  readonly #batchIndex: number;
  readonly #source: MessageSource;
  #properties: Properties | undefined = NO_PROPERTIES;
  #bytes: Buffer | undefined;
  #start = 0;
  #end = 0;
  #tag = 0;

  /** @param batchIndex −1 when the entry is this one message. */
  constructor(
    source: MessageSource,
    entry: TrackedEntry,
    batchIndex: number,
    own: OwnMetadata,
    value: Buffer,
    redeliveryCount: number,
  ) {
    this.entry = entry;
    this.#batchIndex = batchIndex;
    this.#source = source;
    this.key = own.key;
    this.keyIsBase64 = own.keyIsBase64;
    this.value = own.nullValue ? undefined : value;
    this.eventTime = own.eventTime;
    this.redeliveryCount = redeliveryCount;
  }

  /** `ledger:entry`, in a batch `ledger:entry:index`. */
  get id(): string {
    const { ledgerId, entryId } = this.entry;
    return this.#batchIndex < 0 ? `${ledgerId}:${entryId}` : `${ledgerId}:${entryId}:${this.#batchIndex}`;
  }

  /** Full name. */
  get topic(): string {
    return this.#source.topic;
  }

  /** Place in its entry. */
  get index(): number {
    return Math.max(0, this.#batchIndex);
  }

  /** Milliseconds since the epoch, by the producer's clock. */
  get publishTime(): number {
    return this.#source.metadata.publishTime;
  }

  get schemaVersion(): Uint8Array | undefined {
    return this.#source.metadata.schemaVersion;
  }

  get properties(): Properties {
    if (this.#properties === undefined) {
      this.#properties = readProperties(this.#bytes as Buffer, this.#start, this.#end, this.#tag);
      this.#bytes = undefined;
    }
    return this.#properties;
  }

  get encryption(): EncryptionContext | undefined {
    const { encryption, compression, uncompressedSize, batchSize } = this.#source.metadata;
    if (encryption === undefined) {
      return undefined;
    }
    return {
      keys: (encryption.encryptionKeys ?? []).map(({ key, value, metadata }) => ({
        name: key,
        value,
        metadata: Object.fromEntries((metadata ?? []).map((pair) => [pair.key, pair.value])),
      })),
      param: encryption.encryptionParam ?? new Uint8Array(),
      algorithm: encryption.encryptionAlgo ?? '',
      compressionType: COMPRESSIONS[compression] ?? 'NONE',
      uncompressedMessageSize: uncompressedSize,
      batchSize,
    };
  }

  /** Says where its properties stand: under `tag` in the metadata at [start, end) of `bytes`. */
  propertiesAre(bytes: Buffer, start: number, end: number, tag: number): void {
    this.#properties = undefined;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#tag = tag;
  }

  /** The same message, handed out once more by its consumer. */
  again(): ReceivedMessage {
    const { entry, keyIsBase64, key, eventTime, value = NO_BYTES } = this;
    const nullValue = this.value === undefined;
    const copy = new ReceivedMessage(
      this.#source,
      entry,
      this.#batchIndex,
      { key, keyIsBase64, eventTime, nullValue, hasProperties: false },
      value,
      this.redeliveryCount,
    );
    copy.#properties = this.properties;
    copy.refusals = this.refusals + 1;
    return copy;
  }
}
