import type { EncryptionContext, Properties, Schema } from '../io';
import type { OutgoingMessage, ReceivedMessage } from './transport';

/** A message put into a topic by a test; what is left out is as a plain producer would have it. */
export interface PublishedMessage {
  readonly key?: string | undefined;
  readonly keyIsBase64?: boolean;
  /** Undefined for a null value. */
  readonly value: Uint8Array | undefined;
  readonly eventTime?: number | undefined;
  readonly publishTime?: number;
  readonly properties?: Properties;
  readonly schema?: Schema | undefined;
  readonly encryption?: EncryptionContext | undefined;
}

/** A message as a topic holds it. */
export interface StoredMessage extends OutgoingMessage {
  /** Its place in the topic, from 0. */
  readonly number: number;
  readonly topic: string;
  readonly keyIsBase64: boolean;
  /** Then `value` is empty. */
  readonly nullValue: boolean;
  /** Milliseconds since the epoch; 0 when nobody told. */
  readonly publishTime: number;
  readonly schemaVersion: Uint8Array | undefined;
  readonly encryption: EncryptionContext | undefined;
}

/** A stored message on its way to a consumer, and in the hands of its user. Reads through to what is stored. */
export class MemoryMessage implements ReceivedMessage {
  readonly redeliveryCount: number;
  /** What its consumer's user has said about it. */
  verdict: 'NONE' | 'ACKNOWLEDGED' | 'REFUSED' = 'NONE';
  readonly #stored: StoredMessage;

  /** @param original What its consumer had in hand when the broker sent this once more. */
  constructor(
    stored: StoredMessage,
    redeliveryCount: number,
    readonly original: MemoryMessage | undefined,
  ) {
    this.#stored = stored;
    this.redeliveryCount = redeliveryCount;
  }

  get number(): number {
    return this.#stored.number;
  }

  get topic(): string {
    return this.#stored.topic;
  }

  get key(): string | undefined {
    return this.#stored.key;
  }

  get keyIsBase64(): boolean {
    return this.#stored.keyIsBase64;
  }

  get value(): Uint8Array | undefined {
    return this.#stored.nullValue ? undefined : this.#stored.value;
  }

  get eventTime(): number | undefined {
    return this.#stored.eventTime;
  }

  get publishTime(): number {
    return this.#stored.publishTime;
  }

  get properties(): Properties {
    return this.#stored.properties;
  }

  get schemaVersion(): Uint8Array | undefined {
    return this.#stored.schemaVersion;
  }

  get encryption(): EncryptionContext | undefined {
    return this.#stored.encryption;
  }

  /** Bytes that it counts for while it waits. */
  get size(): number {
    return this.#stored.value.length;
  }

  get id(): string {
    return `0:${this.#stored.number}`;
  }
}
