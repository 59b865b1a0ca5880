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

/** A stored message on its way to a consumer, and in the hands of its user. */
export class MemoryMessage implements ReceivedMessage {
  readonly number: number;
  readonly topic: string;
  readonly key: string | undefined;
  readonly keyIsBase64: boolean;
  readonly value: Uint8Array | undefined;
  readonly eventTime: number | undefined;
  readonly publishTime: number;
  readonly properties: Properties;
  readonly redeliveryCount: number;
  readonly schemaVersion: Uint8Array | undefined;
  readonly encryption: EncryptionContext | undefined;
  /** What its consumer's user has said about it. */
  verdict: 'NONE' | 'ACKNOWLEDGED' | 'REFUSED' = 'NONE';

  /** @param original What its consumer had in hand when the broker sent this once more. */
  constructor(
    stored: StoredMessage,
    redeliveryCount: number,
    readonly original: MemoryMessage | undefined,
  ) {
    this.number = stored.number;
    this.topic = stored.topic;
    this.key = stored.key;
    this.keyIsBase64 = stored.keyIsBase64;
    this.value = stored.nullValue ? undefined : stored.value;
    this.eventTime = stored.eventTime;
    this.publishTime = stored.publishTime;
    this.properties = stored.properties;
    this.redeliveryCount = redeliveryCount;
    this.schemaVersion = stored.schemaVersion;
    this.encryption = stored.encryption;
  }

  /** Bytes that it counts for while it waits. */
  get size(): number {
    return this.value?.length ?? 0;
  }

  get id(): string {
    return `0:${this.number}`;
  }
}
